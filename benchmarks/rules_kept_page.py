"""The tables of kept rules on the documentation's page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from benchmarks.page import markdown_table, measured

Part = dict[str, Any]


def percent(share: float) -> str:
    """Return a share as a percentage, with so many digits that nearly all is not all."""
    if share in (0, 1):
        return f"{100 * share:.0f} %"
    digits = max(2, 2 - int(math.floor(math.log10(1 - share))) if share > 0.9 else 2)
    return f"{100 * share:.{digits}g} %"


def kept_text(part: Part) -> str:
    off = [item for item in part["partial"] if not is_near(item)]
    lines = [
        f"{part['n_tables']} planted tables, {part['steps']} steps of training each, "
        f"{part['n_drawn']:,} rows drawn of each (median {part['draw_seconds']:.1f} s). Of "
        f"{part['n_full']} rules that hold in all real rows, drawn rows broke "
        f"**{len(part['broken'])}**. Of {len(part['partial'])} rules that hold in a share of them, "
        f"the share was beyond two standard errors in {len(off)}; one in twenty is by chance.",
        *(f"* broken: `{item['rule']}` in {item['rows']} rows" for item in part["broken"]),
        *(
            f"* `{item['rule']}`: {percent(item['real'])} of real rows, "
            f"{percent(item['drawn'])} of drawn ones"
            for item in off
        ),
        *(f"* {fault}" for fault in part["faults"]),
    ]
    return "\n".join([*lines, "", measured([part])])


def is_near(item: Part) -> bool:
    """Whether the drawn share is within two standard errors of the real one."""
    return abs(item["drawn"] - item["real"]) <= 2 * item["standard_error"] + 1e-9


def placements_text(part: Part) -> str:
    shares = part["shares"]
    names = list(shares["real"][0])
    lines = [
        [name, *(_range(one[name] for one in shares[key]) for key in ("real", "without", "with"))]
        for name in names
    ]
    titles = ["Rows that break it", "Real", "`rules=None`", '`rules="auto"`']
    return (
        f"{markdown_table(titles, lines)}\n\n{part['rows']} real rows, {part['drawn']:,} drawn "
        f"ones, defaults, two seeds each. {measured([part])}"
    )


def _range(shares: Iterable[float]) -> str:
    found = sorted(shares)
    ends = dict.fromkeys(percent(share) for share in (found[0], found[-1]))
    return " to ".join(ends)


def flights_text(part: Part) -> str:
    cells = part["cells"]
    columns = ("real", "without", "with")
    lines = [
        [name, *(percent(cells[key]["broken"][name]) for key in columns)]
        for name in cells["real"]["broken"]
    ]
    lines += _figures({key: [cells[key]] for key in ("without", "with")}, real=True)
    titles = ["Rows that break it", "Real", "`rules=None`", '`rules="auto"`']
    return (
        f"{markdown_table(titles, lines)}\n\n{part['rows']:,} rows, {part['steps']:,} steps, "
        f"no conditions, one seed: far from trained to the end. Of rows as they are drawn first, "
        f"{percent(cells['with']['drawn_again'])} break a rule and are drawn again. "
        f"{_not_kept(cells['with'])}"
        f"{measured([part])}"
    )


def flights_whole_text(part: Part) -> str:
    cell, real = part["cell"], part["real"]
    figures = {**_FIGURES, "trend_err_inner": _INNER_TREND}
    lines = [
        [name, *(percent(one["broken"][name]) for one in (real, cell))] for name in cell["broken"]
    ]
    lines += [
        [title, write(real[key]) if key in real else "-", write(cell[key])]
        for key, (title, write) in figures.items()
    ]
    titles = ["Rows that break it", "Real halves", "synthwgan"]
    return (
        f"{markdown_table(titles, lines)}\n\n{part['rows']:,} rows, "
        f"{cell['steps']:,} steps, no conditions, one seed. {_not_kept(cell)}{measured([part])}"
    )


def kc1_text(part: Part) -> str:
    cells = part["cells"]
    lines = _figures(cells, real=False)
    titles = ["Median of three seeds", "`rules=None`", '`rules="auto"`']
    rules = "\n".join(cells["with"][0]["rules"])
    return (
        f"{markdown_table(titles, lines)}\n\nThe rules of the {part['rows']:,} training rows:\n\n"
        f"```text\n{rules}\n```\n\n{_not_kept(cells['with'][0])}{measured([part])}"
    )


_FIGURES: dict[str, tuple[str, Callable[[float], str]]] = {
    "c2st_xgb": ("C2ST-XGB (1 is best)", "{:.3f}".format),
    "shape_err": ("shape error, %", "{:.2f}".format),
    "trend_err": ("trend error, %", "{:.2f}".format),
    "fit_seconds": ("seconds of the fit", "{:.0f}".format),
    "draw_seconds": ("seconds of the draw", "{:.0f}".format),
}
_INNER_TREND = ("trend error without two single rows, %", "{:.2f}".format)


def _figures(cells: dict[str, list[Part]], *, real: bool) -> list[list[str]]:
    """Return medians of two kinds of cells, one line a figure."""
    lines = []
    for key, (title, write) in _FIGURES.items():
        found = [median(cell[key] for cell in cells[kind]) for kind in ("without", "with")]
        lines.append([title, *(["-"] if real else []), *(write(value) for value in found)])
    return lines


def _not_kept(cell: Part) -> str:
    off = [item for item in cell["partial"] if not is_near(item)]
    text = f"Rows that break a full rule of the model: {cell['n_broken']}. "
    if not off:
        return text
    shown = "; ".join(
        f"`{item['rule']}` {percent(item['drawn'])}, not {percent(item['real'])}" for item in off
    )
    return f"{text}Rules of a share that hold in another share: {shown}. "


def sdv_text(part: Part) -> str:
    lines = []
    for name, methods in part["tables"].items():
        first = next(iter(methods.values()))
        for relation in first["broken"]:
            shares = [percent(one["broken"][relation]) for one in methods.values()]
            lines.append([name, relation, *shares])
        seconds = [f"{one['fit_seconds']:.0f}" for one in methods.values()]
        lines.append([name, "seconds of the fit", *seconds])
    titles = ["Table", "Rows that break it", "SDV, Gaussian copula, told", "synthwgan, not told"]
    return f"{markdown_table(titles, lines)}\n\n{measured([part])}"


TEXTS = {
    "kept": kept_text,
    "placements": placements_text,
    "sdmetrics": placements_text,
    "flights": flights_text,
    "flights-whole": flights_whole_text,
    "kc1": kc1_text,
    "sdv": sdv_text,
}
