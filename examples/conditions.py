"""# Rows of a kind: conditions

Rows of any kind, on demand: a model draws any columns given any others, and
every row that comes back meets the conditions.

The table is *Adult*, of the census of 1994 in the United States: here 3,000
people and six of its columns.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from synthwgan import MLP, Residual, WGANGPSynthesizer
from synthwgan.datasets import fetch_table

columns = ["age", "education", "marital.status", "sex", "income"]
columns += ["hours.per.week"]
adult = fetch_table("adult")[columns]
real = adult.sample(3000, random_state=0)
real.head(4)

# %%
# ## Learn once
#
# One model serves every condition. It is small and trained for a short time,
# so that this page is quick to run: drop `QUICK` to have the defaults, which
# take longer and come closer.

QUICK = {"max_steps": 400, "batch_size": 500, "rejection": None}
QUICK |= {"generator": Residual(width=64), "critic": MLP(width=64)}

model = WGANGPSynthesizer(random_state=0, **QUICK).fit(real)

# %%
# ## Values, lists, ranges, shares
#
# A value, a list of values, a range with its ends, or shares that values shall
# have:

rows = model.sample(
    1000,
    conditions={
        "sex": "Female",
        "education": ["Bachelors", "Masters"],
        "age": (40, 60),
        "income": {">50K": 0.5, "<=50K": 0.5},
    },
    random_state=0,
)
print(rows["income"].value_counts().to_dict())
print(rows["education"].value_counts().to_dict())
print(rows["age"].min(), "to", rows["age"].max())

# %%
# What no row could be is refused, with what is possible:

try:
    model.sample(10, conditions={"marital.status": "Married"})
except ValueError as error:
    print(error)

# %%
# ## Are they the right people?
#
# The columns that were *not* asked for should be as they are among real people
# of that kind. To judge that, take all 48,842 people of the census, of whom
# the model saw one in sixteen.

kinds = {
    "never married": {"marital.status": "Never-married"},
    "widowed": {"marital.status": "Widowed"},
    "women who earn over 50K": {"sex": "Female", "income": ">50K"},
    "at work for 60 hours or more": {"hours.per.week": (60, None)},
}


def of_kind(table, conditions):
    chosen = pd.Series(True, table.index)
    for column, wanted in conditions.items():
        low = isinstance(wanted, tuple)
        chosen &= (
            table[column] >= wanted[0] if low else table[column] == wanted
        )
    return table[chosen]


figure, panels = plt.subplots(2, 2, figsize=(9, 5), sharex=True)
ages = np.arange(15, 95, 5)
for panel, (title, conditions) in zip(panels.flat, kinds.items(), strict=True):
    drawn = model.sample(2000, conditions=conditions, random_state=0)
    known = of_kind(adult, conditions)
    area = {"color": "C1", "alpha": 0.4, "label": "census"}
    line = {"color": "C0", "histtype": "step", "lw": 2, "label": "drawn"}
    panel.hist(known["age"], ages, density=True, **area)
    panel.hist(drawn["age"], ages, density=True, **line)
    panel.set(title=f"age, {title}", yticks=[])
panels[0, 0].legend(frameon=False)
plt.show()

# %%
# Where one value is given, its rows were counted in training, and the ages are
# put right by these counts. Under a range, or several conditions, rows are as
# good as the networks alone, and a short training shows.
#
# ## Half-known rows
#
# Conditions may also be a table. Each of its rows comes back complete: cells
# that are there stay, the others are drawn. Two people, three guesses for
# each:

known = pd.DataFrame(
    {
        "age": [23, 52],
        "education": ["HS-grad", "Masters"],
        "sex": ["Male", "Female"],
    }
)
model.sample(conditions=known, n_draws=3, random_state=0)

# %%
# More of it, such as what happens where conditions are rare together, is in
# the guide: [Conditions and gaps](../guide/conditions.md).
