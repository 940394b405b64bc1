"""Every figure in the documentation is that of a committed result."""

from __future__ import annotations

import pytest

from benchmarks.report import BLOCKS, Block


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.page}: {block.marker}")
def test_the_table_is_that_of_the_results(block: Block) -> None:
    assert block.shown() == block.content()
