"""A manager that tests steer: it plays Asterisk over a real socket."""

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Self

Reply = Callable[["Manager", dict[str, str]], bytes | None]

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
BOOTED = b"Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n"


def response(action: dict[str, str], *fields: str, kind: str = "Success") -> bytes:
    lines = [f"Response: {kind}", f"ActionID: {action['ActionID']}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def accepting(manager: "Manager", action: dict[str, str]) -> bytes | None:
    """Answer everything with success."""
    return response(action) + (BOOTED if action["Action"] == "Login" else b"")


class Manager:
    """Listen and answer each action by ``reply``; ``actions`` keeps what came."""

    def __init__(self, reply: Reply = accepting, banner: bytes = BANNER) -> None:
        self.reply = reply
        self.banner = banner
        self.actions: list[dict[str, str]] = []
        self.connections = 0
        self.port = 0
        self.heard = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self.drop()
            await self._server.wait_closed()
            self._server = None

    def send(self, content: bytes) -> None:
        for writer in self._writers:
            writer.write(content)

    def drop(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        writer.write(self.banner)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                block = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = dict(line.split(": ", 1) for line in block.strip().split("\r\n"))
                self.actions.append(action)
                self.heard.set()
                if (answer := self.reply(self, action)) is not None:
                    writer.write(answer)
        self._writers.discard(writer)
        writer.close()
