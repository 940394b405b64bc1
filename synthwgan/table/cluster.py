"""Work on a Dask cluster: what is known of Dask here, and all that is asked of it.

Dask decides where and when each task runs, and again if a worker dies. It is imported only by who
has it: whoever passes a client or a frame of Dask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

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
