"""Work on a Dask cluster: what is known of Dask here, and all that is asked of it.

Dask decides where and when each task runs, and again if a worker dies. It is imported only by who
has it: whoever passes a client or a frame of Dask.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

# So many results are merged at once, where they are.
FAN_IN = 8
# Rows of partitions that are worked on at the same time, if their results come here.
ROWS_AT_ONCE = 2**24
_SMALLER = (
    "give each more memory, or smaller partitions, X.repartition(partition_size='100MB'), and call "
    "it again"
)
# Errors of Dask that say that workers or their results are gone, not that the work is wrong.
_DEATHS = {"KilledWorker", "CommClosedError", "FutureCancelledError", "CancelledError"}


def check_client(client: Any) -> None:
    """Raise if something is no client of a Dask cluster, or one that answers later.

    Raises
    ------
    ImportError
        If Dask's distributed is not installed.
    TypeError
        If it is no such client.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError(
            "a Dask cluster needs the package distributed: pip install 'synthwgan[cluster]'"
        ) from error
    if not isinstance(client, Client) or client.asynchronous:
        raise TypeError(
            f"client must be a dask.distributed.Client that is not asynchronous, got {client!r}"
        )


def as_they_end(
    client: Any, work: Callable[[Any], Any], items: Iterable[Any], remedy: str
) -> Iterator[Any]:
    """Do some work for each item on a cluster, and yield what comes of it in any order.

    The first error ends it.

    Parameters
    ----------
    client : dask.distributed.Client
    work : callable
        It goes to each worker once.
    items : iterable
    remedy : str
        What to do if workers die.

    Raises
    ------
    RuntimeError
        If workers die over and over again.
    """
    from dask.delayed import delayed
    from distributed import as_completed

    # Part of the graph and not scattered: what is scattered is lost with the worker that holds it.
    shared, call = delayed(work, traverse=False), delayed(_call)
    futures = client.compute([call(shared, item) for item in items])
    try:
        with deaths_explained(remedy):
            for future in as_completed(futures, loop=client.loop):
                yield future.result()
    finally:
        client.cancel(futures)


def _call(work: Callable[..., Any], *arguments: Any) -> Any:
    return work(*arguments)


def is_frame(X: Any) -> bool:
    """Whether something is a frame of Dask: by its protocol, for Dask need not be installed."""
    has_parts = hasattr(X, "__dask_graph__") and hasattr(X, "map_partitions")
    return has_parts and getattr(X, "ndim", None) == 2


def tasks_of(
    X: Any, names: Sequence[Hashable] | None, work: Callable[[Any, Any], Any], given: Sequence[Any]
) -> list[Any]:
    """Return the tasks of doing some work for each partition of a frame, none of which is begun.

    Parameters
    ----------
    X : dask.dataframe.DataFrame
    names : sequence of column names or None
        The columns that are needed; None for all.
    work : callable
        From a partition, and what is given for it, to what comes of it. It goes to a worker once.
    given : sequence
        One for each partition; for None, the work is not done.
    """
    from dask.delayed import delayed

    parts = (X if names is None else X[list(names)]).to_delayed()
    shared, call = delayed(work, traverse=False), delayed(_call)
    wanted = zip(parts, given, strict=True)
    return [call(shared, part, own) for part, own in wanted if own is not None]


def in_order(tasks: Sequence[Any], sizes: Sequence[int]) -> Iterator[Any]:
    """Do tasks, and yield their results in order; of so many at a time as memory here allows.

    Parameters
    ----------
    tasks : sequence of Delayed
    sizes : sequence of int
        Rows of each.
    """
    from dask.base import compute

    start = 0
    while start < len(tasks):
        stop, n_rows = start + 1, sizes[start]
        while stop < len(tasks) and n_rows + sizes[stop] <= ROWS_AT_ONCE:
            n_rows += sizes[stop]
            stop += 1
        with deaths_explained(_SMALLER):
            results = compute(*tasks[start:stop])
        yield from results
        start = stop


def merged(tasks: Sequence[Any]) -> Any:
    """Do tasks and merge their results in a tree, of which but the last comes here.

    The tree depends on their number only, and so does the result.

    Parameters
    ----------
    tasks : sequence of Delayed
        Of what has a method ``merge``.
    """
    from dask.base import compute
    from dask.delayed import delayed

    level, call = list(tasks), delayed(_merged)
    while len(level) > 1:
        level = [call(level[start : start + FAN_IN]) for start in range(0, len(level), FAN_IN)]
    with deaths_explained(_SMALLER):
        return compute(level[0])[0]


def _merged(results: list[Any]) -> Any:
    # They stay as they are: if a worker dies, Dask may ask for the same ones again.
    whole = copy.deepcopy(results[0])
    for result in results[1:]:
        whole.merge(result)
    return whole


@contextmanager
def deaths_explained(remedy: str) -> Iterator[None]:
    """Raise one error that names a remedy if workers of a cluster died."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ not in _DEATHS:
            raise
        raise RuntimeError(
            f"workers of the Dask cluster died again and again ({type(error).__name__}); {remedy}"
        ) from error
