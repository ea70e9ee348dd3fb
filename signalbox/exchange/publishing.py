"""When to publish: on request, after each reconnect, and when the store has moved on although nobody asked.

The last covers a web process that died between its commit and its request.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

POLL_S = 1.0

_log = logging.getLogger(__name__)


class NotPublishedError(Exception):
    """The newest version is not in force; ``code`` is stable, the text says why and what to do."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Configuration(Protocol):
    """Where versions come from. Every method may raise ``NotPublishedError``."""

    async def newest(self) -> int:
        """Tell the newest version that is committed."""

    async def publish(self) -> int:
        """Bring everything committed so far into force, and give its version."""

    async def close(self) -> None:
        """Let go of the store."""


class Publishing:
    """Keep the newest version published. ``on_change`` runs after each attempt, ``version`` and ``problem`` being new.

    ``open_configuration`` is called once, when first needed.
    """

    def __init__(
        self,
        version: int,
        open_configuration: Callable[[], Awaitable[Configuration]],
        on_change: Callable[[], Awaitable[None]],
    ) -> None:
        self.version = version
        self.problem = ""
        self._open = open_configuration
        self._on_change = on_change
        self._configuration: Configuration | None = None
        self._opening = asyncio.Lock()
        self._is_due = asyncio.Event()

    def ask(self) -> None:
        """Publish soon, also when nothing is new in the store: Asterisk may have missed something."""
        self._is_due.set()

    async def publish(self) -> int:
        """Bring everything committed so far into force. Raises ``NotPublishedError``."""
        try:
            self.version = await (await self._opened()).publish()
        except NotPublishedError as error:
            if str(error) != self.problem:
                _log.warning("publish_failed code=%s error=%s", error.code, error)
            self.problem = str(error)
            raise
        else:
            self.problem = ""
        finally:
            await self._on_change()
        return self.version

    async def run(self) -> None:
        """Publish when asked and when the store's newest change set is not the published one, for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._is_due.wait()
            try:
                if self._is_due.is_set() or self.problem or await (await self._opened()).newest() != self.version:
                    self._is_due.clear()
                    await self.publish()
            except NotPublishedError:
                await asyncio.sleep(POLL_S)

    async def close(self) -> None:
        """Let go of the store."""
        if self._configuration is not None:
            await self._configuration.close()

    async def _opened(self) -> Configuration:
        async with self._opening:
            if self._configuration is None:
                self._configuration = await self._open()
            return self._configuration
