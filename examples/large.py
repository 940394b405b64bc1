"""# A large table: read and written in parts

A table need not fit into memory: a model is fitted to a folder of Parquet
files, and half a million synthetic rows are written to another one.

The table is *Electricity*: 45,312 half-hours of prices and demand in
Australia. It stands for your large one, in a folder of eight files.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow.compute as pc
import pyarrow.dataset as ds

from synthwgan import MLP, Residual, WGANGPSynthesizer
from synthwgan.datasets import fetch_table

folder = Path(tempfile.mkdtemp())
columns = ["day", "period", "nswprice", "nswdemand", "transfer", "class"]
power = fetch_table("electricity")[columns]
for number, rows in enumerate(np.array_split(np.arange(len(power)), 8)):
    power.iloc[rows].to_parquet(folder / f"part-{number}.parquet", index=False)
print(len(list(folder.iterdir())), "files")

# %%
# ## Fit to the folder
#
# The files are read in batches, several times: for what each column holds, for
# the rules between columns, and for the encoded rows, which training draws
# from a file on the disk. Only that file, about two bytes a cell, grows with
# the table.
#
# `max_seconds` bounds the training where time is what you have; here it is
# steps, so that the page is the same each time, and few of them on a small
# model, so that it is quick to run.

QUICK = {"max_steps": 400, "batch_size": 500, "rejection": None}
QUICK |= {"conditional": False}
QUICK |= {"generator": Residual(width=64), "critic": MLP(width=64)}

model = WGANGPSynthesizer(random_state=0, **QUICK).fit(folder)
print(f"{model.n_rows_:,} rows learned")

# %%
# ## Write to a folder
#
# Each part is drawn by itself and is whole or not there: called again after an
# interruption, `sample_to` writes what is missing, and the rows are the same.
# `n_jobs=-1` has one process for each core draw parts.

target = folder.parent / f"{folder.name}-synthetic"
model.sample_to(target, 500_000, rows_per_part=100_000, random_state=0)
real, made = ds.dataset(folder), ds.dataset(target)
print(f"{made.count_rows():,} rows in {len(made.files)} files")

# %%
# ## Look at it without loading it
#
# Means by time of day, computed file by file, as any tool does it that reads
# Parquet:

figure, panels = plt.subplots(1, 2, figsize=(9, 3))
for name, table in {"real": real, "synthetic": made}.items():
    means = (
        table.to_table(["period", "nswprice", "nswdemand"])
        .group_by("period")
        .aggregate([("nswprice", "mean"), ("nswdemand", "mean")])
        .sort_by("period")
    )
    hours = pc.multiply(means["period"], 24.0)
    colour = {"real": "C1", "synthetic": "C0"}[name]
    for panel, column in zip(panels, ("nswdemand", "nswprice"), strict=True):
        panel.plot(hours, means[f"{column}_mean"], color=colour, label=name)
for panel, title in zip(panels, ("mean demand", "mean price"), strict=True):
    panel.set(title=title, xlabel="hour of the day", xticks=range(0, 25, 6))
panels[0].legend(frameon=False)
plt.show()

# %%
# The quiet hours of the night are there, but the peaks of morning and evening
# are still one broad hill: that is what a longer training is for.
#
# From the command line it is `synthwgan fit folder/ -o model.safetensors` and
# `synthwgan sample model.safetensors -n 500000 -o made/`: [Large
# tables](../guide/large.md).
