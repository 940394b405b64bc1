"""Observers of the training loop: history and progress bar."""

from __future__ import annotations

import sys


class History:
    """Keeps every logged record.

    Attributes
    ----------
    records : list of dict
        One dict of figures for each logged step.
    """

    def __init__(self) -> None:
        self.records: list[dict[str, float]] = []

    def on_log(self, record: dict[str, float], progress: float) -> None:
        """Keep the record."""
        self.records.append(record)

    def on_end(self) -> None:
        """Do nothing: the records stay."""


def announce(text: str) -> None:
    """Show a text on standard error, above any progress bar."""
    from tqdm import tqdm

    tqdm.write(text, file=sys.stderr)


class ProgressBar:
    """One tqdm bar over the share of training done, with the Wasserstein estimate."""

    def __init__(self) -> None:
        from tqdm import tqdm

        layout = "training {percentage:3.0f}%|{bar}| {elapsed} < {remaining}{postfix}"
        self._bar = tqdm(total=1.0, bar_format=layout)

    def on_log(self, record: dict[str, float], progress: float) -> None:
        """Move the bar to the present share of training."""
        self._bar.set_postfix_str(
            f"step {record['step']}, Wasserstein {record.get('wasserstein', float('nan')):.3f}",
            refresh=False,
        )
        self._bar.update(min(progress, 1.0) - self._bar.n)

    def on_end(self) -> None:
        """Close the bar."""
        self._bar.close()
