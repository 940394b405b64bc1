"""# A table from a database, and back

Rows come out of a database by a query, and synthetic ones go into another
database, so that those who write queries and programs have something to work
with.

The database is SQLite, in a file; the table is *Adult*, of a census.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

from synthwgan import MLP, Residual, WGANGPSynthesizer
from synthwgan.datasets import fetch_table
from synthwgan.io import TableWriter, read_table, write_table

folder = Path(tempfile.mkdtemp())
people = fetch_table("adult")[
    ["age", "education", "marital.status", "sex", "hours.per.week", "income"]
].rename(columns=lambda name: name.replace(".", "_"))
people.insert(0, "id", range(len(people)))

urls = {
    name: f"sqlite:///{folder}/{name}.db" for name in ("real", "synthetic")
}
write_table(people, urls["real"], table="people")

# %%
# ## Read
#
# Take what you need, and no more: the fewer columns, the less can be told
# about anybody. A sample is enough to learn from, and the database draws it.
# A whole table is `read_table(url, table="people")`.

query = """
    SELECT id, age, education, marital_status, sex, hours_per_week, income
    FROM people
    WHERE age >= 18
    ORDER BY id * 2654435761 % 4294967296 LIMIT 2000
"""
real = read_table(urls["real"], query=query)
real.head(3)

# %%
# ## Learn, and write
#
# `id` is a key: it is made anew, and no real one comes back. `sample_iter`
# draws rows in chunks, so that a table larger than memory can be written. The
# model is small and its training short, so that this page is quick to run;
# leave `QUICK` out for your own tables.

QUICK = {"max_steps": 400, "batch_size": 500, "rejection": None}
QUICK |= {"conditional": False}
QUICK |= {"generator": Residual(width=64), "critic": MLP(width=64)}

model = WGANGPSynthesizer(random_state=0, **QUICK).fit(real)
with TableWriter(urls["synthetic"], table="people") as writer:
    for chunk in model.sample_iter(20_000, chunk_size=5_000, random_state=0):
        writer.write(chunk)
count = "SELECT count(*) AS n, count(DISTINCT id) AS n_ids FROM people"
read_table(urls["synthetic"], query=count)

# %%
# No key occurs twice, over all chunks. All of them went in in one
# transaction: had one failed, there would be no table.
#
# ## The same query on both
#
# Whoever wrote this against the synthetic database can run it on the real one:

question = """
    SELECT education, count(*) AS n, avg(income = '>50K') AS rich,
        avg(hours_per_week) AS hours
    FROM people GROUP BY education HAVING count(*) >= 50
"""
answers = {
    name: read_table(url, query=question).set_index("education")
    for name, url in urls.items()
}
both = answers["real"].join(
    answers["synthetic"], rsuffix="_synthetic", how="inner"
)
both.sort_values("rich").tail(5).round(2)

# %%

figure, panels = plt.subplots(1, 2, figsize=(8, 3.4))
for panel, name, title in zip(
    panels,
    ["rich", "hours"],
    ["share with over 50K", "hours per week"],
    strict=True,
):
    panel.scatter(
        both[name], both[f"{name}_synthetic"], s=both["n"] ** 0.5, alpha=0.7
    )
    panel.axline(
        (both[name].mean(),) * 2, slope=1, color="grey", lw=0.8, zorder=0
    )
    panel.set(
        title=f"{title}, by education", xlabel="real", ylabel="synthetic"
    )
plt.show()

# %%
# The larger a dot, the more people. Rare levels of education are learned from
# a handful of the 2,000 rows, and it shows. Other databases differ by their
# URL only, `postgresql://me@host/shop` for instance: [Sources and
# sinks](../guide/sources.md#databases).
