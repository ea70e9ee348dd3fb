"""The one place where long-lived tasks are made, so that none is left behind and each has a name."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger(__name__)


class TaskSet:
    """Own a process's long-lived tasks: failures are logged, shutdown cancels and waits.

    A task that ends with an exception is logged once and calls nothing else; who needs a restart loop writes one
    inside the coroutine.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Start ``work`` under ``name``; the set keeps the only strong reference it needs."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def stop(self, within_s: float = 5.0) -> None:
        """Cancel every task and wait ``within_s`` seconds; late ones are logged by name."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=within_s)
            for task in late:
                _log.warning("task_late name=%s", task.get_name())

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task_failed name=%s", task.get_name(), exc_info=error)
