"""What a report shows, as panes that the page draws: the same summaries as the plotly figures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthwgan.evaluation.inputs import Column
from synthwgan.evaluation.page.drawing import (
    SIZE,
    Dates,
    Mark,
    Numbers,
    Pane,
    Scaled,
    Shares,
    across,
    band_edges,
    bands,
    dots,
    heat,
    label,
    polyline,
    rectangles,
    short_number,
    staircase,
    upward,
)
from synthwgan.evaluation.plots.association import Associations
from synthwgan.evaluation.plots.scales import Scale, scale_of
from synthwgan.evaluation.plots.summaries import Counts, Histogram, Pair, counts, histogram
from synthwgan.evaluation.plots.training import curve_names, curves

SERIES = ("synthetic", "real", "third", "fourth", "fifth")
_CLOUDS = 6
_LINE_POINTS = 200
_ROW_HEIGHT = 22
# Labels below a plot of half the page, and of half of that.
_SOME, _FEW = 5, 3


def column_panes(column: Column, real: np.ndarray, synthetic: np.ndarray) -> list[Pane]:
    """Return one column, real against synthetic, on a linear and on a logarithmic scale."""
    if column.is_number:
        return _histogram_panes(histogram(real, synthetic), column)
    return _count_panes(counts(column, real, synthetic))


def pair_panes(pair: Pair) -> list[Pane]:
    """Return two columns together: two maps, or boxes for a number within categories."""
    return [_boxes(pair)] if pair.is_mixed else _maps(pair)


def dependence_panes(found: Associations) -> list[Pane]:
    """Return the dependence between columns: the difference, then the real and the synthetic."""
    largest = max(0.1, float(np.nanmax(np.abs(found.difference), initial=0.0)))
    names = [label(column.label, 24) for column in found.columns]
    cells = ((found.difference, largest), (found.real, 1.0), (found.synthetic, 1.0))
    edges = np.linspace(0, 1, len(names) + 1)
    panes = []
    for values, limit in cells:
        off = np.where(np.eye(len(values), dtype=bool), np.nan, values)
        marks = heat(off, edges, edges, limit, "more") + heat(-off, edges, edges, limit, "less")
        hover = _grid_hover(edges, edges, names, names, [[f"{z:.2f}" for z in row] for row in off])
        height = int(np.clip(_ROW_HEIGHT * len(names), 150, 800))
        panes.append(
            Pane(
                marks,
                bands(names),
                bands(names),
                height=height,
                upright=True,
                ruled=False,
                hover=hover,
            )
        )
    return panes


def map_pane(real: np.ndarray, synthetic: np.ndarray, explained: np.ndarray) -> Pane:
    """Return rows of both tables on two principal components."""
    both = np.vstack([real, synthetic])
    axes = [Numbers(float(both[:, at].min()), float(both[:, at].max())) for at in (0, 1)]
    marks = []
    # Drawn by turns, in parts: neither cloud hides the other, and crowded places show.
    for part in range(_CLOUDS):
        for points, style in ((real, "real"), (synthetic, "synthetic")):
            some = points[part::_CLOUDS]
            path = dots(axes[0].place(some[:, 0]), axes[1].place(some[:, 1]))
            marks.append(Mark(path, f"dots {style}", 0.55))
    return Pane(
        marks,
        across(axes[0]),
        upward(axes[1]),
        x_title=f"first component ({explained[0]:.0%} of the variance)",
        y_title=f"second component ({explained[1]:.0%})",
        height=400,
    )


def distance_pane(distances: dict[str, np.ndarray]) -> Pane:
    """Return distances to the closest real row, as shares of rows."""
    pooled = np.concatenate(list(distances.values()))
    edges = np.linspace(0.0, float(np.quantile(pooled, 0.99)) or 1.0, 41)
    shares = {
        name: np.histogram(values, edges)[0] / max(1, len(values))
        for name, values in distances.items()
    }
    x = Numbers(0.0, float(edges[-1]))
    y = Numbers(0.0, max(float(part.max()) for part in shares.values()), percent=True)
    marks = [
        Mark(staircase(x.place(edges), y.place(part)), f"line {style}")
        for part, style in zip(shares.values(), SERIES[: len(shares)], strict=True)
    ]
    texts = [
        f"{low:.3g} to {high:.3g}: "
        + ", ".join(f"{part[at]:.1%} of {n}" for n, part in shares.items())
        for at, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True))
    ]
    return Pane(
        marks,
        across(x),
        upward(y),
        x_title="distance to the closest training row",
        y_title="share of rows",
        height=240,
        hover=_across_hover(x.place(edges), texts),
    )


def history_panes(history: pd.DataFrame) -> tuple[list[Pane], list[str]]:
    """Return the training curves, a pane for each, and the names of their phases."""
    panes, phases = [], []
    for name in curve_names(history):
        lines = [(phase, _thinned(curve)) for phase, curve in curves(history, name)]
        lines = [(phase, curve) for phase, curve in lines if len(curve)]
        if not lines:
            continue
        phases = phases or [phase for phase, _ in lines]
        every = pd.concat([curve for _, curve in lines])
        y = Numbers(float(every.min()), float(every.max()))
        x = Numbers(float(every.index.min()), float(every.index.max()), whole=True)
        marks = [
            Mark(polyline(x.place(curve.index), y.place(curve)), f"line {style}")
            for (_, curve), style in zip(lines, ("real", "synthetic") * len(lines), strict=False)
        ]
        steps = x.place(every.index)
        middles = np.r_[0.0, (steps[1:] + steps[:-1]) / 2, 1.0]
        texts = [f"step {step:,}: {value:.4g}" for step, value in every.items()]
        title = label(str(name).replace("_", " "))
        hover = _across_hover(middles, texts)
        panes.append(Pane(marks, across(x), upward(y), title, height=110, hover=hover))
    return panes, phases


def _histogram_panes(shares: Histogram, column: Column) -> list[Pane]:
    edges = shares.edges
    scale_of_x = scale_of(column, edges)
    x = _axis(scale_of_x, edges)
    highest = float(max(shares.real.max(), shares.synthetic.max())) or 1.0
    axes = {
        "linear": Numbers(0.0, 1.04 * highest, percent=True),
        "log": Shares([*shares.real, *shares.synthetic]),
    }
    places = x.place(edges)
    texts = [
        f"{span}: {real:.1%} real, {made:.1%} synthetic"
        for span, real, made in zip(
            _ranges(scale_of_x, edges), shares.real, shares.synthetic, strict=True
        )
    ]
    return [
        Pane(
            [
                Mark(
                    rectangles(places[:-1], places[1:], 1 - y.place(shares.real), 1.0), "fill real"
                ),
                Mark(staircase(places, y.place(shares.synthetic)), "line synthetic"),
            ],
            across(x, _SOME),
            upward(y),
            x_title=scale_of_x.unit,
            scale=scale,
            hover=_across_hover(places, texts),
        )
        for scale, y in axes.items()
    ]


def _count_panes(found: Counts) -> list[Pane]:
    names = [label(text, 28) for text in found.labels]
    highest = float(max(found.real.max(), found.synthetic.max())) or 1.0
    axes = {
        "linear": Numbers(0.0, 1.04 * highest, percent=True),
        "log": Shares([*found.real, *found.synthetic]),
    }
    tops = np.arange(len(names)) / len(names)
    thick = 0.36 / len(names)
    texts = [
        f"{name}: {real:.1%} real, {made:.1%} synthetic"
        for name, real, made in zip(names, found.real, found.synthetic, strict=True)
    ]
    panes = []
    for scale, x in axes.items():
        marks = []
        for at, (shares, style) in enumerate(
            ((found.real, "real"), (found.synthetic, "synthetic"))
        ):
            top = tops + 0.14 / len(names) + at * thick
            marks.append(Mark(rectangles(0.0, x.place(shares), top, top + thick), f"solid {style}"))
        hover = {"x": [0, SIZE], "y": band_edges(len(names)), "t": texts}
        height = int(np.clip(_ROW_HEIGHT * len(names), 90, 260))
        panes.append(
            Pane(
                marks, across(x), bands(names), height=height, ruled=False, scale=scale, hover=hover
            )
        )
    return panes


def _maps(pair: Pair) -> list[Pane]:
    is_grid = pair.x.is_number
    grids = [np.sqrt(grid) if is_grid else grid for grid in (pair.real, pair.synthetic)]
    top = max(float(np.nanmax(grid, initial=0.0)) for grid in grids) or 1.0
    scales = [Scale(), Scale()]
    if is_grid:
        scales = [scale_of(pair.x, pair.across), scale_of(pair.y, pair.along)]
    panes = []
    for at, (name, grid) in enumerate(zip(("real", "synthetic"), grids, strict=True)):
        exact = np.square(grid) if is_grid else grid
        shares = [["–" if np.isnan(z) else f"{z:.1%}" for z in row] for row in exact]
        if is_grid:
            sides = list(zip(scales, (pair.across, pair.along), strict=True))
            axes = [_axis(*side) for side in sides]
            x, y = axes[0].place(pair.across), 1 - axes[1].place(pair.along)
            ticks = across(axes[0], _FEW), upward(axes[1])
            texts = [_ranges(*side) for side in sides]
        else:
            texts = [[label(text, 20) for text in side] for side in (pair.across, pair.along)]
            x, y = (np.linspace(0, 1, len(side) + 1) for side in texts)
            ticks = bands(texts[0]), bands(texts[1])
        panes.append(
            Pane(
                heat(grid, x, y, top, "solid real"),
                ticks[0],
                # The labels on the left are the same for both.
                ticks[1] if at == 0 else [],
                title=name,
                x_title=scales[0].title(label(pair.x.label)),
                y_title=scales[1].title(label(pair.y.label)) if is_grid else "",
                upright=not is_grid,
                ruled=False,
                hover=_grid_hover(x, y, *texts, shares),
            )
        )
    return panes


def _boxes(pair: Pair) -> Pane:
    names = [label(text, 20) for text in pair.across]
    known = np.concatenate([pair.real, pair.synthetic], axis=None)
    known = known[np.isfinite(known)]
    scale = scale_of(pair.y, known)
    x = _axis(scale, known if len(known) else np.array([0.0, 1.0]))
    marks, texts = [], []
    for at, (cells, style) in enumerate(((pair.real, "real"), (pair.synthetic, "synthetic"))):
        has = np.isfinite(cells).all(axis=0)
        places = x.place(cells[:, has])
        middle = (np.flatnonzero(has) + 0.3 + 0.4 * at) / len(names)
        half = 0.15 / len(names)
        marks.append(
            Mark(rectangles(places[1], places[3], middle - half, middle + half), f"fill {style}")
        )
        whiskers = [
            f"M{_at(low)} {_at(y)}H{_at(first)}M{_at(third)} {_at(y)}H{_at(high)}"
            f"M{_at(median)} {_at(y - half)}V{_at(y + half)}"
            for (low, first, median, third, high), y in zip(places.T, middle, strict=True)
        ]
        marks.append(Mark("".join(whiskers), f"line {style}"))
    for at, name in enumerate(names):
        medians = [_said(scale, cells[2, at]) for cells in (pair.real, pair.synthetic)]
        texts.append(f"{name}: median {medians[0]} real, {medians[1]} synthetic")
    hover = {"x": [0, SIZE], "y": band_edges(len(names)), "t": texts}
    return Pane(
        marks,
        across(x),
        bands(names),
        ruled=False,
        x_title=scale.title(label(pair.y.label)),
        height=int(np.clip(30 * len(names), 90, 260)),
        hover=hover,
    )


def _axis(scale: Scale, values: np.ndarray) -> Numbers:
    low, high = float(np.min(values)), float(np.max(values))
    if scale.is_date:
        return Dates(low, high)
    if scale.unit or scale.form is not None:
        return Scaled(low, high, scale)
    return Numbers(low, high, whole=low % 1 == 0.5)


def _said(scale: Scale, value: float) -> str:
    if not np.isfinite(value):
        return "–"
    if scale.is_date:
        moment = np.datetime64(int(np.clip(value, -6e10, 2.5e11)), "s")
        return str(moment).replace("T00:00:00", "").replace("T", " ")
    if scale.form is not None:
        return label(scale.cell(value))
    return f"{short_number(value / scale.per)} {scale.unit}".strip()


def _ranges(scale: Scale, edges: np.ndarray) -> list[str]:
    return [
        f"{_said(scale, low)} to {_said(scale, high)}"
        for low, high in zip(edges[:-1], edges[1:], strict=True)
    ]


def _across_hover(edges: np.ndarray, texts: list[str]) -> dict[str, object]:
    return {"x": [_at(edge) for edge in edges], "y": [0, SIZE], "t": texts}


def _grid_hover(
    x: np.ndarray, y: np.ndarray, columns: list[str], rows: list[str], texts: list[list[str]]
) -> dict[str, object]:
    edges = {"x": [_at(edge) for edge in x], "y": [_at(edge) for edge in y]}
    return {**edges, "c": columns, "r": rows, "z": [text for row in texts for text in row]}


def _thinned(curve: pd.Series) -> pd.Series:
    finite = curve[np.isfinite(curve.to_numpy(float))]
    kept = np.unique(np.linspace(0, len(finite) - 1, min(len(finite), _LINE_POINTS)).astype(int))
    return finite.iloc[kept]


def _at(share: float) -> int:
    return round(SIZE * min(1.0, max(0.0, float(share))))
