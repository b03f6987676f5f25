"""How much slower everything is than it would be if nothing else ran: what the bounds of promises
in seconds are stretched by. On a quiet machine that is 1."""

import hashlib
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager

WORK_S = 0.02  # of the processor, for one look
PAUSE_S = 0.2
BLOCK = bytes(1 << 22)  # so large that other threads do not count


def look() -> float:
    """The time that this thread needs for a piece of work, by what the processor worked for it."""
    began, worked = time.monotonic(), time.thread_time()
    while (done := time.thread_time() - worked) < WORK_S:
        hashlib.sha256(BLOCK).digest()
    return max(1.0, (time.monotonic() - began) / done)


class Load:
    """Use as a context; looks again and again as long as it lasts, and at its end. Its figures are
    means."""

    def __init__(self):
        self.times: list[float] = []  # when a look was over
        self.looks: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _look(self) -> None:
        self.looks.append(look())
        self.times.append(time.monotonic())

    def _run(self) -> None:
        while not self._over.is_set():
            self._look()
            self._over.wait(PAUSE_S)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    @property
    def stretch(self) -> float:
        return sum(self.looks) / len(self.looks)

    def between(self, begin: float, end: float) -> float:
        """In that time, the look behind it included."""
        found = self.looks[bisect_left(self.times, begin) : bisect_left(self.times, end) + 1]
        return sum(found) / len(found)


@contextmanager
def within(seconds: float, *, waits: float = 0) -> Iterator[None]:
    """What is inside takes no longer, stretched by the load but for those of the seconds in which
    only a timer runs."""
    with Load() as load:
        began = time.monotonic()
        yield
        took = time.monotonic() - began
    limit = waits + (seconds - waits) * load.stretch
    assert took < limit, f"{took:.2f} s, not within {seconds:g} s, stretched to {limit:.2f} s"
