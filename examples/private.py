"""# A private table: rows with a proof

Rows with a proof of privacy, by `PrivateSynthesizer`, and what they cost in
likeness. It depends on the budget, epsilon, and on how many people there are:
here it is measured.

The table is *Adult*: four columns of a census of 48,842 people, each of whom
is protected.
"""

import matplotlib.pyplot as plt
import pandas as pd

from synthwgan import Domain, PrivateSynthesizer
from synthwgan.datasets import fetch_table

columns = ["age", "education.num", "hours.per.week", "income"]
people = fetch_table("adult")[columns]

# %%
# ## Declare what is public
#
# Whatever is read of the table costs a part of the budget, even its smallest
# age. What was known before costs nothing: bounds and categories from the
# census's code book, and that no cell is missing. Never declare what you
# looked up in the table.

domain = {
    "age": Domain(bounds=(17, 90), decimals=0, missing=False),
    "education.num": Domain(bounds=(1, 16), decimals=0, missing=False),
    "hours.per.week": Domain(bounds=(1, 99), decimals=0, missing=False),
    "income": Domain(categories=["<=50K", ">50K"], missing=False),
}

# %%
# ## Two budgets
#
# One of epsilon 1, a strong guarantee, and one of 0.05, which is next to
# nothing. There is no `random_state`: noise that can be made again can be
# taken away. So every run of this page gives other rows.

budgets = (1.0, 0.05)
models = {
    epsilon: PrivateSynthesizer(
        epsilon=epsilon, target="income", domain=domain
    ).fit(people)
    for epsilon in budgets
}
rows = {
    epsilon: model.sample(len(people)) for epsilon, model in models.items()
}
print(models[1.0].card())

# %%
# ## What did it cost?
#
# Single columns survive nearly any budget, since 48,842 people are many. What
# two columns have to do with each other is the first to suffer:

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
for table, label, colour in (
    (people, "census", "C1"),
    (rows[1.0], "epsilon 1", "C0"),
    (rows[0.05], "epsilon 0.05", "C2"),
):
    left.hist(
        table["age"],
        range(17, 92, 3),
        histtype="step",
        color=colour,
        lw=1.5,
        label=label,
    )
    rich = (table["income"] == ">50K").groupby(table["education.num"]).mean()
    right.plot(rich, ".-", color=colour, label=label)
left.set(title="people by age")
right.set(
    title="share with an income over 50K", xlabel="years of education, coded"
)
right.legend(frameon=False)
plt.show()

# %%
# The ledger has every release that was made, with its noise; their sum never
# exceeds the budget:

spent = {
    f"epsilon {epsilon:g}": models[epsilon].privacy_ for epsilon in budgets
}
pd.DataFrame(spent).loc[
    ["spent_epsilon", "delta", "neighbours", "n_dependent_pairs", "n_pairs"]
]

# %%
# What epsilon means, who is protected and what is not promised is in the
# guide: [Privacy, with a proof](../guide/privacy-proof.md). What a table is
# worth for which epsilon, beside a bound that an attacker reaches: the
# [benchmark](../benchmarks/private.md).
