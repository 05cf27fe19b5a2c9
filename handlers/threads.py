"""Several pieces of work at once, in threads, for as long as the call lasts."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from contextvars import copy_context
from functools import cache
from typing import TypeVar

AT_ONCE = 8
"""Enough to hide the way to another continent; each thread has a connection, and the function little memory."""

M_ARENA_MAX = -8

T = TypeVar("T")
R = TypeVar("R")


class Pool:
    """Threads that are kept from one use to the next. Those that something held up are left to themselves."""

    def __init__(self) -> None:
        self._idle: list[ThreadPoolExecutor] = []

    def take(self) -> ThreadPoolExecutor:
        """Threads that nobody else uses now."""
        try:
            return self._idle.pop()
        except IndexError:
            return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="worker")

    def give_back(self, threads: ThreadPoolExecutor) -> None:
        """They have nothing left to do."""
        self._idle.append(threads)


class Threads:
    """The port `Workers`. `patience` says how many seconds the call has from now on.

    What has not begun when its time is up never does. What has begun is left to end by itself: a thread cannot be
    stopped, and is not waited for.
    """

    def __init__(self, patience: Callable[[], float], pool: Pool | None = None) -> None:
        self._patience, self._pool = patience, pool or Pool()

    def __call__(self, work: Callable[[T], R], items: Sequence[T]) -> list[R | None]:
        """An exception of `work` is raised when the others have ended: theirs is not left half done for it."""
        if self._patience() <= 0 or not items:
            return [None] * len(items)
        _share_memory()
        threads = self._pool.take()
        futures = [threads.submit(copy_context().run, work, item) for item in items]
        if wait(futures, timeout=max(0.0, self._patience())).not_done:
            threads.shutdown(wait=False, cancel_futures=True)
        else:
            self._pool.give_back(threads)
        return [future.result() if future.done() and not future.cancelled() else None for future in futures]


@cache
def _share_memory() -> None:
    """Have threads share two of malloc's arenas, where it is glibc's.

    Each thread has one of its own else, which keeps the most that it ever held: the lists of a large sweep, many times.
    https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)
