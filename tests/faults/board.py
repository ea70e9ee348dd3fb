"""A console's view of the board, folded from its WebSocket as a browser does."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

from tests.faults.house import House, patience


class BoardWatch:
    """Follow the board; ``lines`` and ``calls`` are what a console shows, ``engines`` every state it was told of."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.lines: dict[str, Any] = {}
        self.calls: dict[str, Any] = {}
        self.engines: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._socket = await self._connected()
        self._reading = asyncio.get_running_loop().create_task(self._read())
        await self.until(lambda: bool(self.engines), "a snapshot")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()
        await asyncio.wait([self._reading])

    async def until(self, predicate: Callable[[], bool], what: str, within_s: float = 10.0) -> None:
        """Wait until ``predicate`` holds, asked again at each message."""
        try:
            async with asyncio.timeout(patience(within_s)):
                while not predicate():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"the board did not show {what}: {self.lines} {self.calls} {self.engines}") from None

    @property
    def shown(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.lines, self.calls

    async def _connected(self) -> ClientConnection:
        house, port = self._house, self._house.settings.web.http_port
        cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in house.client.cookies.jar)
        return await connect(
            f"ws://localhost:{port}/api/v1/board",
            origin=f"http://localhost:{port}",  # type: ignore[arg-type]
            additional_headers={"Cookie": cookie},
            max_size=None,
        )

    async def _read(self) -> None:
        await self._socket.send(json.dumps({"type": "subscribe"}))
        async for raw in self._socket:
            self._take(json.loads(raw))
            self._news.set()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "snapshot":
            self.lines, self.calls = {}, {}
        if message["type"] in ("snapshot", "delta"):
            self.lines |= {f"{line['tenant']}/{line['extension']}": line for line in message.get("lines", ())}
            self.calls |= {call["call_id"]: call for call in message.get("calls", ())}
            for key in message.get("lines_gone", ()):
                self.lines.pop(key, None)
            for key in message.get("calls_gone", ()):
                self.calls.pop(key, None)
            if message.get("engine"):
                self.engines.append(message["engine"])
