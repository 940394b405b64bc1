"""# Several hospitals: small tables that help each other

One hospital has few patients, others have more, of other ages and written down
otherwise. Learned together, rows of one become rows of another, and it is
measured whether they help there.

The tables are *Heart Disease*: patients of four hospitals, all of whom were
examined for it.
"""

import matplotlib.pyplot as plt
from sklearn.ensemble import HistGradientBoostingClassifier

from synthwgan import RadialGANSynthesizer
from synthwgan.datasets import fetch_table

heart = fetch_table("heart")
tables = {
    name: rows.drop(columns="hospital")
    .dropna(axis="columns", thresh=20)
    .reset_index(drop=True)
    for name, rows in heart.groupby("hospital")
}
for name, rows in tables.items():
    ill = rows["disease"].mean()
    print(f"{name:12s} {len(rows)} patients, {ill:.0%} of them ill")

# %%
# As in life, let one of them write differently: ages in months, under a name
# of its own.

swiss = tables["switzerland"]
tables["switzerland"] = swiss.assign(months=12 * swiss["age"]).drop(
    columns="age"
)

# %%
# ## Learn them together
#
# Each table is a *domain*; `target` is what all of them ask. So few steps keep
# this page quick to run: the default takes longer.

model = RadialGANSynthesizer(max_steps=60, random_state=0).fit(
    tables, target="disease"
)

# %%
# Columns of one name are the same column. The others are compared by what they
# say of known ones: months were found to be ages, times a twelfth. Look at
# this table before you use any rows.

found = model.matches_.query("how == 'data'")
found[["domain", "own_column", "column", "score", "own_as_shared"]]

# %%
# ## Rows of one as rows of another
#
# Known cells stay, in the units and under the names of the other hospital.
# What it does not measure is gone, and what only it measures is missing, or
# drawn with `fill=True`.

some = ["months", "age", "sex", "cp", "trestbps", "chol", "disease"]
print(tables["switzerland"].head(3).filter(some).to_string(index=False))
print()
rows = model.translate(
    tables["switzerland"].head(3), "switzerland", "cleveland", random_state=0
)
print(rows.filter(some).to_string(index=False))

# %%
# ## Do they help?
#
# A classifier learns a hospital's own patients, with the others' rows and
# without. It is always tested on own patients that were held out. The bar is
# the 95 % interval of the difference.

judge = HistGradientBoostingClassifier(max_iter=40, random_state=0)
gains = {}
for name in tables:
    model.augment(name, estimator=judge, random_state=0)
    gains[name] = gain = model.gain_
    span = f"({gain.low:+.3f} to {gain.high:+.3f})"
    print(f"{name:12s} {gain.difference:+.3f} {span}")

# %%

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
for place, (name, gain) in enumerate(gains.items()):
    ill = tables[name]["disease"].mean()
    left.barh(-place, [len(tables[name])], color="C1", alpha=0.4)
    left.barh(-place, [ill * len(tables[name])], color="C1")
    span = [[gain.difference - gain.low], [gain.high - gain.difference]]
    right.errorbar(
        gain.difference, -place, xerr=span, fmt="o", color="C0", capsize=4
    )
left.set(
    title="patients, and how many are ill",
    yticks=[0, -1, -2, -3],
    yticklabels=gains,
)
right.set(title="gain in ROC AUC by the others' rows")
right.axvline(0, color="grey", lw=0.8)
plt.show()

# %%
# Where the interval holds 0, it may be chance: hospitals of a hundred or two
# hundred patients seldom say more. What an enlarged table is, and that it is
# *not* anonymous, is in the guide: [Several tables](../guide/domains.md).
