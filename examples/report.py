"""# A report, read line by line

`evaluate` says whether synthetic rows are good enough, of any tool, in figures
that each stand between a floor and a ceiling. Here they are read aloud.

The table is *Adult*: 500 people to learn from, and 500 others whom the model
never sees.
"""

import matplotlib.pyplot as plt

from synthwgan import MLP, Residual, WGANGPSynthesizer
from synthwgan.datasets import fetch_table
from synthwgan.evaluation import evaluate

columns = [
    "age",
    "workclass",
    "marital.status",
    "sex",
    "hours.per.week",
    "income",
]
people = fetch_table("adult")[columns].sample(
    1000, random_state=0, ignore_index=True
)
train, test = people[:500], people[500:]

# %%
# A small model, trained for a short time, so that there is something to find
# fault with:

QUICK = {"max_steps": 60, "conditional": False}
QUICK |= {"generator": Residual(width=64), "critic": MLP(width=64)}

model = WGANGPSynthesizer(random_state=0, **QUICK).fit(train)
synthetic = model.sample(500, random_state=0)
report = evaluate(train, synthetic, test, target="income", random_state=0)
print(report)

# %%
# ## The headline
#
# The score is the geometric mean of the sections' scores: a table that fails
# one question is no good table, however well it answers the others. *Pulled
# down by* says where to look first.
#
# ## A line
#
# Each line has the figure of the synthetic rows, and two yardsticks that were
# measured in the same way. The **floor** is what costs nothing, mostly the
# real columns, each shuffled by itself. The **ceiling** are real rows that the
# model never saw: nobody can be expected to do better. The score is the place
# between the two.

lines = report.to_frame().dropna(subset="score")
figure, axes = plt.subplots(figsize=(8, 5))
for place, line in enumerate(lines.iloc[::-1].itertuples()):
    axes.plot(
        [0, 100],
        [place, place],
        color="lightgrey",
        lw=6,
        solid_capstyle="round",
        zorder=0,
    )
    axes.plot(
        100 * line.score, place, "o", color="C0" if line.score > 0.8 else "C2"
    )
axes.set(yticks=range(len(lines)), yticklabels=lines["label"][::-1])
axes.set(
    title="place of each figure",
    xticks=[0, 100],
    xticklabels=["floor", "ceiling"],
)
plt.show()

# %%
# ## Which columns?
#
# Sections keep what their figures were made of. One by one, the columns are
# fine:

report["columns"].details["Columns"][
    ["column", "kind", "shape", "wasserstein"]
]

# %%
# Two by two they are not. *Pair trends* is how much of the dependence between
# columns was kept; training for so short a time, the model has learned far
# from all of it. The worst pairs:

pairs = next(iter(report["pairs"].details.values()))
pairs.head(5)

# %%
# ## Whole rows
#
# Boosted trees try to tell real rows from drawn ones. At 0.5 they guess. What
# gives the rows away is named, which is where a longer training should show
# first.

for note in report["joint"].notes:
    print("-", note)

# %%
# ## Privacy
#
# A table of six common columns holds many people who agree in all of them:
# many of the unseen rows, the ceiling, are exact copies of a training row as
# well. A copy is bad news only where real people have none.
#
# ## And then?
#
# Here the remedy is plain: train longer. `max_steps="auto"`, the default,
# does. It has a price: whoever comes closer to a table of 500 rows comes
# closer to each of them, and privacy pays a little. More rows to learn from
# spare you the choice.

longer = model.set_params(max_steps=300).fit(train)
better = evaluate(
    train, longer.sample(500, random_state=0), test, random_state=0
)
for key in ("columns", "pairs", "joint", "privacy"):
    before, after = (100 * found[key].score for found in (report, better))
    print(f"{key:8s} {before:3.0f} -> {after:3.0f}")

# %%
# `report.save_html("report.html")` writes all of it as one page with plots.
# What each section asks is in the guide: [Reading a
# report](../guide/report.md).
