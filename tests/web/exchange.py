"""An exchange for the web's tests: the real link server, a board that the test moves."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from signalbox.kernel.link import LinkPeer, LinkServer
from signalbox.live.model import CallView, Delta, EngineView, Line, LineState, Snapshot


def line(extension: str, state: LineState = LineState.IDLE, tenant: int = 1) -> Line:
    return Line(tenant=tenant, extension=extension, name=f"Phone {extension}", state=state)


def call(call_id: str, tenant: int = 1) -> CallView:
    return CallView(call_id=call_id, tenant=tenant, started_ms=1)


class FakeExchange:
    """The test moves its board; while ``answers`` is clear it hangs.

    ``hung_up`` are the calls and endpoints it was to end.
    """

    def __init__(self, path: Path, epoch: str = "e1") -> None:
        self.epoch = epoch
        self.seq = 0
        self.lines: dict[str, Line] = {}
        self.calls: dict[str, CallView] = {}
        self.hung_up: list[str] = []
        self.subscriptions = 0
        self.published = 3
        self.journal_problem = ""
        self.answers = asyncio.Event()
        self.answers.set()
        self._server = LinkServer(
            path,
            {
                "board.subscribe": self._subscribe,
                "status": self._status,
                "call.hangup": self._hang_up,
                "publish": self._publish,
            },
        )

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()

    def move(self, *lines: Line, calls: tuple[CallView, ...] = (), gone: tuple[str, ...] = ()) -> Delta:
        """Change the board and push the delta."""
        self.seq += 1
        delta = Delta(epoch=self.epoch, seq=self.seq, at_ms=1, lines=lines, calls=calls, calls_gone=gone)
        self.lines |= {f"{each.tenant}/{each.extension}": each for each in lines}
        self.calls |= {each.call_id: each for each in calls}
        for key in gone:
            self.calls.pop(key, None)
        self._server.push("board", msgspec.json.encode(delta))
        return delta

    async def _subscribe(self, _: msgspec.Raw, peer: LinkPeer) -> Any:
        peer.topics.add("board")
        self.subscriptions += 1
        snapshot = Snapshot(
            epoch=self.epoch,
            seq=self.seq,
            at_ms=1,
            engine=EngineView(up=True, version="22.10.1", published=3),
            lines=tuple(self.lines.values()),
            calls=tuple(self.calls.values()),
        )
        return {"resumed": False, "snapshot": snapshot}

    async def _status(self, _: msgspec.Raw, __: LinkPeer) -> Any:
        await self.answers.wait()
        problem = self.journal_problem
        told = {"ami": "live", "published": self.published, "calls": len(self.calls), "pid": 42}
        return told | {"problems": [problem] if problem else [], "journal_problem": problem}

    async def _hang_up(self, args: msgspec.Raw, _: LinkPeer) -> Any:
        target = msgspec.json.decode(args)
        self.hung_up.append(target.get("call_id") or target["endpoint"])
        return {"channels": 2}

    async def _publish(self, _: msgspec.Raw, __: LinkPeer) -> Any:
        return {"version": 3}
