"""The state of every part as this process sees it, and the alarms that follow from it."""

import asyncio
import logging
import shutil
from datetime import datetime
from typing import TypeVar

import msgspec
from cryptography import x509
from litestar import get
from sqlalchemy import func, select

from signalbox import __version__
from signalbox.kernel.link import LinkClient, LinkDownError, LinkError
from signalbox.live.model import EngineView
from signalbox.settings import Settings
from signalbox.store.database import Store
from signalbox.store.errors import StoreError
from signalbox.store.scope import Scope
from signalbox.store.tables import ChangeSet
from signalbox.web.alarms import Alarm, ExchangeView, Machine, StoreView, WorkerView, alarms
from signalbox.web.given import Given
from signalbox.web.relay import Relay

_PART_ANSWER_S = 2.0
_STORE_ANSWER_S = 3.0
_MB = 1024 * 1024
_log = logging.getLogger(__name__)


class StatusView(msgspec.Struct):
    """Every part of the system as this process sees it; ``alarms`` is empty when all is well."""

    version: str
    engine: EngineView
    exchange: ExchangeView
    worker: WorkerView
    store: StoreView
    alarms: list[Alarm]


_Part = TypeVar("_Part", ExchangeView, WorkerView)


@get("/status", summary="State of every part", tags=["System"])
async def status(
    settings: Given[Settings],
    store: Given[Store],
    tenants: Given[Scope],
    relay: Given[Relay],
    worker_link: Given[LinkClient],
) -> StatusView:
    """Answer always, also while parts are away: that is when one looks."""
    exchange, worker, stored, machine = await asyncio.gather(
        _part(relay.link, ExchangeView),
        _part(worker_link, WorkerView),
        stored_view(store, tenants),
        asyncio.to_thread(_machine, settings),
    )
    engine = relay.board.engine
    waiting_since = None
    if exchange.up and stored.up and exchange.published < stored.version:
        waiting_since = await _oldest_after(store, tenants, exchange.published)
    found = alarms(engine, exchange, worker, stored, machine, waiting_since=waiting_since, now=store.clock.now())
    return StatusView(__version__, engine, exchange, worker, stored, found)


async def _part(link: LinkClient, kind: type[_Part]) -> _Part:
    try:
        found: _Part = await link.request("status", result=kind, timeout_s=_PART_ANSWER_S)
    except (LinkDownError, LinkError, msgspec.ValidationError) as error:
        _log.info("part_away part=%s error=%s", kind.__name__, error)
        return kind()
    return msgspec.structs.replace(found, up=True)


async def stored_view(store: Store, tenants: Scope) -> StoreView:
    """Tell whether the database answers, and its newest change set."""
    try:
        async with asyncio.timeout(_STORE_ANSWER_S), store.session(tenants) as session:
            version = await session.scalar(select(func.max(ChangeSet.id)))
    except (StoreError, TimeoutError) as error:
        return StoreView(False, store.kind, problem=str(error))
    return StoreView(True, store.kind, version or 0)


async def _oldest_after(store: Store, tenants: Scope, version: int) -> datetime | None:
    newer = select(ChangeSet.at).where(ChangeSet.id > version).order_by(ChangeSet.id).limit(1)
    try:
        async with asyncio.timeout(_STORE_ANSWER_S), store.session(tenants) as session:
            return await session.scalar(newer)
    except (StoreError, TimeoutError) as error:
        _log.info("status_incomplete error=%s", error)
        return None


def _machine(settings: Settings) -> Machine:
    free = shutil.disk_usage(settings.data).free
    try:
        pem = settings.paths.server_cert.read_bytes()
        ends_at = x509.load_pem_x509_certificate(pem).not_valid_after_utc
    except (OSError, ValueError) as error:
        _log.info("status_incomplete error=%s", error)
        ends_at = None
    return Machine(free < settings.retention.min_free_mb * _MB, ends_at)
