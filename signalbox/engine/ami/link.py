"""The connection to Asterisk's manager: log in, keep it alive, rebuild it, and ask. Which events mean what is not here.

States go connecting, handshaking, syncing, live, and after any loss backing off and again. It is ``live`` only after
``on_sync`` has taken a fresh snapshot; events that arrive meanwhile are given to ``on_event`` in their order.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import cast

from signalbox.engine.ami.codec import AmiCodec, AmiMessage, Fields, encode_action
from signalbox.engine.errors import EngineError, EngineRejectedError, EngineUnavailableError, ProtocolError
from signalbox.kernel.tasks import TaskSet

MAX_IN_FLIGHT = 4096
MAX_LISTED = 100_000
CONNECT_WITHIN_S = 2.0
LOGIN_WITHIN_S = 5.0
BOOT_WITHIN_S = 60.0  # 20,000 endpoints take about 20 s
SYNC_WITHIN_S = 30.0
PING_EVERY_S = 5.0
PING_WITHIN_S = 5.0
FIRST_DELAY_S = 0.05
LONGEST_DELAY_S = 0.5
GATHER_S = 0.025
"""How long events gather in the kernel after a read, to be read together: a call's nine come one by one, and waking for
each costs more than the event does. Not while an answer is awaited; the first event after a silence is read at once."""
REFUSED_DELAY_S = 5.0

_log = logging.getLogger(__name__)


class LinkState(StrEnum):
    """Where the link stands; only ``live`` can be trusted to show the truth."""

    CONNECTING = "connecting"
    HANDSHAKING = "handshaking"
    SYNCING = "syncing"
    LIVE = "live"
    BACKING_OFF = "backing_off"
    STOPPED = "stopped"


AmiResponse = AmiMessage
"""A message whose ``Response`` is a success; ``get("Message")`` is Asterisk's text."""


class _Asked:
    """One action in flight; ``listed`` collects the events of a list action."""

    __slots__ = ("done", "listed", "response")

    def __init__(self, done: asyncio.Future[AmiMessage], listed: list[AmiMessage] | None) -> None:
        self.done = done
        self.listed = listed
        self.response: AmiMessage | None = None


class _Connection(asyncio.Protocol):
    """One TCP connection's life: match answers to actions, pass the rest on."""

    def __init__(self, on_event: Callable[[AmiMessage], None]) -> None:
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = loop.create_future()
        self.booted: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._on_event = on_event
        self._codec = AmiCodec()
        self._asked: dict[str, _Asked] = {}
        self._last_id = 0
        self._transport: asyncio.Transport | None = None
        self._resting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have asyncio's methods, not its base class.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._take(data)
        if not self._asked and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
            self._resting = self._loop.call_later(GATHER_S, self._read_on)

    def _read_on(self) -> None:
        if self._resting is None:
            return
        self._resting.cancel()
        self._resting = None
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _take(self, data: bytes) -> None:
        self._codec.feed(data)
        try:
            for message in self._codec.messages():
                self._received(message)
        except ProtocolError as error:
            _log.warning("ami_protocol_error error=%s", error)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._read_on()
        for asked in self._asked.values():
            if not asked.done.done():
                asked.done.set_exception(EngineUnavailableError("the AMI connection was lost"))
        self._asked.clear()
        for waiting in (self.lost, self.booted):
            if not waiting.done():
                waiting.set_result(None)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, name: str, fields: Fields, timeout_s: float, listed: list[AmiMessage] | None) -> AmiMessage:
        if self._transport is None or self._transport.is_closing():
            raise EngineUnavailableError("no AMI connection")
        if len(self._asked) >= MAX_IN_FLIGHT:
            raise EngineUnavailableError(f"more than {MAX_IN_FLIGHT} AMI actions unanswered")
        self._last_id += 1
        action_id = str(self._last_id)
        packed = encode_action(name, action_id, fields)
        asked = self._asked[action_id] = _Asked(self._loop.create_future(), listed)
        self._transport.write(packed)
        self._read_on()
        late = self._loop.call_later(timeout_s, _too_late, asked, name, timeout_s)
        try:
            return await asked.done
        finally:
            late.cancel()
            self._asked.pop(action_id, None)

    def _received(self, message: AmiMessage) -> None:
        fields = message.fields
        action_id = fields.get("ActionID")
        if "Event" not in fields:
            asked = self._asked.get(action_id or "")
            if asked is not None:
                _answer(asked, message)
            return
        if action_id is not None and (asked := self._asked.get(action_id)) is not None and asked.listed is not None:
            _collect(asked, message)
            return
        if fields["Event"] == "FullyBooted" and not self.booted.done():
            self.booted.set_result(None)
        self._on_event(message)


def _answer(asked: _Asked, message: AmiMessage) -> None:
    if asked.done.done():
        return
    if message.fields.get("Response") == "Error":
        asked.done.set_exception(EngineRejectedError(message.get("Message", "refused")))
    elif asked.listed is None:
        asked.done.set_result(message)
    else:
        asked.response = message


def _collect(asked: _Asked, message: AmiMessage) -> None:
    if asked.done.done() or asked.listed is None:
        return
    if message.fields.get("EventList") == "Complete":
        asked.done.set_result(asked.response or message)
    elif len(asked.listed) >= MAX_LISTED:
        asked.done.set_exception(EngineUnavailableError(f"a list longer than {MAX_LISTED}"))
    else:
        asked.listed.append(message)


def _too_late(asked: _Asked, name: str, timeout_s: float) -> None:
    if not asked.done.done():
        asked.done.set_exception(EngineUnavailableError(f"{name}: no answer within {timeout_s} s"))


class AmiLink:
    """Keep one manager connection for ever.

    ``on_event`` gets every event that no list action asked for and must neither block nor raise. ``on_sync`` runs on
    each new connection before it counts as live. ``on_state`` hears each change of state.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        on_event: Callable[[AmiMessage], None] = lambda _message: None,
        *,
        on_sync: Callable[["AmiLink"], Awaitable[None]] | None = None,
        on_state: Callable[[LinkState], None] = lambda _state: None,
    ) -> None:
        self.state = LinkState.STOPPED
        self._address = (host, port)
        self._credentials = {"Username": username, "Secret": secret}
        self._on_event = on_event
        self._on_sync = on_sync
        self._on_state = on_state
        self._connection: _Connection | None = None
        self._live = asyncio.Event()
        self._tasks = TaskSet()

    async def start(self) -> None:
        """Begin connecting in the background."""
        self._tasks.start(self._run(), "ami link")

    async def stop(self) -> None:
        """Close the connection; actions in flight fail with ``EngineUnavailableError``."""
        await self._tasks.stop()
        self._enter(LinkState.STOPPED)

    async def wait_live(self, timeout_s: float) -> None:
        """Wait until a snapshot was folded in. Raises ``EngineUnavailableError``."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._live.wait()
        except TimeoutError as error:
            raise EngineUnavailableError(f"AMI not live within {timeout_s} s") from error

    async def action(self, name: str, fields: Fields = (), timeout_s: float = 5.0) -> AmiResponse:
        """Send one action and wait for its response, which says accepted, never done.

        Raises ``EngineRejectedError``, ``EngineUnavailableError`` or ``UnsafeFieldError``.
        """
        return await self._connected().ask(name, fields, timeout_s, None)

    async def collect(self, name: str, fields: Fields = (), timeout_s: float = 10.0) -> list[AmiMessage]:
        """Send a list action and give its events without the closing one; raises as ``action``."""
        listed: list[AmiMessage] = []
        await self._connected().ask(name, fields, timeout_s, listed)
        return listed

    def rebuild(self) -> None:
        """Drop the connection and take a fresh snapshot on a new one: after any doubt about the live picture."""
        if self._connection is not None:
            self._connection.close()

    def _connected(self) -> _Connection:
        if self._connection is None:
            raise EngineUnavailableError("no AMI connection")
        return self._connection

    def _enter(self, state: LinkState) -> None:
        if state is self.state:
            return
        self.state = state
        if state is LinkState.LIVE:
            self._live.set()
        else:
            self._live.clear()
        self._on_state(state)

    async def _run(self) -> None:
        delay_s = 0.0
        while True:
            if delay_s:
                self._enter(LinkState.BACKING_OFF)
                await asyncio.sleep(delay_s)
            was_live, refused = await self._connect_once()
            if refused:
                delay_s = REFUSED_DELAY_S
            elif was_live:
                delay_s = 0.0
            else:
                delay_s = min(max(delay_s * 2, FIRST_DELAY_S), LONGEST_DELAY_S)

    async def _connect_once(self) -> tuple[bool, bool]:
        """Live one connection through; tells whether it was live and whether the login was refused."""
        self._enter(LinkState.CONNECTING)
        connection = _Connection(self._on_event)
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                await asyncio.get_running_loop().create_connection(lambda: connection, *self._address)
            self._connection = connection
            self._enter(LinkState.HANDSHAKING)
            await self._log_in(connection)
            self._enter(LinkState.SYNCING)
            if self._on_sync is not None:
                async with asyncio.timeout(SYNC_WITHIN_S):
                    await self._on_sync(self)
            self._enter(LinkState.LIVE)
            await self._watch(connection)
        except EngineRejectedError as error:
            _log.error("ami_refused state=%s error=%s", self.state, error)
            return False, self.state is LinkState.HANDSHAKING
        except (OSError, TimeoutError, EngineError) as error:
            _log.log(logging.WARNING if self.state is LinkState.LIVE else logging.DEBUG, "ami_lost error=%s", error)
        finally:
            connection.close()
            self._connection = None
        return self.state is LinkState.LIVE, False

    async def _log_in(self, connection: _Connection) -> None:
        await connection.ask("Login", self._credentials, LOGIN_WITHIN_S, None)
        async with asyncio.timeout(BOOT_WITHIN_S):
            await connection.booted

    async def _watch(self, connection: _Connection) -> None:
        """Ping until the connection is lost: a frozen Asterisk keeps its socket open."""
        while not connection.lost.done():
            await connection.ask("Ping", (), PING_WITHIN_S, None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PING_EVERY_S):
                    await asyncio.shield(connection.lost)
        raise EngineUnavailableError("the AMI connection was lost")
