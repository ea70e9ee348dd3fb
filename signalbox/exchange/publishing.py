"""When to publish: on request, after each reconnect, and when the store has moved on although nobody asked.

The last covers a web process that died between its commit and its request.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable

import msgspec

from signalbox.engine.errors import EngineError
from signalbox.engine.publish import Publisher, PublishError
from signalbox.live.fold import Board
from signalbox.live.lines import published_lines
from signalbox.settings import Paths
from signalbox.store import changes
from signalbox.store.database import Store
from signalbox.store.errors import StoreError
from signalbox.store.scope import Scope

POLL_S = 1.0

_SCOPE = Scope.everything("publishing compares the newest change set of all tenants")
_log = logging.getLogger(__name__)

FAILURES = (PublishError, StoreError, EngineError, sqlite3.Error, msgspec.DecodeError)


class Publishing:
    """Keep the published files, and the board's lines, at the store's newest version."""

    def __init__(
        self,
        publisher: Publisher,
        store: Store,
        paths: Paths,
        board: Board,
        now_ms: Callable[[], int],
        on_change: Callable[[], None],
    ) -> None:
        self.version = 0
        self.problem = ""
        self._publisher = publisher
        self._store = store
        self._paths = paths
        self._board = board
        self._now_ms = now_ms
        self._on_change = on_change
        self._is_due = asyncio.Event()

    def ask(self) -> None:
        """Publish soon, also when nothing is new in the store: Asterisk may have missed something."""
        self._is_due.set()

    async def publish(self) -> int:
        """Bring everything committed so far into force. Raises one of ``FAILURES``."""
        try:
            version = await self._publisher.publish()
        except FAILURES as error:
            self._tell(str(error))
            raise
        if version != self.version:
            await self.read_lines()
        self.version = version
        self._tell("")
        return version

    async def read_lines(self) -> None:
        """Show the lines of the published version."""
        specs = await asyncio.to_thread(published_lines, self._paths.routing_db)
        self._board.set_lines(specs, self._now_ms())

    async def run(self) -> None:
        """Publish when asked and when the store's newest change set is not the published one, for ever."""
        while True:
            try:
                async with asyncio.timeout(POLL_S):
                    await self._is_due.wait()
            except TimeoutError:
                pass
            try:
                if self._is_due.is_set() or self.problem or await self._newest() != self.version:
                    self._is_due.clear()
                    await self.publish()
            except FAILURES as error:
                _log.debug("publish_repeats error=%s", error)
                await asyncio.sleep(POLL_S)

    async def _newest(self) -> int:
        async with self._store.session(_SCOPE) as session:
            return await changes.version(session)

    def _tell(self, problem: str) -> None:
        if problem and problem != self.problem:
            _log.warning("publish_failed error=%s", problem)
        self.problem = problem
        self._on_change()
