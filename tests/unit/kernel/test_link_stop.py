"""A link server that stops lets go of its peers without a word in the log."""

import asyncio
import logging
from pathlib import Path

import msgspec
import pytest

from signalbox.kernel.link import LinkClient, LinkPeer, LinkServer


async def _status(_args: msgspec.Raw, _peer: LinkPeer) -> dict[str, int]:
    return {"pid": 1}


def test_a_stopped_server_leaves_no_connection_and_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        server = LinkServer(tmp_path / "s", {"status": _status})
        await server.start()
        up, down = asyncio.Event(), asyncio.Event()

        async def on_up() -> None:
            up.set()

        client = LinkClient(tmp_path / "s", on_up=on_up, on_down=down.set)
        await client.start()
        async with asyncio.timeout(5):
            await up.wait()
            assert await client.request("status") == {"pid": 1}
            await server.stop()
            await down.wait()
        await client.stop()

    with caplog.at_level(logging.WARNING):
        asyncio.run(scene())
    assert caplog.records == []
