"""# Customers: names, addresses, dates and plans

A table of customers becomes one that can be handed to a contractor: same
columns, same habits, nobody in it is real.

The table is made up here, so that there is something to show: 500 customers of
a service that is paid by the month, with the personal data that such tables
have.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from synthwgan import MLP, Residual, WGANGPSynthesizer

rng = np.random.default_rng(0)
n = 500
firsts = "Ada Ben Chloe Dario Emma Finn Grace Hugo Ines Jon Kim Lea Max Nora"
lasts = "Abel Bianchi Clark Dahl Evans Fischer Garcia Haugen Ito Jones Kaya"
first, last = (rng.choice(names.split(), n) for names in (firsts, lasts))
number = rng.permutation(n)
joined = pd.Timestamp("2022-01-01") + pd.to_timedelta(
    rng.integers(0, 1000, n), unit="D"
)
plan = rng.choice(["free", "basic", "pro"], n, p=[0.45, 0.35, 0.2])
seats = np.where(plan == "free", 1, rng.integers(1, 9, n))
price = pd.Series(plan).map({"free": 0.0, "basic": 9.5, "pro": 24.0})
active = rng.integers(0, np.where(plan == "free", 200, 900))
customers = pd.DataFrame(
    {
        "customer_id": [f"C-{k:05d}" for k in number],
        "name": [f"{a} {b}" for a, b in zip(first, last, strict=True)],
        "email": [
            f"{a}.{b}{k}@{'example.com' if k % 3 else 'example.org'}".lower()
            for a, b, k in zip(first, last, number, strict=True)
        ],
        "country": rng.choice(
            ["Italy", "Norway", "Peru"], n, p=[0.6, 0.3, 0.1]
        ),
        "plan": plan,
        "seats": seats,
        "price": price,
        "monthly": price * seats,
        "joined": joined,
        "last_login": joined + pd.to_timedelta(active, unit="D"),
    }
)
shown = ["name", "email", "country", "plan", "monthly", "last_login"]
customers[shown].head(4)

# %%
# ## Learn it
#
# No description of the columns is needed. Two parameters are meant for data of
# people: a category of fewer than ten rows is masked, so that no rare country
# or plan points at somebody. `QUICK` makes the model small and its training
# short, so that this page is quick to run; leave it out for your own tables.

QUICK = {"max_steps": 300, "conditional": False}
QUICK |= {"generator": Residual(width=64), "critic": MLP(width=64)}

model = WGANGPSynthesizer(
    rare="mask", min_category_rows=10, random_state=0, **QUICK
)
model.fit(customers)
model.schema_.to_frame()[["name", "kind", "encoding"]]

# %%
# Names are personal because of the column's name, addresses because of their
# form. They are *made anew*: the model never learns them. What holds between
# columns was found as well, and every row that is drawn keeps it:

print(model.rules_)

# %%
# ## Draw rows

synthetic = model.sample(500, random_state=1)
synthetic[shown].head(4)

# %%
# Nobody's address has come back, no key occurs twice, and nobody logs in
# before joining:

known = synthetic["email"].isin(customers["email"])
early = synthetic["last_login"] < synthetic["joined"]
print("addresses of the real table:", known.sum())
print("keys that occur twice:", synthetic["customer_id"].duplicated().sum())
print("logins before joining:", early.sum())

# %%
# ## Do the habits come back?
#
# Free accounts are given up sooner, and the dearer the plan, the fewer have
# it. That is what an analyst of the contractor would look for.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
plans = ["free", "basic", "pro"]
tables = {"synthetic": (synthetic, "C0"), "real": (customers, "C1")}
for label, (table, colour) in tables.items():
    days = (table["last_login"] - table["joined"]).dt.days
    of_plan = days.groupby(table["plan"])
    middle, low, high = (of_plan.quantile(q)[plans] for q in (0.5, 0.1, 0.9))
    places = np.arange(3) + 0.15 * (label == "real")
    span = [middle - low, high - middle]
    left.errorbar(places, middle, span, fmt="o", color=colour, capsize=4)
    shares = table["plan"].value_counts(normalize=True)[plans]
    right.plot(plans, shares, "o", color=colour, label=label)
left.set(xticks=range(3), xticklabels=plans)
left.set_title("days to the last login: median, 10 % to 90 %")
right.set(title="share of customers", ylim=(0, 0.6))
right.legend(frameon=False)
plt.show()

# %%
# A model is one file, which can be kept beside the table and draws more rows
# whenever they are needed: `model.save("customers.safetensors")`. What can
# come back of real people, and what cannot, is in the guide: [Personal
# data](../guide/personal-data.md).
