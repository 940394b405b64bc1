"""# Tuning: a search that held-out rows decide

The defaults are good; where the last bit counts, search. Synthesizers are
scikit-learn's estimators, so `RandomizedSearchCV` works on them: `make_scorer`
says what a good table is.

The table is *Electricity*: 1,000 half-hours of prices and demand.
"""

import matplotlib.pyplot as plt
import pandas as pd
from scipy.stats import loguniform
from sklearn.model_selection import RandomizedSearchCV

from synthwgan import MLP, Residual, WGANGPSynthesizer
from synthwgan.datasets import fetch_table
from synthwgan.evaluation import make_scorer

columns = ["period", "nswprice", "nswdemand", "transfer", "class"]
power = fetch_table("electricity")[columns].sample(
    2000, random_state=0, ignore_index=True
)
train, test = power[:1000], power[1000:]

# %%
# ## What is good?
#
# Say what you need the rows for. Here it is *pairs*: how much of the
# dependence between two columns is kept. Other answers are `"columns"`,
# `"fidelity"`, `"detection"`, `"utility"`, and a function of yours.

scorer = make_scorer("pairs")

# %%
# ## Search
#
# Names reach into the components: `objective__gradient_penalty` is that of the
# objective. Five settings and two folds are ten trainings, each of 60 steps,
# so that this page is quick to run. What wins a short race need not win a long
# one: search with the length that you will train.
#
# Conditions and rejection build on what whole rows are learned from. Leave
# them out of the search, and switch them on again for the last fit.

quick = WGANGPSynthesizer(
    max_steps=60,
    batch_size=250,
    conditional=False,
    rejection=None,
    generator=Residual(width=64),
    critic=MLP(width=64),
    random_state=0,
)
space = {
    "optimizer__generator_lr": loguniform(3e-4, 2e-2),
    "objective__gradient_penalty": loguniform(0.1, 10),
    "moment_weight": [0, 1, 3],
}
search = RandomizedSearchCV(
    quick, space, n_iter=5, scoring=scorer, cv=2, refit=False, random_state=0
)
search.fit(train)
tried = pd.DataFrame(search.cv_results_).filter(
    regex="^(param_|mean_test|std_test)"
)
tried = tried.rename(
    columns=lambda name: name.split("__")[-1].removeprefix("param_")
)
tried = tried.sort_values("mean_test_score", ascending=False)
tried.astype(float).round(4)

# %%
# A dot for each setting; the bars are its two folds. Where the bars of two
# settings overlap, nothing was found out yet.

figure, panels = plt.subplots(1, 3, figsize=(9, 2.8), sharey=True)
error = tried["std_test_score"]
for panel, name in zip(panels, tried.columns[:3], strict=True):
    values = tried[name].astype(float)
    panel.errorbar(
        values,
        tried["mean_test_score"],
        yerr=error,
        fmt="o",
        color="C0",
        capsize=3,
    )
    panel.set(
        xlabel=name, xscale="linear" if name == "moment_weight" else "log"
    )
panels[0].set_ylabel("pairs kept, on held-out rows")
plt.show()

# %%
# ## The best, beside the defaults
#
# Both are trained for as long, and judged by rows that neither the search nor
# the model has seen:

best = quick.set_params(**search.best_params_, max_steps=200).fit(train)
default = WGANGPSynthesizer(
    **{
        name: getattr(best, name)
        for name in ("batch_size", "generator", "critic", "max_steps")
    },
    conditional=False,
    rejection=None,
    random_state=0,
).fit(train)
print(f"the best of the search {scorer(best, test):.3f}")
print(f"the defaults           {scorer(default, test):.3f}")

# %%
# If the defaults win, as they often do after so short a search, that is a
# result too: spend the time on a longer training. A search space worth trying,
# and pruning with Optuna by callbacks, are in the guide:
# [Tuning](../guide/tuning.md).
