"""Two numbers in one cell, such as latitude and longitude: each learned as a number."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from synthwgan.parameters import required
from synthwgan.table.checks import STATE, TEXT, Array, ListOf, expect
from synthwgan.table.columns.base import ColumnTransformer, PartTransformer
from synthwgan.table.columns.numeric import NumericTransformer
from synthwgan.table.columns.quantiles import rank_to_score
from synthwgan.table.forms.distinct import as_cells, distinct_cells
from synthwgan.table.forms.registry import find_form
from synthwgan.table.forms.textform import some_texts
from synthwgan.table.forms.texts import commonest, read_most
from synthwgan.table.storage.dtypes import Cells, PhysicalType, SampledCells
from synthwgan.table.storage.tally import Tally

if TYPE_CHECKING:
    from synthwgan.table.columns.evidence import Evidence

# Pairs that are fewer, such as the places of shops, are categories: each stays a place.
_MAX_STATES = 256
_FEW = 50
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?"
_BEFORE, _BETWEEN, _BEHIND = r"(?:[A-Z]{0,12} ?[(\[])?", r"[,;] ?| ", r"[)\]]?"
_PAIR = re.compile(f"({_BEFORE})({_NUMBER})({_BETWEEN})({_NUMBER})({_BEHIND})")

# What is written before, between and behind the two numbers.
Frame = tuple[str, str, str]


class PairTransformer(ColumnTransformer):
    """A column of text in which two numbers are written: ``40.71,-73.91``, ``POINT(-73.9 40.7)``.

    Each is a part of its own, with all that depends on it. A cell that is missing, or no pair
    (``"unknown"``), is so in the first part. In the second such a cell has a number drawn as
    frequent as in the table, which says nothing and is not read back.

    Attributes
    ----------
    frame : tuple of str
        What is written before, between and behind the numbers.
    parts : tuple of two NumericTransformer
        The numbers.
    """

    kind: ClassVar[str] = "pair"
    domains = ("text",)
    remedy = "write two numbers into each cell or leave its kind out"
    # sdmetrics has no measure for two numbers in a cell.
    sdtype = "id"
    n_numbers = 2
    state_fields = {
        "frame": ListOf(TEXT, min_length=3),
        "shares": Array(("float64",), low=0.0),
        "parts": ListOf(STATE, min_length=2),
    }

    frame: Frame
    _parts: tuple[NumericTransformer, NumericTransformer]
    # Share of the pairs in each state of the second part.
    _shares: np.ndarray
    # Second numbers of sampled rows, until the parts have seen all.
    _seconds: Tally | None = None

    @classmethod
    def infers(cls, evidence: Evidence) -> bool:
        if evidence.domain != "text" or evidence.is_personal or evidence.form is not None:
            return False
        # A few cells say at once that most text is something else.
        present = evidence.cells.present
        if find_frame(present[:: 1 + len(present) // _FEW]) is None:
            return False
        distinct, _ = distinct_cells(present)
        are_many = evidence.all_distinct or len(distinct) > _MAX_STATES
        return are_many and find_frame(distinct) is not None

    @classmethod
    def check_fits(cls, physical: PhysicalType, cells: Cells) -> None:
        super().check_fits(physical, cells)
        if len(cells.present):
            frame_of_all(cells.present)

    @classmethod
    def numbers_within(cls, texts: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        return partial(read_pairs, find_frame(texts))

    def check_range(self, wanted: tuple[Any, ...]) -> None:
        raise ValueError(
            f"a tuple is a range, but two numbers in a cell have no order; give a cell as it is "
            f"written: {required(self.bounds())[0]!r}"
        )

    @property
    def plain(self) -> None:
        """None: two numbers are not learned across tables."""
        return None

    def why_not_shared(self, name: Any) -> str:
        halves = [f"{name}[{place}]" for place in range(2)]
        return (
            f"has two numbers in a cell, which are not learned across tables: split it with "
            f"table[{halves}] = table.pop({name!r})"
            r".str.extract(r'([+-]?[\d.]+)[^\d.+-]+([+-]?[\d.]+)').astype(float), or give it "
            "the kind 'categorical'"
        )

    @property
    def parts(self) -> tuple[PartTransformer, ...]:
        return self._parts

    @property
    def n_states(self) -> int:
        return sum(part.n_states for part in self._parts)

    @property
    def has_value(self) -> bool:
        return any(part.has_value for part in self._parts)

    def _fit(self, cells: Cells, rng: np.random.Generator) -> None:
        present, self.frame = cells.present, ("", ",", "")
        if len(present):
            self.frame = frame_of_all(present)
        firsts, seconds, are_pairs = self._halves(cells)
        of_firsts, of_pairs = Cells(firsts, cells.missing), _present(seconds[are_pairs])
        if not len(present):
            of_pairs = cells
        elif isinstance(cells, SampledCells):
            of_firsts, of_pairs = self._of_all(cells, of_firsts, of_pairs)
        self._parts = (
            NumericTransformer(self.physical, self.options).fit_cells(of_firsts, rng),
            NumericTransformer(self.physical, self.options).fit_cells(of_pairs, rng),
        )
        tally = of_pairs.tally
        # Where not all numbers are counted, the sampled rows stand for them.
        known = tally if tally.is_exact else Tally.of(of_pairs.present)
        self._learn_shares(known)
        self._seconds = known if self.is_open else None

    def _learn_shares(self, tally: Tally) -> None:
        part = self._parts[1]
        codes = part.encode_cells(_present(tally.values))[0]
        codes = np.zeros(len(tally.values), dtype=np.int64) if codes is None else codes
        # Numbers off the grid, of which there are few, are drawn in another way.
        known = codes != part.stray_code if len(part.strays) else np.ones(len(codes), dtype=bool)
        n_each = np.bincount(codes[known], tally.counts[known], max(1, part.n_states))
        self._shares = n_each / max(1, n_each.sum())

    def _of_all(self, cells: SampledCells, *sampled: Cells) -> tuple[Cells, Cells]:
        """Return the cells of both numbers in a sample, with what is known of all rows."""
        tally = cells.whole
        firsts, seconds, are_pairs = self._halves(_present(tally.values))
        of_firsts = tally.mapped(firsts)
        of_pairs = tally.where(are_pairs).mapped(seconds[are_pairs])
        first, second = sampled
        return (
            SampledCells(first.values, first.missing, of_firsts, cells.n_missing, False),
            SampledCells(second.values, second.missing, of_pairs, 0, False),
        )

    @property
    def is_open(self) -> bool:
        return any(part.is_open for part in self._parts)

    def glean(self, cells: Cells) -> list[Any]:
        firsts, seconds, are_pairs = self._halves(cells)
        own = Cells(firsts, cells.missing), _present(seconds[are_pairs])
        return [part.glean(of_part) for part, of_part in zip(self._parts, own, strict=True)]

    def see(self, gleaned: list[Any]) -> None:
        for part, own in zip(self._parts, gleaned, strict=True):
            part.see(own)

    def close(self) -> None:
        for part in self._parts:
            part.close()
        self._learn_shares(required(self._seconds))
        self._seconds = None

    def _halves(self, cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the texts of both numbers, and where there are two.

        Where there are not, the first text is the whole cell, and the second is empty.
        """
        texts, places = distinct_cells(np.where(cells.missing, "", cells.values))
        matches = [_of_frame(self.frame).fullmatch(text) for text in texts.tolist()]
        firsts = [
            match[1] if match else text for match, text in zip(matches, texts.tolist(), strict=True)
        ]
        seconds = [match[2] if match else "" for match in matches]
        are_pairs = np.array([match is not None for match in matches], dtype=bool)
        return as_cells(firsts)[places], as_cells(seconds)[places], are_pairs[places]

    def split(self, cells: Cells, rng: np.random.Generator | None = None) -> list[Cells]:
        firsts, seconds, are_pairs = self._halves(cells)
        unknown = ~are_pairs & ~cells.missing & ~np.isin(firsts, self._parts[0].odd)
        if unknown.any():
            raise ValueError(
                f"{firsts[unknown][0]!r} is no pair of numbers in the fitted format {self._sample}"
            )
        # Each row has a draw, so that rows need not be encoded one after another.
        uniform = np.full(len(seconds), 0.5) if rng is None else rng.random(len(seconds))
        seconds[~are_pairs] = self._drawn_seconds(uniform[~are_pairs])
        return [Cells(firsts, cells.missing), Cells(seconds, np.zeros(len(seconds), dtype=bool))]

    def _drawn_seconds(self, uniform: np.ndarray) -> np.ndarray:
        """Return second numbers, by where they lie in [0, 1) among those of all pairs."""
        part = self._parts[1]
        if part.grid is None:
            return np.full(len(uniform), "0", dtype=object)
        ends = np.cumsum(self._shares)
        codes = np.minimum(np.searchsorted(ends, uniform, side="right"), len(ends) - 1)
        below, width = (ends - self._shares)[codes], self._shares[codes]
        ranks = (uniform - below) / np.where(width > 0, width, 1.0)
        scores = rank_to_score(ranks)
        return part.decode_cells(len(codes), codes, scores, np.random.default_rng(0)).values

    def tells(self, cells: Cells) -> list[np.ndarray]:
        are_pairs = self._halves(cells)[2]
        return [np.ones(len(are_pairs), dtype=bool), are_pairs]

    def join(self, cells: Sequence[Cells]) -> Cells:
        first, second = cells
        before, between, behind = self.frame
        joined = [
            f"{before}{one}{between}{other}{behind}" if re.fullmatch(_NUMBER, one) else one
            for one, other in zip(first.values.tolist(), second.values.tolist(), strict=True)
        ]
        return Cells(as_cells(joined), first.missing)

    @property
    def _sample(self) -> str:
        before, between, behind = self.frame
        one, other = (required(part.form).sample for part in self._parts)
        return f"{before}{one}{between}{other}{behind}"

    def menu(self) -> Cells:
        odd = [cell for cell in self._parts[0].odd.tolist() if not re.fullmatch(_NUMBER, cell)]
        cells = Cells(as_cells(odd), np.zeros(len(odd), dtype=bool))
        if not self.missing_rate:
            return cells
        return Cells.concatenate([cells, self.missing_cells(1)])

    def holds(self, cells: Cells) -> np.ndarray:
        firsts, seconds, are_pairs = self._halves(cells)
        held = self._parts[0].holds(Cells(firsts, cells.missing))
        held &= are_pairs | cells.missing | np.isin(firsts, self._parts[0].odd)
        held[are_pairs] &= self._parts[1].holds(_present(seconds[are_pairs]))
        return held

    def shares(self, cells: Cells, state_shares: np.ndarray) -> np.ndarray:
        firsts, seconds, are_pairs = self._halves(cells)
        of_first, of_second = np.split(state_shares, [self._parts[0].n_states])
        shares = self._parts[0].shares(Cells(firsts, cells.missing), of_first)
        shares[are_pairs] *= self._parts[1].shares(_present(seconds[are_pairs]), of_second)
        return shares

    def bounds(self) -> tuple[Any, Any] | None:
        """Return the pair of the smallest numbers and that of the largest."""
        if self.missing_rate == 1:
            return None
        ends = [_present(part.from_numbers(part.ends())) for part in self._parts]
        return tuple(self.physical.labels(self.join(ends).values))

    def describe_encoding(self) -> str:
        one, other = (part.describe_encoding() for part in self._parts)
        return f"two numbers: {one}; {other}"

    def feature_names(self, name: Any) -> list[str]:
        return [
            feature
            for place, part in enumerate(self._parts)
            for feature in part.feature_names(f"{name}[{place}]")
        ]

    def _state(self) -> dict[str, Any]:
        return {
            "frame": list(self.frame),
            "shares": self._shares,
            "parts": [part.to_dict() for part in self._parts],
        }

    def _set_state(self, state: dict[str, Any]) -> None:
        for regex, text in zip((_BEFORE, _BETWEEN, _BEHIND), state["frame"], strict=True):
            if not re.fullmatch(regex, text):
                raise ValueError(f"no two numbers are written with {text!r}")
        self.frame, self._shares = tuple(state["frame"]), state["shares"]
        one, other = state["parts"]
        self._parts = (
            NumericTransformer.from_dict(one, self.options),
            NumericTransformer.from_dict(other, self.options),
        )
        n_states = max(1, self._parts[1].n_states)
        expect(len(self._shares) == n_states, "a pair's second number has other states")


def find_frame(texts: np.ndarray) -> Frame | None:
    """Return how nine of ten texts, and more, write two numbers; None if they do not.

    Both must be numbers in a form that is known, and what is no pair may be no number either.
    """
    matches = read_most(_sure_pair, some_texts(texts))
    if matches is None:
        return None
    frame = commonest((match[1], match[3], match[5]) for match in matches)
    halves = [_of_frame(frame).fullmatch(text) for text in texts.tolist()]
    if any(re.fullmatch(_NUMBER, text) for text in texts.tolist()):
        return None
    # What is no pair is odd in the first number's form, and judged there.
    firsts = [match[1] if match else text for match, text in zip(halves, texts, strict=True)]
    seconds = [match[2] for match in halves if match]
    forms = (find_form(as_cells(half), "numeric") for half in (firsts, seconds))
    return frame if all(form is not None for form in forms) else None


def read_pairs(frame: Frame, texts: np.ndarray) -> np.ndarray:
    """Return the two numbers of each text, shape (n, 2), NaN where it is no pair."""
    matches = map(_of_frame(frame).fullmatch, texts.tolist())
    numbers = [[float(match[1]), float(match[2])] if match else [np.nan] * 2 for match in matches]
    return np.array(numbers, dtype=np.float64).reshape(-1, 2)


def _sure_pair(text: str) -> re.Match[str] | None:
    """Match two numbers, of which it is sure that they are two: 1,234 and 1 234 may be one."""
    match = _PAIR.fullmatch(text)
    if match is None or match[1] or match[3] in (";", "; ", ", "):
        return match
    return match if "." in match[2] and "." in match[4] else None


def frame_of_all(present: np.ndarray) -> Frame:
    """Return how texts write two numbers.

    Raises
    ------
    ValueError
        If they do not; the message names one that does not.
    """
    texts, _ = distinct_cells(present)
    frame = find_frame(texts)
    if frame is None:
        failing = next((text for text in texts.tolist() if not _sure_pair(text)), texts[0])
        raise ValueError(
            f"{failing!r} is no pair of numbers as the others: correct it or use the kind "
            "'categorical'"
        )
    return frame


def _of_frame(frame: Frame) -> re.Pattern[str]:
    before, between, behind = map(re.escape, frame)
    return re.compile(f"{before}({_NUMBER}){between}({_NUMBER}){behind}")


def _present(values: np.ndarray) -> Cells:
    return Cells(values, np.zeros(len(values), dtype=bool))
