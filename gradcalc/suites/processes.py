"""Several processes at once: what comes of items, in the order of the items.

Each process is given a few items at a time, and sends back what comes of them one by one. So when a
process dies it is known which item it died of; that one is lost, and no other.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from multiprocessing import Pipe, Process, parent_process
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

CHUNK = 8
"""Items that a process is given at a time."""

AHEAD = 1024
"""Items that are under way or done, at most, before their turn to be told."""


class Worker(Generic[T, R]):
    """A process that works on items; `given` are those that nothing has come of yet."""

    def __init__(self, work: Callable[[T], R]) -> None:
        self.given: deque[tuple[int, T]] = deque()
        self.pipe, there = Pipe()
        self.process = Process(target=_serve, args=(there, work), daemon=True)
        self.process.start()
        there.close()  # so that the end of the process is the end of the pipe

    def give(self, items: Sequence[tuple[int, T]]) -> None:
        """Give it items; it must have none, for else both sides might wait for the other to read."""
        self.given.extend(items)
        self.pipe.send([item for _, item in items])

    def end(self) -> int:
        """End the process; return its exit code, which is negative for a signal."""
        self.process.terminate()
        self.process.join()
        self.pipe.close()
        return self.process.exitcode or 0


def in_order(
    work: Callable[[T], R], items: Iterable[T], jobs: int, lost: Callable[[T, int], R]
) -> Iterator[R]:
    """Yield what comes of each item, in their order.

    work  a function of a module, since processes are started in different ways on different systems
    lost  makes a result of an item that a process died of, and its exit code
    """
    team = _Team(work, enumerate(items), jobs, lost)
    try:
        yield from team.results()
    finally:
        team.end()


class _Team(Generic[T, R]):
    """The processes, and what has come of items whose turn it is not yet."""

    def __init__(
        self, work: Callable[[T], R], items: Iterator[tuple[int, T]], jobs: int, lost: Callable[[T, int], R]
    ) -> None:
        self.work, self.items, self.jobs, self.lost = work, items, jobs, lost
        self.workers: list[Worker[T, R]] = []
        self.done: dict[int, R] = {}
        self.turn = 0

    def results(self) -> Iterator[R]:
        while self._busy():
            for pipe in wait([worker.pipe for worker in self.workers if worker.given]):
                self._receive(next(worker for worker in self.workers if worker.pipe is pipe))
            while self.turn in self.done:
                yield self.done.pop(self.turn)
                self.turn += 1

    def _busy(self) -> bool:
        """Give items to those who have none; return whether there is anything to wait for."""
        for k in range(self.jobs):
            idle = k >= len(self.workers) or not self.workers[k].given
            chunk = list(islice(self.items, CHUNK)) if idle and len(self.done) < AHEAD else []
            if chunk and k >= len(self.workers):
                self.workers.append(Worker(self.work))
            if chunk:
                self.workers[k].give(chunk)
        return any(worker.given for worker in self.workers)

    def _receive(self, worker: Worker[T, R]) -> None:
        try:
            result = worker.pipe.recv()
        except (EOFError, OSError):
            self._replace(worker)
            return
        number, _ = worker.given.popleft()
        self.done[number] = result

    def _replace(self, worker: Worker[T, R]) -> None:
        """Put another process in the place of one that died."""
        worker.process.join()
        code = worker.end()
        number, item = worker.given.popleft()
        self.done[number] = self.lost(item, code)
        other = Worker(self.work)
        self.workers[self.workers.index(worker)] = other
        if worker.given:
            other.give(worker.given)

    def end(self) -> None:
        for worker in self.workers:
            worker.end()


def _serve(pipe: Connection, work: Callable[[T], R]) -> None:
    """Work until there is nobody left to work for."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once; who started it says so
    parent = parent_process()
    assert parent is not None, "it is always started by another"
    try:
        while pipe in wait([pipe, parent.sentinel]):
            for item in pipe.recv():
                pipe.send(work(item))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
