"""The FastAGI server: one session for each call script. What a script does is not here.

AGI has no authentication, so only loopback is listened on and every peer's address is checked. Sessions are bounded:
past the limit a connection is closed at once, and the dialplan follows its fallback.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import cast

from signalbox.engine.agi.codec import TRYING, AgiCodec, AgiReply, AgiRequest, ReplyCode, encode_command
from signalbox.engine.errors import EngineLostError, EngineRejectedError, HungUpError, ProtocolError
from signalbox.kernel.tasks import TaskSet

LOOPBACK = "127.0.0.1"
MAX_SESSIONS = 4000
REQUEST_WITHIN_S = 2.0
BACKLOG = 1024

_log = logging.getLogger(__name__)

AgiHandler = Callable[["AgiSession"], Awaitable[None]]


class AgiSession(asyncio.Protocol):
    """One channel in one script: ``request``, and ``command`` until the channel or Asterisk is gone.

    ``on_over`` is called with what the next command would raise when the end comes while no command waits for it.
    """

    request: AgiRequest

    def __init__(self, server: "AgiServer") -> None:
        self._server = server
        self._codec = AgiCodec()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[AgiReply] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._ended: type[HungUpError] | type[EngineLostError] | None = None
        self.on_over: Callable[[HungUpError | EngineLostError], None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether no further command can be sent."""
        return self._ended is not None

    @property
    def _peer(self) -> object:
        return self._transport.get_extra_info("peername") if self._transport is not None else None

    async def command(self, *words: str) -> AgiReply:
        """Send one command and wait for its answer, however long the verb runs.

        A ``result=-1`` of EXEC is returned: after an answered Dial it does not mean that the caller is gone. Raises
        ``HungUpError``, ``EngineLostError``, ``UnsafeFieldError``, and ``EngineRejectedError`` for a command that
        Asterisk does not know or that is badly formed.
        """
        if self._ended is not None:
            raise self._ended(words[0])
        if self._waiting is not None:
            raise RuntimeError("an AGI session runs one command at a time")
        line = encode_command(words)
        assert self._transport is not None
        self._waiting = self._server.loop.create_future()
        self._transport.write(line)
        try:
            reply = await self._waiting
        except asyncio.CancelledError:
            # The answer would be taken for that of the next command.
            self._finish(EngineLostError)
            raise
        finally:
            self._waiting = None
        if reply.code == ReplyCode.DONE and (reply.result != "-1" or words[0] in _MINUS_ONE_IS_A_RESULT):
            return reply
        raise _failure(reply, words[0])

    def close(self) -> None:
        """End the session; the dialplan goes on behind its AGI line."""
        self._finish(EngineLostError)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have asyncio's methods, not its base class.
        self._transport = cast("asyncio.Transport", transport)
        if not self._server.admit(self, self._transport):
            self._ended = EngineLostError
            self._transport.abort()
            return
        self._deadline = self._server.loop.call_later(REQUEST_WITHIN_S, self._too_slow)

    def data_received(self, data: bytes) -> None:
        if self._ended is not None:
            return
        self._codec.feed(data)
        try:
            for event in self._codec.events():
                if type(event) is AgiReply:
                    self._answered(event)
                elif type(event) is AgiRequest:
                    self._begin(event)
                elif event is TRYING:
                    self._acknowledge()
                else:
                    self._finish(HungUpError, close=False)
                    return
        except ProtocolError as error:
            _log.warning("agi_protocol_error peer=%s error=%s", self._peer, error)
            self._finish(EngineLostError)

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(EngineLostError)
        self._server.release(self)

    def _begin(self, request: AgiRequest) -> None:
        assert self._deadline is not None
        self._deadline.cancel()
        self.request = request
        self._server.run(self)

    def _answered(self, reply: AgiReply) -> None:
        waiting = self._waiting
        if waiting is not None and waiting.cancelled():
            return  # the script was cancelled a moment ago and is about to close the session
        if waiting is None or waiting.done():
            raise ProtocolError("an answer that nobody asked for")
        waiting.set_result(reply)

    def _acknowledge(self) -> None:
        """Acknowledge at once: Asterisk's second line waits for it (Nagle), and the kernel would take 40 ms."""
        assert self._transport is not None
        # Family, kind and protocol are named, or Python would ask the kernel for each.
        handle = self._transport.get_extra_info("socket").fileno()
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, handle)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        finally:
            sock.detach()

    def _too_slow(self) -> None:
        _log.warning("agi_request_late peer=%s within_s=%s", self._peer, REQUEST_WITHIN_S)
        self._finish(EngineLostError)

    def _finish(self, ended: type[HungUpError] | type[EngineLostError], *, close: bool = True) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if close and self._transport is not None:
            self._transport.close()
        if self._ended is not None:
            return
        self._ended = ended
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ended("in the middle of a command"))
        elif self.on_over is not None:
            self.on_over(ended("between two commands"))


_MINUS_ONE_IS_A_RESULT = frozenset({"EXEC", "GOSUB", "CHANNEL"})


def _failure(reply: AgiReply, verb: str) -> Exception:
    if reply.code in (ReplyCode.DONE, ReplyCode.DEAD_CHANNEL):
        return HungUpError(verb)
    return EngineRejectedError(f"{verb}: {reply.code} {reply.data}")


class AgiServer:
    """Listen on loopback and run ``handler`` once for each session; a handler that returns closes its session.

    With ``reuse_port`` a successor may listen on the same port while this process drains.
    """

    def __init__(
        self,
        port: int,
        handler: AgiHandler,
        *,
        reuse_port: bool = True,
        max_sessions: int = MAX_SESSIONS,
    ) -> None:
        self.port = port
        self.refused = 0
        self._handler = handler
        self._reuse_port = reuse_port
        self._max_sessions = max_sessions
        self._sessions: set[AgiSession] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._tasks = TaskSet()
        self._server: asyncio.Server | None = None
        self.loop: asyncio.AbstractEventLoop

    @property
    def sessions(self) -> int:
        """How many channels are in a script now."""
        return len(self._sessions)

    async def start(self) -> None:
        """Listen; port 0 takes a free one, which is then ``port``."""
        self.loop = asyncio.get_running_loop()
        self._server = await self.loop.create_server(
            lambda: AgiSession(self), LOOPBACK, self.port, reuse_port=self._reuse_port, backlog=BACKLOG
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def stop_listening(self) -> None:
        """Leave new calls to a successor; sessions go on."""
        if self._server is not None:
            self._server.close()

    async def drain(self, within_s: float) -> int:
        """Wait until every session has ended, at most ``within_s``; gives how many are left."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._empty.wait()
        return len(self._sessions)

    async def stop(self) -> None:
        """Stop listening and end every session."""
        self.stop_listening()
        await self._tasks.stop()
        for session in tuple(self._sessions):
            session.close()

    def admit(self, session: AgiSession, transport: asyncio.Transport) -> bool:
        """Take a session in, unless it comes from elsewhere or there are too many."""
        peer = transport.get_extra_info("peername")
        if not peer or peer[0] != LOOPBACK or len(self._sessions) >= self._max_sessions:
            self.refused += 1
            _log.warning("agi_refused peer=%s sessions=%d", peer, len(self._sessions))
            return False
        self._sessions.add(session)
        self._empty.clear()
        return True

    def run(self, session: AgiSession) -> None:
        """Start the script of a session whose request has come."""
        self._tasks.start(self._script(session), session.request.uniqueid)

    def release(self, session: AgiSession) -> None:
        self._sessions.discard(session)
        if not self._sessions:
            self._empty.set()

    async def _script(self, session: AgiSession) -> None:
        try:
            await self._handler(session)
        except (HungUpError, EngineLostError):
            _log.debug("agi_script_left channel=%s", session.request.channel_name)
        finally:
            session.close()
