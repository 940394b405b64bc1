"""# A rare class: oversampling in a pipeline

When few rows are of the class that matters, `GANOverSampler` draws more of
them, in imbalanced-learn's pipelines and inside each fold of a
cross-validation. Does it pay?

The table is *Online Shoppers*: 12,330 visits of a shop. A seventh of them end
with a purchase; here nine in ten of these are left out, so that buyers are
rare.
"""

import matplotlib.pyplot as plt
import pandas as pd
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_validate

from synthwgan import (
    MLP,
    GANOverSampler,
    Residual,
    TableTransformer,
    WGANGPSynthesizer,
)
from synthwgan.datasets import fetch_table

columns = ["ProductRelated", "ProductRelated_Duration", "ExitRates"]
columns += ["PageValues", "Month", "VisitorType", "Revenue"]
shoppers = fetch_table("shoppers")[columns]
buyers = shoppers[shoppers["Revenue"]].sample(120, random_state=0)
others = shoppers[~shoppers["Revenue"]].sample(2000, random_state=0)
visits = pd.concat([buyers, others], ignore_index=True)
X, y = visits.drop(columns="Revenue"), visits["Revenue"]
print(y.value_counts().to_string())

# %%
# ## Four ways to treat the rare class
#
# `TableTransformer` makes numbers of any table, so that it stands between a
# sampler, which takes the table as it is, and a classifier. A sampler in
# imbalanced-learn's pipeline works on the training rows of each fold only:
# nobody is tested on rows that were made up.
#
# The synthesizer is small and trained for a short time, since it is fitted
# once a fold. Leave `synthesizer=` out for the defaults.

QUICK = {"max_steps": 100, "batch_size": 250}
QUICK |= {"generator": Residual(width=64), "critic": MLP(width=64)}

encode, plain = TableTransformer(), LogisticRegression(max_iter=500)
weighted = clone(plain).set_params(class_weight="balanced")
repeat = RandomOverSampler(random_state=0)
draw = GANOverSampler(synthesizer=WGANGPSynthesizer(**QUICK), random_state=0)
ways = {
    "as it is": make_pipeline(encode, plain),
    "class weights": make_pipeline(encode, weighted),
    "repeated rows": make_pipeline(repeat, encode, plain),
    "drawn rows": make_pipeline(draw, encode, plain),
}

# %%
# ## Compare them by cross-validation

scoring = ["roc_auc", "precision", "recall", "f1"]
folds = StratifiedKFold(3, shuffle=True, random_state=0)
found = {}
for name, way in ways.items():
    scores = cross_validate(way, X, y, cv=folds, scoring=scoring)
    found[name] = pd.DataFrame(scores).filter(like="test_")
pd.DataFrame({name: scores.mean() for name, scores in found.items()}).round(3)

# %%

figure, panels = plt.subplots(1, 4, figsize=(9, 2.8), sharey=True)
for panel, name in zip(panels, scoring, strict=True):
    for place, (way, scores) in enumerate(found.items()):
        of_fold = scores[f"test_{name}"]
        colour = "C0" if way == "drawn rows" else "C1"
        panel.barh(-place, of_fold.mean(), color=colour, alpha=0.5)
        panel.plot(of_fold, [-place] * len(of_fold), "k.", markersize=4)
    panel.set(title=name, yticks=[0, -1, -2, -3], yticklabels=ways)
    panel.set_xlim(0, 1)
plt.show()

# %%
# All three ways find three buyers of four instead of one of five, and all pay
# for it: most alarms are false. ROC AUC, which does not depend on where the
# line is drawn, does not rise: it is that line that they moved. The dots are
# folds of forty buyers each, so differences between the last three are within
# chance.
#
# Whether drawn rows are worth their time depends on the table and the
# classifier. Over more of both, beside SMOTENC: the
# [benchmark](../benchmarks/oversampling.md). How many rows a class gets, and
# which classes: the guide's [More of a rare
# class](../guide/conditions.md#more-of-a-rare-class).
