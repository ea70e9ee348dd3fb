"""``/api/v1/board``: the live board on a WebSocket. See ``docs/design/runtime.md`` for its messages."""

import asyncio
import logging
from collections import deque
from typing import Any, NoReturn

import msgspec
from litestar import WebSocket, websocket

from signalbox.kernel.ids import FIRST_TENANT
from signalbox.store.database import Store
from signalbox.store.errors import StoreError
from signalbox.store.tenants import subtree
from signalbox.web.access import Accounts, AnyConnection, SignedIn, identify
from signalbox.web.boardview import Audience
from signalbox.web.errors import ApiError
from signalbox.web.given import Given
from signalbox.web.relay import Console, Relay

ABORT = "signalbox.abort"
"""ASGI extension of our server's WebSocket protocol: drop the connection without waiting for what is unsent."""

SEND_S = 5.0
"""A console that takes nothing for so long is dropped."""

BEAT_S = 1.0
"""After so long a silence a beat is sent, so that a page can tell a quiet board from a dead line."""

SESSION_CHECK_S = 5.0
_FIRST_WORD_S = 10.0
_MAX_MESSAGES, _WITHIN_S = 20, 10.0

MAX_CONSOLES = 500
"""For one process; each may hold a mebibyte that was not read."""

SESSION_ENDED, POLICY, SLOW = 4401, 1008, 1013
_log = logging.getLogger(__name__)
_AnySocket = WebSocket[Any, Any, Any]


class _Subscribe(msgspec.Struct, tag_field="type", tag="subscribe"):
    pass


class _Resume(msgspec.Struct, tag_field="type", tag="resume"):
    epoch: str
    seq: int


_decoder: "msgspec.json.Decoder[_Subscribe | _Resume]" = msgspec.json.Decoder(_Subscribe | _Resume)


class _Close(Exception):  # noqa: N818  how a loop of one socket ends, not an error
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@websocket("/api/v1/board")
async def board(socket: _AnySocket, relay: Given[Relay], accounts: Given[Accounts], store: Given[Store]) -> None:
    """Send the board, then every change to it, until the console goes, is too slow, or its session ends."""
    who: SignedIn = socket.scope["user"]
    scope = await subtree(store, who.tenant)
    # The first tenant is the root of the tree: its people see tenants that are made after they connected, too.
    audience = Audience(None if who.tenant == FIRST_TENANT else frozenset(scope.tenants))
    console = Console(audience, who.csrf_token)
    await socket.accept()
    if len(relay.consoles) >= MAX_CONSOLES:
        await _close(socket, _Close(SLOW, "too many consoles"))
        return
    relay.consoles.add(console)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_send(socket, console, relay))
            group.create_task(_watch_session(socket, accounts))
            await _receive(socket, console, relay)
    except* _Close as closed:
        close = closed.exceptions[0]
        assert isinstance(close, _Close)
        await _close(socket, close)
    finally:
        relay.consoles.discard(console)


async def _receive(socket: _AnySocket, console: Console, relay: Relay) -> NoReturn:
    times: deque[float] = deque(maxlen=_MAX_MESSAGES)
    loop = asyncio.get_running_loop()
    while True:
        try:
            async with asyncio.timeout(None if console.is_following else _FIRST_WORD_S):
                message = await socket.receive()
        except TimeoutError:
            raise _Close(POLICY, "say subscribe or resume") from None
        if message["type"] == "websocket.disconnect":
            raise _Close(0, "gone")
        if len(times) == _MAX_MESSAGES and loop.time() - times[0] < _WITHIN_S:
            raise _Close(POLICY, "too many messages")
        times.append(loop.time())
        asked = _parsed(message.get("text"))
        if isinstance(asked, _Resume):
            relay.follow(console, asked.epoch, asked.seq)
        else:
            relay.follow(console)


def _parsed(text: object) -> _Subscribe | _Resume:
    if not isinstance(text, str):
        raise _Close(POLICY, "text only")
    try:
        return _decoder.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        raise _Close(POLICY, "not a message of this socket") from None


async def _send(socket: _AnySocket, console: Console, relay: Relay) -> NoReturn:
    while True:
        try:
            async with asyncio.timeout(BEAT_S):
                text = await console.next(relay)
        except TimeoutError:
            text = f'{{"type":"beat","at_ms":{relay.now_ms()}}}'
        if not text:
            raise _Close(SESSION_ENDED, "signed out") if console.has_ended else _Close(SLOW, "too slow")
        try:
            async with asyncio.timeout(SEND_S):
                await socket.send({"type": "websocket.send", "text": text, "bytes": None})
        except TimeoutError:
            raise _Close(SLOW, "too slow") from None
        except OSError:  # how the server says that it has gone meanwhile
            raise _Close(0, "gone") from None


async def _watch_session(socket: _AnySocket, accounts: Accounts) -> NoReturn:
    while True:
        await asyncio.sleep(SESSION_CHECK_S)
        if not await _is_signed_in(socket, accounts):
            raise _Close(SESSION_ENDED, "signed out")


async def _is_signed_in(socket: AnyConnection, accounts: Accounts) -> bool:
    try:
        return await identify(socket, accounts) is not None
    except ApiError:
        return False
    except StoreError:
        return True  # the board goes on while the database is away


async def _close(socket: _AnySocket, close: _Close) -> None:
    if close.code == 0:
        return
    try:
        async with asyncio.timeout(0.5):
            await socket.send({"type": "websocket.close", "code": close.code, "reason": close.reason})
    except (TimeoutError, RuntimeError, OSError):
        _log.info("console_close_failed code=%d", close.code)
    if close.code == SLOW:
        _log.warning("console_slow client=%s", socket.scope.get("client"))
        abort: Any = (socket.scope.get("extensions") or {}).get(ABORT)
        if abort is not None:
            abort()  # what it has not read would keep the connection, and its memory, for as long as it likes
