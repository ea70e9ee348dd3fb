"""How a test phone's SIP messages travel: UDP, TCP, TLS or WebSocket. Nothing here knows what they mean."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from signalbox.features.demo.sip import Message, SipError, parsed

Received = Callable[[Message], None]


class Wire:
    """One phone's way to the exchange; ``name`` is what Via says, ``local`` its own address."""

    name = "UDP"
    local: tuple[str, int] = ("127.0.0.1", 0)

    def send(self, raw: bytes) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


class UdpWire(Wire, asyncio.DatagramProtocol):
    """Datagrams between a port of our own and the exchange."""

    def __init__(self, received: Received) -> None:
        self._received = received
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, remote: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        self._remote = remote
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self._transport = transport
        self.local = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.strip():
            self._received(parsed(data))

    def send(self, raw: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(raw, self._remote)

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class StreamWire(Wire):
    """A TCP or TLS connection; messages are framed by Content-Length."""

    def __init__(self, received: Received, tls: ssl.SSLContext | None = None) -> None:
        self._received = received
        self._tls = tls
        self.name = "TLS" if tls else "TCP"

    async def open(self, remote: tuple[str, int]) -> None:
        # Asterisk does not answer the end of a TLS session; asyncio would wait 30 s for it.
        shutdown_s = 0.2 if self._tls else None
        reader, self._writer = await asyncio.open_connection(*remote, ssl=self._tls, ssl_shutdown_timeout=shutdown_s)
        self.local = self._writer.get_extra_info("sockname")[:2]
        self._group = asyncio.get_running_loop().create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
                if not head:
                    continue
                size = re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)
                if size is None:
                    raise SipError("no Content-Length on a stream")
                self._received(parsed(head + await reader.readexactly(int(size[1]))))

    def send(self, raw: bytes) -> None:
        self._writer.write(raw)

    async def close(self) -> None:
        self._group.cancel()
        self._writer.close()
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await self._group
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class WebSocketWire(Wire):
    """SIP over WebSocket (RFC 7118), as a browser speaks it; signalling only."""

    def __init__(self, received: Received, url: str, tls: ssl.SSLContext | None = None) -> None:
        self._received = received
        self._url = url
        self._tls = tls
        self.name = "WSS" if tls else "WS"

    async def open(self) -> None:
        self._socket: ClientConnection = await connect(
            self._url, ssl=self._tls, subprotocols=[Subprotocol("sip")], close_timeout=0.2
        )
        self.local = self._socket.local_address[:2]
        self._reading = asyncio.get_running_loop().create_task(self._read())
        self._sending: set[asyncio.Task[None]] = set()

    async def _read(self) -> None:
        async for frame in self._socket:
            raw = frame.encode() if isinstance(frame, str) else frame
            if raw.strip():
                self._received(parsed(raw))

    def send(self, raw: bytes) -> None:
        task = asyncio.get_running_loop().create_task(self._socket.send(raw.decode()))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def close(self) -> None:
        if self._sending:
            await asyncio.wait(self._sending)
        await self._socket.close()
        await asyncio.wait([self._reading])
