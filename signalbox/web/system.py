"""What an operator and a supervisor ask of the whole: how to connect a phone, whether we live, the end of a call."""

import logging
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import PathParameter

from signalbox.kernel.errors import NotFoundError
from signalbox.kernel.link import LinkClient
from signalbox.settings import Settings
from signalbox.store.database import Store
from signalbox.store.scope import Scope
from signalbox.web.access import PUBLIC, SignedIn
from signalbox.web.addresses import is_loopback, own_host
from signalbox.web.given import Given
from signalbox.web.relay import Relay
from signalbox.web.status import status, stored_view

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
    stored = await stored_view(store, Scope.everything("readiness belongs to no tenant"))
    return Response(Readiness(stored.up, relay.link.is_up), status_code=200 if stored.up else 503)


ROUTES = (status, hang_up, connection)
"""Those under ``/api/v1``."""
