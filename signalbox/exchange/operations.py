"""What our other processes may ask of the exchange over its socket. The table is in docs/design/runtime.md."""

import os
from collections.abc import Callable

import msgspec

from signalbox.calls.call import Step
from signalbox.engine.ami.link import AmiLink
from signalbox.engine.errors import EngineError
from signalbox.exchange.boardlink import BoardLink
from signalbox.exchange.publishing import NotPublishedError, Publishing
from signalbox.kernel.link import Handler, LinkError, LinkPeer
from signalbox.live.feed import Feed, Subscription
from signalbox.live.fold import Board

TOPIC = "board"


class Status(msgspec.Struct, frozen=True):
    """How the exchange is; ``problems`` are sentences for the operator, none when all is well.

    ``journal_problem`` is the one of them that says why the journal of call scripts cannot be written.
    """

    ami: str
    published: int
    calls: int
    scripts: int
    pid: int
    problems: tuple[str, ...]
    journal_problem: str


class Contact(msgspec.Struct, frozen=True):
    """Where a device is registered."""

    endpoint: str
    uri: str


class _Position(msgspec.Struct):
    epoch: str = ""
    seq: int = -1


class _Call(msgspec.Struct):
    call_id: str


class _Target(msgspec.Struct):
    call_id: str = ""
    endpoint: str = ""


class Operations:
    """Answer each operation from the parts it needs."""

    def __init__(
        self,
        ami: AmiLink,
        board: Board,
        board_link: BoardLink,
        feed: Feed,
        publishing: Publishing,
        *,
        steps_of: Callable[[str], list[Step]],
        scripts: Callable[[], int],
        problems: Callable[[], tuple[str, ...]],
        journal_problem: Callable[[], str],
    ) -> None:
        self._ami = ami
        self._board = board
        self._board_link = board_link
        self._feed = feed
        self._publishing = publishing
        self._steps_of = steps_of
        self._scripts = scripts
        self._problems = problems
        self._journal_problem = journal_problem

    def handlers(self) -> dict[str, Handler]:
        """Name every operation."""
        return {
            "board.subscribe": self._subscribe,
            "publish": self._publish,
            "call.ladder": self._ladder,
            "call.hangup": self._hang_up,
            "status": self._status,
            "contacts": self._contacts,
        }

    async def _subscribe(self, args: msgspec.Raw, peer: LinkPeer) -> Subscription:
        # Without an await: the answer is written before any later delta.
        wanted = msgspec.json.decode(args, type=_Position)
        subscription = self._feed.subscribe(wanted.epoch, wanted.seq)
        peer.topics.add(TOPIC)
        return subscription

    async def _publish(self, _args: msgspec.Raw, _peer: LinkPeer) -> dict[str, int]:
        try:
            return {"version": await self._publishing.publish()}
        except NotPublishedError as error:
            raise LinkError(error.code, str(error)) from error

    async def _ladder(self, args: msgspec.Raw, _peer: LinkPeer) -> dict[str, list[Step]]:
        return {"steps": self._steps_of(msgspec.json.decode(args, type=_Call).call_id)}

    async def _hang_up(self, args: msgspec.Raw, _peer: LinkPeer) -> dict[str, int]:
        target = msgspec.json.decode(args, type=_Target)
        if bool(target.call_id) == bool(target.endpoint):
            raise LinkError("bad_arguments", "name a call_id or an endpoint")
        channels = (
            self._board.channels_of_call(target.call_id)
            if target.call_id
            else self._board.channels_of_endpoint(target.endpoint)
        )
        try:
            return {"channels": await self._board_link.hang_up(self._ami, channels)}
        except EngineError as error:
            raise LinkError("engine_unavailable", str(error)) from error

    async def _status(self, _args: msgspec.Raw, _peer: LinkPeer) -> Status:
        return Status(
            ami=self._ami.state.value,
            published=self._publishing.version,
            calls=self._board.call_count,
            scripts=self._scripts(),
            pid=os.getpid(),
            problems=self._problems(),
            journal_problem=self._journal_problem(),
        )

    async def _contacts(self, _args: msgspec.Raw, _peer: LinkPeer) -> dict[str, list[Contact]]:
        return {"contacts": [Contact(endpoint, uri) for endpoint, uri in self._board.registrations()]}
