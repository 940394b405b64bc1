"""The page about killed fits shows the results, and a fit says which phase it is in."""

from __future__ import annotations

import logging
import multiprocessing

import pytest

from benchmarks import resume
from benchmarks.cell import RESULTS, read
from benchmarks.page import read_part


def test_the_page_shows_the_results():
    assert read_part(resume.PAGE, "resume") == resume.table_of(read(RESULTS / resume.FILE))


@pytest.fixture
def logger():
    logger = logging.getLogger("synthwgan")
    handlers, level = list(logger.handlers), logger.level
    yield logger
    logger.handlers, logger.level = handlers, level
    logger.setLevel(level)


def test_a_fit_says_where_it_is_and_goes_on(tmp_path, logger):
    said = []
    for _ in range(2):
        receiving, sending = multiprocessing.Pipe(duplex=False)
        resume._fit(resume.make_table(), tmp_path, sending)
        said.append([receiving.recv() for _ in iter(receiving.poll, False)])
        logger.removeHandler(logger.handlers[-1])
    first, again = ([phase for phase, _ in each] for each in said)
    assert list(dict.fromkeys(first)) == [*resume.PHASES, "saved", "done"]
    # What was trained is taken from the checkpoint.
    assert [phase for phase in first if phase not in ("whole rows", "conditions")] == again
    assert said[0][-1] == said[1][-1]
