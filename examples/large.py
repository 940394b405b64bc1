"""# A large table: learn from a part, write in chunks

A table need not fit into memory: rows are drawn from Parquet files to learn
from, and a million synthetic ones are written chunk by chunk.

The table is *Electricity*: 45,312 half-hours of prices and demand in
Australia. It stands for your large one, in a folder of eight files.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from synthwgan import MLP, Residual, WGANGPSynthesizer
from synthwgan.datasets import fetch_table

folder = Path(tempfile.mkdtemp())
columns = ["day", "period", "nswprice", "nswdemand", "transfer", "class"]
power = fetch_table("electricity")[columns]
for number, rows in enumerate(np.array_split(np.arange(len(power)), 8)):
    power.iloc[rows].to_parquet(folder / f"part-{number}.parquet", index=False)
print(len(list(folder.iterdir())), "files")

# %%
# ## Learn from rows of all files
#
# Ten thousand rows, drawn at random, say nearly as much of a table as all of
# them, but for what is rare: the [benchmark](../benchmarks/scaling.md) shows
# how much. pyarrow reads only those.

real = ds.dataset(folder)
rng = np.random.default_rng(0)
chosen = np.sort(rng.choice(real.count_rows(), 10_000, replace=False))
sample = real.take(pa.array(chosen)).to_pandas()
print(f"{len(sample)} of {real.count_rows()} rows")

# %%
# `max_seconds` bounds the training where time is what you have; here it is
# steps, so that the page is the same each time, and few of them on a small
# model, so that it is quick to run.

QUICK = {"max_steps": 400, "batch_size": 500, "rejection": None}
QUICK |= {"conditional": False}
QUICK |= {"generator": Residual(width=64), "critic": MLP(width=64)}

model = WGANGPSynthesizer(random_state=0, **QUICK).fit(sample)

# %%
# ## Write in chunks
#
# `sample_iter` draws a hundred thousand rows at a time, and each is written
# before the next is drawn. No more than one chunk is ever in memory, whether
# it is a million rows or a thousand million.

target = folder.parent / f"{folder.name}-synthetic.parquet"
schema = pa.Schema.from_pandas(sample, preserve_index=False)
with pq.ParquetWriter(target, schema) as writer:
    for chunk in model.sample_iter(
        1_000_000, chunk_size=100_000, random_state=0
    ):
        writer.write_table(
            pa.Table.from_pandas(chunk, schema, preserve_index=False)
        )
made = pq.ParquetFile(target).metadata
print(f"{made.num_rows:,} rows in {made.num_row_groups} groups")

# %%
# ## Look at it without loading it
#
# Means by time of day, computed file by file, as any tool does it that reads
# Parquet:

figure, panels = plt.subplots(1, 2, figsize=(9, 3))
for name, table in {"real": real, "synthetic": ds.dataset(target)}.items():
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
# From the command line it is `synthwgan sample model.safetensors -n 1000000 -o
# rows.parquet`, which writes in chunks as well: [Sampling and
# saving](../guide/sampling.md).
