"""# A table from a database, and back

Rows come out of a database by a query, and synthetic ones go into another
database, so that those who write queries and programs have something to work
with.

The database is SQLite, in a file; the table is *Adult*, of a census.
"""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from synthwgan import MLP, Residual, WGANGPSynthesizer
from synthwgan.datasets import fetch_table

folder = Path(tempfile.mkdtemp())
people = fetch_table("adult")[
    ["age", "education", "marital.status", "sex", "hours.per.week", "income"]
].rename(columns=lambda name: name.replace(".", "_"))
with closing(sqlite3.connect(folder / "real.db")) as connection:
    people.to_sql("people", connection, index_label="id")

# %%
# ## Read
#
# Take what you need, and no more: the fewer columns, the less can be told
# about anybody. A sample is enough to learn from, and the database draws it.

query = """
    SELECT id, age, education, marital_status, sex, hours_per_week, income
    FROM people
    WHERE age >= 18
    ORDER BY id * 2654435761 % 4294967296 LIMIT 2000
"""
with closing(sqlite3.connect(folder / "real.db")) as connection:
    real = pd.read_sql(query, connection)
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
with closing(sqlite3.connect(folder / "synthetic.db")) as connection:
    for chunk in model.sample_iter(20_000, chunk_size=5_000, random_state=0):
        chunk.to_sql("people", connection, index=False, if_exists="append")
    connection.execute("CREATE UNIQUE INDEX people_id ON people (id)")
    print(
        connection.execute(
            "SELECT count(*), min(id), max(id) FROM people"
        ).fetchone()
    )

# %%
# The index on `id` could be made, so no key occurs twice, over all chunks.
#
# ## The same query on both
#
# Whoever wrote this against the synthetic database can run it on the real one:

question = """
    SELECT education, count(*) AS n, avg(income = '>50K') AS rich,
        avg(hours_per_week) AS hours
    FROM people GROUP BY education HAVING count(*) >= 50
"""
answers = {}
for name in ("real", "synthetic"):
    with closing(sqlite3.connect(folder / f"{name}.db")) as connection:
        answers[name] = pd.read_sql(
            question, connection, index_col="education"
        )
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
# a handful of the 2,000 rows, and it shows. Other databases work alike,
# through SQLAlchemy's connections in place of `sqlite3`'s.
