"""A whole web process inside the test, and consoles that speak to it over real sockets."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from signalbox.kernel.tasks import TaskSet
from signalbox.settings import Settings
from signalbox.web.process import serve
from tests.web.conftest import with_session

Message = dict[str, Any]


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[None]:
    stopped, ready = asyncio.Event(), asyncio.Event()
    tasks = TaskSet()
    process = tasks.start(serve(settings, stopped, ready), "web")
    waiting = tasks.start(ready.wait(), "ready")
    await asyncio.wait({process, waiting}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if process.done():
            process.result()
        yield
    finally:
        stopped.set()
        waiting.cancel()
        await process


def plain(settings: Settings) -> str:
    return f"127.0.0.1:{settings.web.http_port}"


@contextlib.asynccontextmanager
async def signed_in(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://{plain(settings)}") as client:
        yield with_session(client)


def console(settings: Settings, client: httpx.AsyncClient, **changes: Any) -> connect:
    """Open the board as a page of this site would; ``changes`` replace the origin or headers."""
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    arguments: dict[str, Any] = {
        "origin": f"http://{plain(settings)}",
        "additional_headers": {"Cookie": cookie},
        "compression": None,
        "max_size": None,
    }
    return connect(f"ws://{plain(settings)}/api/v1/board", **(arguments | changes))


async def message(socket: ClientConnection) -> Message:
    """The next message that is not a sign of life."""
    async with asyncio.timeout(10):
        while True:
            found: Message = json.loads(await socket.recv())
            if found["type"] != "beat":
                return found


async def message_where(socket: ClientConnection, wanted: Callable[[Message], bool]) -> Message:
    """Read until ``wanted``."""
    while True:
        found = await message(socket)
        if wanted(found):
            return found


async def subscribed(socket: ClientConnection) -> Message:
    """Subscribe and wait until the engine is up in the snapshot."""
    await socket.send('{"type": "subscribe"}')
    return await message_where(socket, lambda found: found["type"] == "snapshot" and found["engine"]["up"])
