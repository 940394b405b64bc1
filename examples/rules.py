"""# Rules between columns

Columns that are computed from others come back computed: a model finds the
rules of its table, and no row that it draws breaks one.

The table is *kc1*: 2,109 modules of a program that NASA wrote, measured in
ways that Halstead and McCabe proposed. Many of the measures are formulas of
others.
"""

import matplotlib.pyplot as plt

from synthwgan import MLP, Residual, WGANGPSynthesizer
from synthwgan.datasets import fetch_table
from synthwgan.rules import Order, find_rules

names = {"n": "length", "d": "difficulty", "e": "effort", "t": "seconds"}
names |= {"total_Op": "operators", "total_Opnd": "operands"}
names |= {
    "v(g)": "complexity",
    "branchCount": "branches",
    "defects": "defects",
}
modules = fetch_table("kc1").rename(columns=names)[list(names.values())]
modules.head(4)

# %%
# ## Find them
#
# This needs no model. A rule is reported if it holds in nearly all rows, *and*
# many rows would break it if the columns had nothing to do with each other:

for rule in find_rules(modules):
    print(rule)

# %%
# The seconds that a module takes to write are its effort over 18, in
# Halstead's words. McCabe's complexity counts branches.
#
# ## Keep them
#
# A model finds the same by itself, learns only what the rules leave open, and
# computes the rest. Beside it a model that is told not to, `rules=None`. Both
# are small and trained for a short time, so that this page is quick to run;
# longer training brings the second nearer to the formulas, and never onto
# them.

QUICK = {"max_steps": 150, "batch_size": 250, "rejection": None}
QUICK |= {"conditional": False}
QUICK |= {"generator": Residual(width=64), "critic": MLP(width=64)}

ruled = WGANGPSynthesizer(random_state=0, **QUICK).fit(modules)
free = WGANGPSynthesizer(rules=None, random_state=0, **QUICK).fit(modules)
tables = {
    "rules kept": ruled.sample(2000, random_state=0),
    "rules=None": free.sample(2000, random_state=0),
}

# %%
# How many of 2,000 drawn rows break each rule?

broken = ruled.rules_.check(modules)[["rule"]].assign(
    real=ruled.rules_.check(modules)["n_broken"]
)
for name, table in tables.items():
    broken[name] = ruled.rules_.check(table)["n_broken"]
broken

# %%
# Rules that hold in every row are kept by every row. Those with exceptions,
# such as roundings, keep them at their rate: they are a part of the table.
#
# Neither table looks wrong in one column. Two columns at a time, the eye sees
# it at once:

figure, panels = plt.subplots(1, 3, figsize=(9, 3.2), sharex=True, sharey=True)
shown = {"real": modules, **tables}
for panel, (name, table), colour in zip(
    panels, shown.items(), ["C1", "C0", "C2"], strict=True
):
    some = table[table["operators"] > 0].head(500)
    panel.loglog(
        some["length"] + 1,
        some["operators"] + some["operands"] + 1,
        ".",
        color=colour,
    )
    panel.plot([1, 3000], [1, 3000], color="grey", lw=0.8, zorder=0)
    panel.set(title=name, xlabel="length + 1")
panels[0].set_ylabel("operators + operands + 1")
plt.show()

# %%
# ## Your own rules
#
# What you know and the table is too small to show, you say. It is checked
# before anything is learned:

try:
    WGANGPSynthesizer(
        rules=["auto", Order("operators", "<=", "operands")]
    ).fit(modules)
except ValueError as error:
    print(error)

# %%
# All kinds of rules, exceptions, and rules in files: the guide's
# [Rules](../guide/rules.md).
