"""What an operator and a supervisor ask of the whole: status, how to connect a phone, whether we live."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request, Response, get, post
from litestar.params import PathParameter
from sqlalchemy import func, select

from signalbox import __version__
from signalbox.kernel.errors import NotFoundError
from signalbox.kernel.link import LinkClient, LinkDownError, LinkError
from signalbox.live.model import EngineView
from signalbox.settings import Settings
from signalbox.store.database import Store
from signalbox.store.errors import StoreError
from signalbox.store.scope import Scope
from signalbox.store.tables import ChangeSet
from signalbox.web.access import PUBLIC, SignedIn
from signalbox.web.addresses import is_loopback, own_host
from signalbox.web.given import Given
from signalbox.web.relay import Relay

_PART_ANSWER_S = 2.0
_STORE_ANSWER_S = 3.0
_log = logging.getLogger(__name__)
_AnyRequest = Request[Any, Any, Any]

CallIdPath = Annotated[str, PathParameter(max_length=80, pattern="^[A-Za-z0-9._-]+$")]


class DialHint(msgspec.Struct, frozen=True):
    """A number that one may dial to try a phone."""

    number: str
    what: str


@dataclass(frozen=True, slots=True)
class DialHints:
    """The numbers that the features offer for trying."""

    hints: tuple[DialHint, ...]


class ExchangeView(msgspec.Struct):
    """The exchange's own word; ``up`` is false while it does not answer."""

    up: bool = False
    ami: str = ""
    published: int = 0
    calls: int = 0
    pid: int = 0


class WorkerView(msgspec.Struct):
    """The worker's own word: call records still open, events imported since its start, whether the disk is short."""

    up: bool = False
    pid: int = 0
    open_calls: int = 0
    imported: int = 0
    disk_short: bool = False
    trace_paused: bool = False


class StoreView(msgspec.Struct):
    """The database: its kind, and the newest change set, which ``exchange.published`` follows."""

    up: bool
    kind: str
    version: int = 0
    problem: str = ""


class StatusView(msgspec.Struct):
    """Every part of the system as this process sees it."""

    version: str
    engine: EngineView
    exchange: ExchangeView
    worker: WorkerView
    store: StoreView


_Part = TypeVar("_Part", ExchangeView, WorkerView)


class SipView(msgspec.Struct):
    """Where phones register."""

    host: str
    udp: int
    tcp: int
    tls: int


class ConnectionView(msgspec.Struct):
    """What to type into a phone; ``ws_url`` works on the machine itself only, browsers allow nothing else."""

    sip: SipView
    ws_url: str
    wss_url: str
    realm: str
    dial: tuple[DialHint, ...]


class HungUp(msgspec.Struct):
    """How many channels were ended."""

    channels: int


class Readiness(msgspec.Struct):
    """Which of its parts this process can use."""

    store: bool
    exchange: bool


@get("/status", summary="State of every part", tags=["System"])
async def status(
    store: Given[Store], tenants: Given[Scope], relay: Given[Relay], worker_link: Given[LinkClient]
) -> StatusView:
    """Answer always, also while parts are away: that is when one looks."""
    exchange, worker, stored = await asyncio.gather(
        _part(relay.link, ExchangeView), _part(worker_link, WorkerView), _stored(store, tenants)
    )
    return StatusView(__version__, relay.board.engine, exchange, worker, stored)


async def _part(link: LinkClient, kind: type[_Part]) -> _Part:
    try:
        found: _Part = await link.request("status", result=kind, timeout_s=_PART_ANSWER_S)
    except (LinkDownError, LinkError, msgspec.ValidationError) as error:
        _log.info("part_away part=%s error=%s", kind.__name__, error)
        return kind()
    return msgspec.structs.replace(found, up=True)


async def _stored(store: Store, tenants: Scope) -> StoreView:
    try:
        async with asyncio.timeout(_STORE_ANSWER_S), store.session(tenants) as session:
            version = await session.scalar(select(func.max(ChangeSet.id)))
    except (StoreError, TimeoutError) as error:
        return StoreView(False, store.kind, problem=str(error))
    return StoreView(True, store.kind, version or 0)


@post("/calls/{call_id:str}/hangup", summary="End a call", status_code=200, tags=["Calls"])
async def hang_up(
    link: Given[LinkClient], relay: Given[Relay], tenants: Given[Scope], signed_in: Given[SignedIn], call_id: CallIdPath
) -> HungUp:
    """End every leg of a call in progress."""
    tenant = relay.tenant_of_call(call_id)
    if tenant is None or not tenants.holds(tenant):
        raise NotFoundError("call with this id in progress")
    ended: HungUp = await link.request("call.hangup", {"call_id": call_id}, result=HungUp)
    _log.info("call_ended_by_user call_id=%s user_id=%d channels=%d", call_id, signed_in.user_id, ended.channels)
    return ended


@get("/system/connection", summary="How to connect a phone", tags=["System"], sync_to_thread=False)
def connection(request: _AnyRequest, settings: Given[Settings], dial_hints: Given[DialHints]) -> ConnectionView:
    """Tell addresses and ports as they are reached from where this request comes from; a phone is another machine."""
    sip = settings.sip
    asked = request.base_url.hostname or "localhost"
    host = own_host(settings) if is_loopback(asked) else asked
    return ConnectionView(
        sip=SipView(_bracketed(host), sip.udp_port, sip.tcp_port, sip.tls_port),
        ws_url=f"ws://localhost:{sip.ws_port}/ws",
        wss_url=f"wss://{_bracketed(asked)}:{sip.wss_port}/ws",
        realm=sip.realm,
        dial=dial_hints.hints,
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


@get("/healthz", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def healthz() -> dict[str, str]:
    """Answer that this process lives, whatever else does not."""
    return {"status": "ok"}


@get("/readyz", opt=PUBLIC, include_in_schema=False)
async def readyz(store: Given[Store], relay: Given[Relay]) -> Response[Readiness]:
    """Answer 200 when requests can be served; without the exchange most still can."""
    stored = await _stored(store, Scope.everything("readiness belongs to no tenant"))
    return Response(Readiness(stored.up, relay.link.is_up), status_code=200 if stored.up else 503)


ROUTES = (status, hang_up, connection)
"""Those under ``/api/v1``."""
