"""The publisher: from the store into the two files, and into force in a running Asterisk."""

import asyncio
import logging
import re

from signalbox.engine.publish.apply import Ami, apply, reopen
from signalbox.engine.publish.files import PublishedFiles
from signalbox.engine.publish.model import PublishError, Source
from signalbox.engine.publish.rows import KICK
from signalbox.settings import Settings

_log = logging.getLogger(__name__)


class Publisher:
    """Publish one node's configuration. ``ami`` is None where no Asterisk can be running yet (the first publish)."""

    def __init__(self, settings: Settings, source: Source, ami: Ami | None) -> None:
        self._settings = settings
        self._source = source
        self._ami = ami
        self._files = PublishedFiles(settings.paths.engine_db, settings.paths.routing_db)
        self._turn = asyncio.Lock()
        self._is_prepared = False

    async def publish(self) -> int:
        """Bring everything committed so far into force; gives its version.

        Raises ``PublishError``, ``StoreError``, or ``EngineUnavailableError``: then the files are written, and what
        the engine must be told is kept for the next call, which belongs right after the link is live again.
        """
        async with self._turn:
            version = await self._write()
            await (self._into_force(self._ami) if self._ami is not None else self._for_a_later_start())
            return version

    async def _into_force(self, ami: Ami) -> None:
        if await asyncio.to_thread(self._files.is_unseen):
            await reopen(ami)
            await asyncio.to_thread(self._files.seen)
        pending = await asyncio.to_thread(self._files.pending)
        if pending.what:
            await apply(ami, self._files, pending, self._settings.sip)

    async def _for_a_later_start(self) -> None:
        """An Asterisk that starts later reads everything anew; contacts it has kept must still be removed."""
        await asyncio.to_thread(self._files.seen)
        pending = await asyncio.to_thread(self._files.pending)
        await asyncio.to_thread(self._files.done, pending.without(KICK))

    async def _prepare(self) -> None:
        await asyncio.to_thread(_check_driver, self._settings)
        for file in await asyncio.to_thread(self._files.prepare):
            _log.error("publish_file_damaged replaced=%s", file)
        self._is_prepared = True

    async def _write(self) -> int:
        shape = self._source.shape
        since = await asyncio.to_thread(self._files.version, shape)
        if since is None or not self._is_prepared:
            await self._prepare()
            since = await asyncio.to_thread(self._files.version, shape)
        batch = await self._source.read(since)
        if since is not None and batch.version < since:
            batch = await self._source.read(None)  # the store was put back to an older backup
        if batch.is_full or batch.version != since:
            await asyncio.to_thread(self._files.write, batch, shape)
            _log.info("published version=%d units=%d full=%s", batch.version, len(batch.units), batch.is_full)
        return batch.version


def _check_driver(settings: Settings) -> None:
    """Refuse to publish into a void: with the driver's batching on, Asterisk never sees a change."""
    file = settings.paths.asterisk_etc / "res_config_sqlite3.conf"
    if file.exists() and not re.search(r"^batch\s*=>?\s*0\s*$", file.read_text(), re.MULTILINE):
        raise PublishError(f"{file}: 'batch = 0' is missing; write the engine's configuration again")
