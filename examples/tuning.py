"""# Tuning: a search that held-out rows decide

Synthesizers are scikit-learn's estimators, so `RandomizedSearchCV` works on
them, and `make_scorer` says what a good table is. The defaults are good; where
the last bit counts, search.

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
# objective. Four settings and two folds are eight trainings, each of 60 steps,
# so that this page is quick to run. What wins a short race need not win a long
# one: search with the length that you will train.
#
# Conditions, rejection and calibration build on what whole rows are learned
# from. Leave them out of the search, and switch them on again for the last
# fit.

QUICK = {"max_steps": 60, "batch_size": 250, "random_state": 0}
QUICK |= {"generator": Residual(width=64), "critic": MLP(width=64)}
QUICK |= {"conditional": False, "rejection": None, "calibrate": False}

space = {
    "objective__gradient_penalty": loguniform(0.1, 10),
    "moment_weight": loguniform(0.1, 10),
}
search = RandomizedSearchCV(
    WGANGPSynthesizer(**QUICK),
    space,
    n_iter=4,
    scoring=scorer,
    cv=2,
    random_state=0,
)
search.fit(train)
tried = pd.DataFrame(search.cv_results_).filter(regex="^param_|_test_score$")
tried.columns = [
    "penalty",
    "moments",
    "fold 1",
    "fold 2",
    "mean",
    "std",
    "rank",
]
tried.astype(float).round(3)

# %%
# A dot for each setting; the bars are its two folds. Where the bars of two
# settings overlap, nothing was found out yet.

figure, panels = plt.subplots(1, 2, figsize=(8, 2.8), sharey=True)
for panel, name in zip(panels, ["penalty", "moments"], strict=True):
    for row in tried.itertuples():
        folds = [row[3], row[4]]
        value = float(getattr(row, name))
        panel.plot([value, value], folds, color="C0", alpha=0.4, lw=4)
        panel.plot(value, row.mean, "o", color="C0")
    panel.set(xlabel=name, xscale="log", xlim=(0.08, 12))
panels[0].set_ylabel("pairs kept")
plt.show()

# %%
# ## The best, beside the defaults
#
# Judged by rows that neither the search nor the models have seen:

default = WGANGPSynthesizer(**QUICK).fit(train)
print(f"the best of four {scorer(search.best_estimator_, test):.3f}")
print(f"the defaults     {scorer(default, test):.3f}")

# %%
# If the defaults win, as they often do after so short a search, that is a
# result too: spend the time on a longer training. A search space worth trying,
# and pruning with Optuna by callbacks, are in the guide:
# [Tuning](../guide/tuning.md).
