"""Training goes on while held-out rows gain, and never for less than its number of steps."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import pytest

from synthwgan.training.pace import (
    GROWTH,
    MAX_FACTOR,
    MAX_START,
    MAX_STEPS,
    N_LOOKS,
    Look,
    Steps,
    UntilLearnt,
)

N_STEPS, SHARE, LOG_EVERY = 1000, 0.4, 10


def falling(by: float) -> Iterable[float]:
    return (max(0.53, 0.95 - by * look) for look in itertools.count())


class Loop:
    """Asks a pace as the trainer does."""

    def __init__(
        self,
        areas: Iterable[float],
        nearer: float | Iterable[float] = 0.5,
        n_steps: int = N_STEPS,
        by_seconds: Callable[[int], float] = lambda n_steps: 0.0,
    ) -> None:
        self.n_looks, self.decays, self.progress = 0, [], [0.0]
        areas = iter(areas)
        nearer = itertools.repeat(nearer) if isinstance(nearer, float) else iter(nearer)

        def look() -> Look:
            self.n_looks += 1
            return Look(next(areas), next(nearer), 0.01)

        pace = UntilLearnt(n_steps, SHARE, look, lambda: self.decays.append(done), LOG_EVERY)
        self.largest, self.at = pace.largest, []
        for done in itertools.count(1):
            self.progress.append(max(pace.progress(done), by_seconds(done)))
            if done % LOG_EVERY == 0:
                self.at += [done] * bool(pace.figures(done, self.progress[-1]))
            if done >= pace.max_steps:
                break
        self.n_steps = done


def test_steps_are_as_many_as_one_says():
    pace = Steps(8)
    assert pace.max_steps == 8
    assert [pace.progress(n_steps) for n_steps in (0, 2, 8, 9)] == [0, 0.25, 1, 1]
    assert pace.figures(4, 0.5) == {}


@pytest.mark.parametrize(
    ("areas", "nearer"),
    [
        (itertools.repeat(0.7), 0.5),
        (itertools.cycle([0.705, 0.695]), 0.5),
        (falling(0.02), 0.56),
        ((0.52 - 0.02 * look for look in itertools.count()), 0.5),
    ],
    ids=["no gain", "noise", "learnt by heart", "learnt"],
)
def test_it_ends_after_the_steps_of_the_table_where_more_are_of_no_use(areas, nearer):
    loop = Loop(areas, nearer)
    assert loop.n_steps == N_STEPS
    assert loop.n_looks == 2 * N_LOOKS
    assert len(loop.decays) == 1 and abs(loop.decays[0] - SHARE * N_STEPS) <= LOG_EVERY


def test_it_goes_on_while_it_gains():
    gains = 4
    areas = [*(0.9 - 0.02 * look for look in range(gains * N_LOOKS)), *itertools.repeat(0.7, 9)]
    loop = Loop(areas)
    # Two stages were looked at first, and the last one gained nothing.
    assert loop.decays[0] == pytest.approx(SHARE * N_STEPS * GROWTH ** (gains - 1), abs=LOG_EVERY)
    assert loop.n_steps == pytest.approx(loop.decays[0] + (1 - SHARE) * N_STEPS, abs=LOG_EVERY)


def test_one_look_alone_shows_no_memorising():
    last_of_a_stage = itertools.cycle([0.5, 0.5, 0.54])
    assert Loop(falling(0.02), last_of_a_stage).n_steps > N_STEPS
    assert Loop(falling(0.02), itertools.repeat(0.54)).n_steps == N_STEPS


def test_the_rate_is_full_until_the_decay_and_then_falls_to_its_end():
    loop = Loop(falling(0.02))
    decay = loop.decays[0]
    assert max(loop.progress[:decay]) <= SHARE + 1e-9
    falls = loop.progress[decay:]
    assert falls == sorted(falls)
    assert loop.progress[-1] == pytest.approx(1)


@pytest.mark.parametrize("n_steps", [100, 2000, 8000])
def test_there_is_an_end(n_steps):
    loop = Loop(falling(0.01), n_steps=n_steps)
    assert n_steps <= loop.n_steps <= min(MAX_STEPS, MAX_FACTOR * n_steps)
    assert loop.decays


def test_a_large_table_starts_with_fewer_steps_than_suit_its_size():
    assert Loop(itertools.repeat(0.7), n_steps=8000).n_steps == MAX_START
    assert Loop(falling(0.01), n_steps=8000).n_steps > 8000


def test_looks_are_farther_and_farther_apart():
    loop = Loop(falling(0.02))
    gaps = [after - before for before, after in itertools.pairwise(loop.at)]
    assert gaps[-1] > 3 * gaps[0]
    assert all(after >= before - LOG_EVERY for before, after in itertools.pairwise(gaps))


def test_where_seconds_come_first_it_is_looked_at_no_more():
    loop = Loop(falling(0.02), by_seconds=lambda n_steps: n_steps / 500)
    assert len(loop.decays) == 1 and loop.decays[0] <= SHARE * 500 + LOG_EVERY
    assert loop.n_looks < 2 * N_LOOKS
