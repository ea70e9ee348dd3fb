"""The link between our own processes on one machine: requests, answers and pushes over a Unix socket.

Frames are a 4-byte big-endian length and JSON. Every frame, queue and wait is bounded: a peer that sends too much is
dropped, a subscriber that reads too slowly is dropped and starts again from a snapshot.
"""

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec

from signalbox.kernel.tasks import TaskSet

MAX_FRAME = 16 * 1024 * 1024
MAX_UNSENT = 8 * 1024 * 1024
_LENGTH = struct.Struct(">I")
_CREDENTIALS = struct.Struct("iII")
_log = logging.getLogger(__name__)

Handler = Callable[[msgspec.Raw, "LinkPeer"], Awaitable[Any]]


class LinkError(Exception):
    """The other side refused the request; ``code`` is stable, ``detail`` is for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class LinkDownError(Exception):
    """There is no connection, it was lost before the answer, or the answer did not come in time."""


class _Frame(msgspec.Struct, omit_defaults=True):
    id: int = 0
    op: str = ""
    args: msgspec.Raw = msgspec.Raw(b"{}")
    ok: msgspec.Raw = msgspec.Raw(b"")
    code: str = ""
    detail: str = ""
    push: str = ""
    body: msgspec.Raw = msgspec.Raw(b"")


_decode = msgspec.json.Decoder(_Frame).decode
_encode = msgspec.json.Encoder().encode


def _packed(frame: _Frame) -> bytes:
    body = _encode(frame)
    return _LENGTH.pack(len(body)) + body


def packed_push(topic: str, body: bytes) -> bytes:
    """Build a push frame once, to be written to many peers; ``body`` is JSON."""
    return _packed(_Frame(push=topic, body=msgspec.Raw(body)))


async def _frames(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncIterator[_Frame]:
    while True:
        try:
            size = _LENGTH.unpack(await reader.readexactly(4))[0]
            if size > MAX_FRAME:
                _log.warning("link_frame_too_long peer=%s size=%d", _peer_of(writer), size)
                return
            yield _decode(await reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        except (msgspec.DecodeError, RecursionError) as error:
            _log.warning("link_frame_bad peer=%s error=%s", _peer_of(writer), error)
            return


def _peer_of(writer: asyncio.StreamWriter) -> str:
    """Name the process at the other end, for the log."""
    raw = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return f"process-{_CREDENTIALS.unpack(raw)[0]}"


class LinkPeer:
    """A connected client as the server sees it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.topics: set[str] = set()

    def send(self, packed: bytes) -> None:
        """Write without waiting; a peer with more than ``MAX_UNSENT`` bytes unread is dropped."""
        if self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > MAX_UNSENT:
            _log.warning("link_peer_slow")
            self._writer.transport.abort()
            return
        self._writer.write(packed)

    def drop(self) -> None:
        """Cut the connection at once."""
        self._writer.transport.abort()


class LinkServer:
    """Answer operations by name and push topics to those who asked for them."""

    def __init__(self, path: Path, handlers: dict[str, Handler]) -> None:
        self._path = path
        self._handlers = handlers
        self._peers: set[LinkPeer] = set()
        self._tasks = TaskSet()
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen, replacing the socket of a predecessor."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        self._path.chmod(0o600)

    async def stop(self) -> None:
        """Stop listening and drop every peer."""
        if self._server is not None:
            self._server.close()
        for peer in tuple(self._peers):
            peer.drop()
        if self._serving:  # left to the loop's end they would be cancelled, which asyncio 3.11 reports as an error
            await asyncio.wait(self._serving, timeout=1.0)
        await self._tasks.stop()

    def has_readers(self, topic: str) -> bool:
        """Tell whether any peer wants ``topic``."""
        return any(topic in peer.topics for peer in self._peers)

    def push(self, topic: str, body: bytes) -> None:
        """Send ``body`` (JSON) to every peer that has ``topic`` among its topics."""
        packed = packed_push(topic, body)
        for peer in tuple(self._peers):
            if topic in peer.topics:
                peer.send(packed)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = LinkPeer(writer)
        self._peers.add(peer)
        if (task := asyncio.current_task()) is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        try:
            async for frame in _frames(reader, writer):
                self._tasks.start(self._answer(frame, peer), f"link {frame.op}")
        finally:
            self._peers.discard(peer)
            writer.close()

    async def _answer(self, frame: _Frame, peer: LinkPeer) -> None:
        handler = self._handlers.get(frame.op)
        try:
            if handler is None:
                raise LinkError("unknown_operation", frame.op)
            result = _encode(await handler(frame.args, peer))
            peer.send(_packed(_Frame(id=frame.id, ok=msgspec.Raw(result))))
        except LinkError as error:
            peer.send(_packed(_Frame(id=frame.id, code=error.code, detail=error.detail)))
        except msgspec.ValidationError as error:
            peer.send(_packed(_Frame(id=frame.id, code="bad_arguments", detail=str(error))))
        except Exception:
            _log.exception("link_operation_failed op=%s", frame.op)
            peer.send(_packed(_Frame(id=frame.id, code="internal", detail="the operation failed; see the log")))


class LinkClient:
    """Talk to a ``LinkServer``; reconnects for ever with a short back-off.

    ``on_up`` runs after each connect (subscribe there), ``on_down`` after each loss, ``on_push`` for each push.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_push: Callable[[str, msgspec.Raw], None] = lambda _topic, _body: None,
        on_up: Callable[[], Coroutine[Any, Any, None]] | None = None,
        on_down: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = path
        self._on_push = on_push
        self._on_up = on_up
        self._on_down = on_down
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._last_id = 0
        self._tasks = TaskSet()

    @property
    def is_up(self) -> bool:
        return self._writer is not None

    async def start(self) -> None:
        """Begin connecting in the background."""
        self._tasks.start(self._run(), "link client")

    async def stop(self) -> None:
        """Close the connection; requests in flight fail with ``LinkDownError``."""
        await self._tasks.stop()

    async def request(self, op: str, args: Any = None, *, result: Any = Any, timeout_s: float = 5.0) -> Any:
        """Ask and wait. Raises ``LinkError`` when refused, ``LinkDownError`` when nobody answered in time."""
        if self._writer is None:
            raise LinkDownError(op)
        self._last_id += 1
        mine = self._last_id
        future = self._waiting[mine] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(_packed(_Frame(id=mine, op=op, args=msgspec.Raw(_encode({} if args is None else args)))))
            async with asyncio.timeout(timeout_s):
                return msgspec.json.decode(await future, type=result)
        except TimeoutError as error:
            raise LinkDownError(f"{op}: no answer within {timeout_s} s") from error
        finally:
            self._waiting.pop(mine, None)

    async def _run(self) -> None:
        delay_s = 0.05
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(self._path)
            except OSError:
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, 0.5)
                continue
            delay_s = 0.05
            try:
                if self._on_up is not None:
                    self._tasks.start(self._on_up(), "link up")
                async for frame in _frames(reader, self._writer):
                    self._received(frame)
            finally:
                self._writer.close()
                self._writer = None
                for future in self._waiting.values():
                    if not future.done():
                        future.set_exception(LinkDownError("connection lost"))
                self._on_down()

    def _received(self, frame: _Frame) -> None:
        if frame.push:
            self._on_push(frame.push, frame.body)
        elif (future := self._waiting.get(frame.id)) is not None and not future.done():
            if frame.code:
                future.set_exception(LinkError(frame.code, frame.detail))
            else:
                future.set_result(frame.ok)


@contextlib.asynccontextmanager
async def connected(path: Path, within_s: float) -> AsyncIterator[LinkClient]:
    """Connect for a few questions and close afterwards. Raises ``LinkDownError`` when nobody listens in time."""
    up = asyncio.Event()

    async def on_up() -> None:
        up.set()

    client = LinkClient(path, on_up=on_up)
    await client.start()
    try:
        try:
            async with asyncio.timeout(within_s):
                await up.wait()
        except TimeoutError as error:
            raise LinkDownError(f"nobody listens on {path.name}") from error
        yield client
    finally:
        await client.stop()
