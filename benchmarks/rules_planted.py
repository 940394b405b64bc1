"""Random tables with rules planted in them, and tables without any, drawn as often as one likes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from synthwgan.rules import (
    Bands,
    Combinations,
    Determines,
    Function,
    MissingTogether,
    MissingWhere,
    OneHot,
    Order,
    Product,
    Rule,
    Sum,
)

Make = Callable[[pd.DataFrame, np.random.Generator], "pd.Series | np.ndarray"]
_START = np.datetime64("2015-01-01")


@dataclass
class Plan:
    """How the columns of a table are drawn, one after another.

    Attributes
    ----------
    steps : list of (str, callable)
        Names of columns and what draws them from those before.
    rules : list of Rule
        What was planted.
    kinds : list of str
        The planted rules' kinds as the figures name them.
    """

    steps: list[tuple[str, Make]] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    holes: list[tuple[str, float]] = field(default_factory=list)
    patterns: list[Callable[[pd.DataFrame, np.random.Generator], None]] = field(
        default_factory=list
    )

    def add(self, name: str, make: Make) -> str:
        name = f"{name}_{len(self.steps)}"
        self.steps.append((name, make))
        return name

    def plant(self, kind: str, rule: Rule) -> None:
        self.kinds.append(kind)
        self.rules.append(rule)

    def draw(self, n_rows: int, rng: np.random.Generator, order: np.ndarray) -> pd.DataFrame:
        frame = pd.DataFrame({"latent": rng.normal(size=n_rows)})
        for name, make in self.steps:
            # Many columns that are put in one by one lie apart, of which pandas warns.
            frame = frame.assign(**{name: make(frame, rng)})
        frame = frame.drop(columns="latent")
        for pattern in self.patterns:
            pattern(frame, rng)
        for name, share in self.holes:
            frame[name] = frame[name].mask(rng.random(n_rows) < share)
        return frame[[frame.columns[place] for place in order]]


def _mixed(frame: pd.DataFrame, rng: np.random.Generator, weight: float) -> np.ndarray:
    """Return standard normal numbers that go with the rows' latent number."""
    noise = rng.normal(size=len(frame))
    return weight * frame["latent"].to_numpy() + np.sqrt(1 - weight**2) * noise


def integer(plan: Plan, rng: np.random.Generator, low: int = 0, wide: int | None = None) -> str:
    width = wide or int(rng.choice([30, 300, 5000]))
    weight = float(rng.choice([0.0, 0.6]))

    def make(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
        uniform = 0.5 + 0.5 * np.tanh(_mixed(frame, rng, weight))
        return (low + uniform * width).astype(np.int64)

    return plan.add("int", make)


def money(plan: Plan, rng: np.random.Generator) -> str:
    decimals, scale = int(rng.choice([1, 2, 2, 3])), float(rng.choice([5, 50, 500]))
    weight = float(rng.choice([0.0, 0.6]))
    return plan.add(
        "money",
        lambda frame, rng: np.round(scale * np.exp(0.7 * _mixed(frame, rng, weight)) + 1, decimals),
    )


def real(plan: Plan, rng: np.random.Generator) -> str:
    shift, weight = float(rng.choice([0, 3])), float(rng.choice([0.0, 0.8]))
    return plan.add("real", lambda frame, rng: shift + _mixed(frame, rng, weight))


def category(plan: Plan, rng: np.random.Generator, n_values: int | None = None) -> str:
    n_values = n_values or int(rng.integers(2, 15))
    shares = rng.dirichlet(np.full(n_values, 3.0))
    names = np.array(
        [f"{chr(97 + k % 26)}{k * 7919 % 1000:03d}" for k in range(n_values)], dtype=object
    )
    return plan.add("cat", lambda frame, rng: rng.choice(names, len(frame), p=shares))


def flag(plan: Plan, rng: np.random.Generator) -> str:
    share = float(rng.uniform(0.2, 0.8))
    return plan.add("flag", lambda frame, rng: rng.random(len(frame)) < share)


def day(plan: Plan, rng: np.random.Generator) -> str:
    is_text = bool(rng.random() < 0.5)
    span = int(rng.choice([200, 2500]))

    def make(frame: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
        days = pd.Series(_START + rng.integers(0, span, len(frame)).astype("m8[D]"))
        return days.dt.strftime("%Y-%m-%d").astype(object) if is_text else days.astype("M8[ns]")

    return plan.add("day", make)


def moment(plan: Plan, rng: np.random.Generator) -> str:
    return plan.add(
        "moment",
        lambda frame, rng: pd.Series(
            _START + rng.integers(0, 2 * 365 * 86_400, len(frame)).astype("m8[s]")
        ).astype("M8[ns]"),
    )


def echo(plan: Plan, rng: np.random.Generator) -> str:
    """Add what goes closely with an earlier column of numbers, without any rule."""
    names = [name for name, _ in plan.steps if name.startswith(("int_", "money_"))]
    if not names:
        return integer(plan, rng)
    source = str(rng.choice(names))
    if source.startswith("int_"):
        wide = float(rng.choice([1.5, 4]))
        return plan.add(
            "echo", lambda f, r: f[source] + np.rint(wide * r.normal(size=len(f))).astype(np.int64)
        )
    return plan.add(
        "echo", lambda f, r: np.round(f[source] * np.exp(0.03 * r.normal(size=len(f))), 2)
    )


BASES = (integer, money, real, category, flag, day, moment, echo)


def _as_days(frame: pd.DataFrame, name: str) -> pd.Series:
    return pd.to_datetime(frame[name])


def _like(days: pd.Series, other: pd.Series) -> pd.Series:
    return days.dt.strftime("%Y-%m-%d").astype(object) if other.dtype == object else days


def plant_order(plan: Plan, rng: np.random.Generator) -> None:
    if rng.random() < 0.5:
        low = day(plan, rng)
        scale = int(rng.choice([20, 200]))
        high = plan.add(
            "until",
            lambda f, r: _like(
                _as_days(f, low) + pd.to_timedelta(r.integers(0, scale, len(f)), unit="D"), f[low]
            ),
        )
    else:
        low = money(plan, rng)
        high = plan.add(
            "above",
            lambda f, r: np.round(f[low] * (1 + r.gamma(1.0, 0.4, len(f))), 3),
        )
    plan.plant("order", Order(low, "<=", high))


def plant_sum(plan: Plan, rng: np.random.Generator) -> None:
    parts = [money(plan, rng) for _ in range(int(rng.integers(2, 5)))]
    signs = [1.0] + [float(rng.choice([1, 1, -1])) for _ in parts[1:]]
    total = plan.add(
        "total",
        lambda f, r: np.round(sum(s * f[p] for s, p in zip(signs, parts, strict=True)), 3),
    )
    plan.plant("sum", Sum(total, parts, signs))


def plant_scaled(plan: Plan, rng: np.random.Generator) -> None:
    source = money(plan, rng)
    weight = float(rng.choice([0.19, 0.07, 1.2, 2.54]))
    tax = plan.add("share", lambda f, r: np.round(weight * f[source], 2))
    plan.plant("scaled", Sum(tax, [source], [weight]))


def plant_chain(plan: Plan, rng: np.random.Generator) -> None:
    first, second, third = (integer(plan, rng, 1, 300) for _ in range(3))
    sub = plan.add("subtotal", lambda f, r: f[first] + f[second])
    total = plan.add("total", lambda f, r: f[sub] + f[third])
    plan.plant("sum", Sum(sub, [first, second]))
    plan.plant("sum", Sum(total, [sub, third]))


def plant_days(plan: Plan, rng: np.random.Generator) -> None:
    start = day(plan, rng)
    length = integer(plan, rng, 1, 300)
    end = plan.add(
        "end",
        lambda f, r: _like(_as_days(f, start) + pd.to_timedelta(f[length], unit="D"), f[start]),
    )
    plan.plant("days", Sum(end, [start, length]))


def plant_product(plan: Plan, rng: np.random.Generator) -> None:
    n, price = integer(plan, rng, 1, 30), money(plan, rng)
    amount = plan.add("amount", lambda f, r: np.round(f[n] * f[price], 2))
    plan.plant("product", Product(amount, [n, price]))


def plant_quotient(plan: Plan, rng: np.random.Generator) -> None:
    part, whole = money(plan, rng), integer(plan, rng, 20, 300)
    share = plan.add("percent", lambda f, r: np.round(100 * f[part] / f[whole], 1))
    plan.plant("quotient", Product(share, [part], [whole], 100))


def plant_function(plan: Plan, rng: np.random.Generator) -> None:
    kind = str(rng.choice(["month", "weekday", "year", "digits", "prefix"]))
    if kind == "digits":
        source = integer(plan, rng, 0, 5000)
        target = plan.add("hundreds", lambda f, r: f[source] // 100)
    elif kind == "prefix":
        source = category(plan, rng, 14)
        target = plan.add("prefix", lambda f, r: f[source].str[:2].astype(object))
    else:
        source = day(plan, rng) if rng.random() < 0.5 else moment(plan, rng)
        target = plan.add(kind, lambda f, r: getattr(_as_days(f, source).dt, kind).to_numpy())
    plan.plant("function", Function(target, source))


def plant_bands(plan: Plan, rng: np.random.Generator) -> None:
    source = integer(plan, rng, 0, 300)
    n_bands = int(rng.integers(2, 6))
    edges = np.sort(rng.choice(np.arange(20, 280, 10), n_bands - 1, replace=False)) + 0.5
    names = np.array([f"band {k}" for k in rng.permutation(n_bands)], dtype=object)
    band = plan.add("band", lambda f, r: names[np.searchsorted(edges, f[source])])
    plan.plant("bands", Bands(band, source))


def plant_gap_bands(plan: Plan, rng: np.random.Generator) -> None:
    start = day(plan, rng)
    months = rng.choice([1, 3, 6, 12], 3, replace=False)
    term = plan.add("term", lambda f, r: r.choice(months, len(f)))
    end = plan.add(
        "end",
        lambda f, r: _like(
            _as_days(f, start)
            + pd.to_timedelta(30 * f[term] + r.integers(-9, 10, len(f)), unit="D"),
            f[start],
        ),
    )
    plan.plant("bands of a difference", Bands(term, end, start))


def plant_dependency(plan: Plan, rng: np.random.Generator) -> None:
    by = category(plan, rng, int(rng.integers(8, 15)))
    labels = np.array([f"L{k}" for k in range(5)], dtype=object)
    salt = int(rng.integers(1000))
    target = plan.add(
        "group", lambda f, r: labels[(pd.util.hash_array(f[by].to_numpy(dtype=object)) + salt) % 5]
    )
    plan.plant("dependency", Determines(by, target))


def plant_pair_dependency(plan: Plan, rng: np.random.Generator) -> None:
    first, second = category(plan, rng, 5), category(plan, rng, 5)
    table = rng.integers(10, 900, 1000)

    def make(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
        both = (frame[first] + "|" + frame[second]).to_numpy(dtype=object)
        return table[pd.util.hash_array(both) % 1000]

    target = plan.add("rate", make)
    plan.plant("dependency on two", Determines([first, second], target))


def plant_combinations(plan: Plan, rng: np.random.Generator) -> None:
    pairs = [(f"p{a}", f"s{b}") for a in range(6) for b in range(5)]
    chosen = [pairs[k] for k in rng.choice(len(pairs), 14, replace=False)]
    key = plan.add("latentkey", lambda f, r: r.integers(0, len(chosen), len(f)))
    left = plan.add("product", lambda f, r: np.array([c[0] for c in chosen], dtype=object)[f[key]])
    right = plan.add("size", lambda f, r: np.array([c[1] for c in chosen], dtype=object)[f[key]])
    plan.patterns.append(lambda f, r: f.drop(columns=key, inplace=True))
    plan.plant("combinations", Combinations([left, right]))


def plant_missing_together(plan: Plan, rng: np.random.Generator) -> None:
    names = [BASES[int(k)](plan, rng) for k in rng.choice(len(BASES), 2, replace=False)]
    share = float(rng.uniform(0.1, 0.5))

    def blank(frame: pd.DataFrame, rng: np.random.Generator) -> None:
        rows = rng.random(len(frame)) < share
        for name in names:
            frame[name] = frame[name].mask(rows)

    plan.patterns.append(blank)
    plan.plant("missing together", MissingTogether(names))


def plant_missing_where(plan: Plan, rng: np.random.Generator) -> None:
    gate, name = flag(plan, rng), money(plan, rng)

    def blank(frame: pd.DataFrame, rng: np.random.Generator) -> None:
        frame[name] = frame[name].where(frame[gate])

    plan.patterns.append(blank)
    plan.plant("missing where", MissingWhere(name, gate, [False]))


def plant_one_hot(plan: Plan, rng: np.random.Generator) -> None:
    n_columns = int(rng.integers(3, 7))
    key = plan.add("latentkey", lambda f, r: r.integers(0, n_columns, len(f)))
    names = [
        plan.add("is", lambda f, r, k=k: (f[key] == k).astype(np.int64)) for k in range(n_columns)
    ]
    plan.patterns.append(lambda f, r: f.drop(columns=key, inplace=True))
    plan.plant("one-hot", OneHot(names))


def plant_equal(plan: Plan, rng: np.random.Generator) -> None:
    first = money(plan, rng)
    second = plan.add("copy", lambda f, r: f[first])
    plan.plant("equal", Sum(second, [first]))


def plant_tie(plan: Plan, rng: np.random.Generator) -> None:
    bill = plan.add("bill", lambda f, r: np.round(np.exp(6 + _mixed(f, r, 0.0)), 2))
    share = float(rng.uniform(0.1, 0.6))
    paid = plan.add(
        "paid",
        lambda f, r: np.where(
            r.random(len(f)) < share, f[bill], np.round(f[bill] * r.uniform(0.1, 2, len(f)), 2)
        ),
    )
    plan.plant("tie", Sum(paid, [bill]))


def plant_clock(plan: Plan, rng: np.random.Generator) -> None:
    def as_clock(minutes: pd.Series) -> pd.Series:
        return minutes % 1440 // 60 * 100 + minutes % 60

    planned = plan.add("planned", lambda f, r: as_clock(pd.Series(r.integers(0, 288, len(f)) * 5)))
    delay = plan.add("delay", lambda f, r: np.rint(r.normal(10, 20, len(f))).astype(np.int64))
    actual = plan.add(
        "actual", lambda f, r: as_clock(f[planned] // 100 * 60 + f[planned] % 100 + f[delay])
    )
    plan.plant("clock", Sum(actual, [planned, delay], clock=[planned, actual]))


PLANTS = (
    plant_order, plant_sum, plant_scaled, plant_chain, plant_days, plant_product, plant_quotient,
    plant_function, plant_bands, plant_gap_bands, plant_dependency, plant_pair_dependency,
    plant_combinations, plant_missing_together, plant_missing_where, plant_one_hot, plant_equal,
    plant_tie, plant_clock,
)  # fmt: skip


def make_plan(seed: int, with_rules: bool) -> tuple[Plan, int]:
    """Return a random plan of 5 to 40 columns and how many rows it should have."""
    rng = np.random.default_rng(seed)
    plan = Plan()
    n_rows = int(np.exp(rng.uniform(np.log(200), np.log(20_000))))
    n_columns = int(rng.integers(5, 41))
    if with_rules:
        n_rules = int(rng.integers(1, 9))
        for place in rng.choice(len(PLANTS), n_rules, replace=False):
            if len(plan.steps) < 34:
                PLANTS[place](plan, rng)
    while len(plan.steps) < n_columns:
        BASES[int(rng.integers(len(BASES)))](plan, rng)
    planted = {name for rule in plan.rules if _is_about_gaps(rule) for name in rule.columns}
    for name, _ in plan.steps:
        if name not in planted and "latentkey" not in name and rng.random() < 0.2:
            plan.holes.append((name, float(rng.uniform(0.01, 0.1))))
    return plan, n_rows


def _is_about_gaps(rule: Rule) -> bool:
    return isinstance(rule, MissingTogether | MissingWhere | OneHot)


def draw(plan: Plan, n_rows: int, seed: int) -> pd.DataFrame:
    """Return rows of a plan; its columns are shuffled, always the same way."""
    rng = np.random.default_rng(seed)
    n_shown = sum("latentkey" not in name for name, _ in plan.steps)
    order = np.random.default_rng(len(plan.steps)).permutation(n_shown)
    return plan.draw(n_rows, rng, order)


def is_found(planted: Rule, found: list[Rule]) -> bool:
    """Whether a planted rule is among those found, in its own form or in an equal one."""
    same = [rule for rule in found if set(rule.columns) == set(planted.columns)]
    if isinstance(planted, Sum) and planted.clock is None:
        return any(isinstance(r, Sum | Product | Function) for r in same) or _spans(planted, found)
    if isinstance(planted, Determines | Bands | Function):
        return any(isinstance(r, Determines | Bands | Function | Sum) for r in same)
    if isinstance(planted, MissingTogether):
        return any(
            isinstance(r, MissingTogether) and set(planted.columns) <= set(r.columns) for r in found
        )
    if isinstance(planted, Combinations):
        return any(isinstance(r, Combinations | Determines) for r in same)
    kinds = {Product: Product | Sum}
    return any(isinstance(r, kinds.get(type(planted), type(planted))) for r in same)


def _spans(planted: Sum, found: list[Rule]) -> bool:
    """Whether a sum follows from the sums that were found."""
    sums = [rule for rule in found if isinstance(rule, Sum) and rule.clock is None]
    names: list[Hashable] = sorted({n for r in [planted, *sums] for n in r.columns}, key=str)
    rows = np.array([_vector(rule, names) for rule in [*sums, planted]])
    if len(rows) < 2:
        return False
    return bool(np.linalg.matrix_rank(rows) == np.linalg.matrix_rank(rows[:-1]))


def _vector(rule: Sum, names: list[Hashable]) -> list[float]:
    weights = dict(zip(rule.sources, map(float, rule.fractions), strict=True))
    weights[rule.target] = weights.get(rule.target, 0.0) - 1.0
    return [weights.get(name, 0.0) for name in names]
