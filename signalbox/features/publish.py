"""The publisher's source: what every feature publishes, read from the store by change set."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from signalbox.engine.publish import Batch, Route, Unit
from signalbox.features.extensions import publish as extensions
from signalbox.features.extensions.tables import ExtensionRow
from signalbox.features.testcalls.model import TEST_NUMBERS
from signalbox.features.testcalls.script import TestRoute
from signalbox.kernel.secrets import Box
from signalbox.settings import Settings
from signalbox.store import changes
from signalbox.store.database import Store
from signalbox.store.scope import Scope
from signalbox.store.tables import ChangeEntry, Tenant

_KEYS_AT_ONCE = 500
_SCOPE = Scope.everything("one node publishes every tenant")
_EXTENSIONS = ExtensionRow.__tablename__


class StoreSource:
    """Compile the store's configuration; the ``Source`` of ``engine.publish``."""

    def __init__(self, settings: Settings, store: Store, box: Box) -> None:
        self._sip = settings.sip
        self._store = store
        self._box = box

    @property
    def shape(self) -> str:
        """Realm and algorithms are part of every published secret."""
        return hashlib.sha256(msgspec.json.encode([self._sip.realm, self._sip.digest_algorithms])).hexdigest()[:12]

    async def read(self, since: int | None) -> Batch:
        """See ``Source``. Rows newer than the version may be in it; they come again with theirs."""
        async with self._store.session(_SCOPE) as session:
            version = await changes.version(session)
            units: dict[str, Unit | None] = {}
            if since is None:
                rows: Iterable[ExtensionRow] = (await session.scalars(select(ExtensionRow))).all()
            else:
                keys = await _changed(session, since)
                units |= {f"{_EXTENSIONS}:{key}": None for key in keys}
                rows = await _rows(session, keys)
            tenants = (await session.scalars(select(Tenant.id))).all()
        units |= await asyncio.to_thread(self._compiled, rows)
        units |= _test_numbers(tenants)
        return Batch(version, units, is_full=since is None)

    def _compiled(self, rows: Iterable[ExtensionRow]) -> Mapping[str, Unit]:
        return {f"{_EXTENSIONS}:{row.id}": extensions.published(row, self._box, self._sip) for row in rows}


async def _changed(session: AsyncSession, since: int) -> list[int]:
    query = select(ChangeEntry.row_key).where(ChangeEntry.change_id > since, ChangeEntry.table_name == _EXTENSIONS)
    return sorted(set(await session.scalars(query)))


async def _rows(session: AsyncSession, keys: list[int]) -> list[ExtensionRow]:
    rows: list[ExtensionRow] = []
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = keys[start : start + _KEYS_AT_ONCE]
        rows += await session.scalars(select(ExtensionRow).where(ExtensionRow.id.in_(some)))
    return rows


def _test_numbers(tenants: Iterable[int]) -> dict[str, Unit | None]:
    value = msgspec.json.encode(TestRoute())
    return {
        f"testcalls:{tenant}": Unit(routes=tuple(Route(tenant, each.number, each.kind, value) for each in TEST_NUMBERS))
        for tenant in tenants
    }
