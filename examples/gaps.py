"""# Gaps: impute what is missing

Fill the missing cells of a table without making it look surer than it is: each
gap is drawn from what its row allows, and several draws say how sure a result
is.

The table is *Adult*, of a census. Here 3,000 complete rows, of which cells are
hidden, so that the truth is known.
"""

import matplotlib.pyplot as plt
import numpy as np

from synthwgan import MLP, Residual, WGANGPSynthesizer
from synthwgan.datasets import fetch_table

columns = ["age", "marital.status", "sex", "hours.per.week", "income"]
adult = fetch_table("adult")[columns]
complete = adult.sample(3000, random_state=0, ignore_index=True)

# %%
# ## Hide some
#
# Hours are hidden in seven of ten rows of the married, and in one of ten of
# the others. That is the usual case: cells are not missing at random, but it
# depends on what else is known.

rng = np.random.default_rng(0)
married = complete["marital.status"].str.startswith("Married")
hidden = rng.random(len(complete)) < np.where(married, 0.7, 0.1)
gappy = complete.copy()
gappy["hours.per.week"] = complete["hours.per.week"].where(~hidden)
print(f"{hidden.mean():.0%} of the hours are hidden")

# %%
# ## Fill them
#
# The model is fitted to the table *with* its gaps: a missing cell is one more
# state of its column. `QUICK` makes it small and short, so that this page is
# quick to run; leave it out for your own tables.

QUICK = {"max_steps": 400, "batch_size": 500, "rejection": None}
QUICK |= {"generator": Residual(width=64), "critic": MLP(width=64)}

model = WGANGPSynthesizer(random_state=0, **QUICK).fit(gappy)
filled = model.impute(gappy, random_state=0)
print("missing cells:", filled.isna().sum().sum())

# %%
# ## Why not the mean?
#
# Because it invents a crowd of people who all work the same hours:

mean = gappy["hours.per.week"].fillna(gappy["hours.per.week"].mean())
ways = {"the truth": complete["hours.per.week"], "the mean": mean}
ways["drawn"] = filled["hours.per.week"]
figure, panels = plt.subplots(1, 3, figsize=(9, 3), sharex=True, sharey=True)
for panel, (name, hours), colour in zip(
    panels, ways.items(), ["C1", "C2", "C0"], strict=True
):
    panel.hist(hours[hidden], np.arange(0, 100, 5), color=colour, alpha=0.7)
    panel.set(title=f"hidden hours: {name}", xlabel="hours per week")
plt.show()

# %%
# ## How sure is a result?
#
# How long do people work? The married work longer and hide it, so that the
# rows without gaps say too little. Ask each of twenty completed tables: what
# differs between them is what the gaps cost, and added to the usual error by
# Rubin's rules it gives an interval that admits it.

draws = model.impute(gappy, n_draws=20, random_state=0)["hours.per.week"]
of_draw = draws.groupby(draws.groupby(level=0).cumcount())
between = of_draw.mean().var() * (1 + 1 / 20)
truth = complete["hours.per.week"]
pooled = (of_draw.sem().mean() ** 2 + between) ** 0.5
answers = {
    "all rows (the truth)": (truth.mean(), truth.sem()),
    "twenty draws": (of_draw.mean().mean(), pooled),
    "rows without gaps": (truth[~hidden].mean(), truth[~hidden].sem()),
    "the mean": (mean.mean(), mean.sem()),
}
figure, axes = plt.subplots(figsize=(7, 2.4))
for place, (name, (hours, error)) in enumerate(answers.items()):
    span = {"xerr": 1.96 * error, "capsize": 4}
    axes.errorbar(hours, -place, fmt="o", color=f"C{place}", **span)
    print(f"{name:22s} {hours:5.2f} ± {1.96 * error:.2f}")
axes.axvline(truth.mean(), color="grey", lw=0.8, zorder=0)
axes.set(yticks=[0, -1, -2, -3], yticklabels=answers)
axes.set_title("hours a week, with 95 % intervals")
plt.show()

# %%
# The mean is as wrong as the rows without gaps, and claims to be surer than
# all rows are. Draws are nearly right, and admit that they know less. What
# their interval does not hold is an error of the model itself: train it for
# longer than here before you rely on it.
#
# What rules determine is computed and not drawn, and cells that you give are
# never changed: see [Filling gaps](../guide/conditions.md#filling-gaps). How
# accurate it is beside other imputers is measured in a
# [benchmark](../benchmarks/imputation.md).
