"""An event loop whose time is virtual: it jumps to the next timer, so that a minute's story takes microseconds.

Nothing outside can happen in such a loop: no files, sockets or processes. Each run is deterministic.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

Result = TypeVar("Result")


class NothingHappensError(Exception):
    """Everyone waits and no timer runs: the story would never end."""


class _Jump(selectors.SelectSelector):
    """A selector that never waits: it moves its own clock instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingHappensError
        self.now_s += max(timeout, 0.0)
        return []


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now_s


class VirtualClock:
    """A ``Clock`` that begins at ``start`` (aware) and follows the virtual loop it is used in."""

    def __init__(self, start: datetime) -> None:
        self._start = start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


def run_virtually(story: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run ``story()`` to its end in virtual time. For a thread that has no running loop; start what it needs inside.

    Raises ``NothingHappensError`` when the story cannot end.
    """
    with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
        return runner.run(story())
