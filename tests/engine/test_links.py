"""AMI, AGI, the board and the exchange on a real Asterisk with real SIP phones."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator

import msgspec
import pytest

from signalbox.engine.agi.codec import AgiReply
from signalbox.engine.agi.server import AgiServer, AgiSession
from signalbox.engine.ami.link import AmiLink, LinkState
from signalbox.engine.configure.control import USER
from signalbox.engine.errors import EngineRejectedError, HungUpError
from signalbox.exchange.process import Exchange
from signalbox.kernel.link import LinkClient
from signalbox.live.model import CallView, Delta, LegState, Line, LineState, Snapshot
from tests.engine.asterisk import Asterisk, until
from tests.engine.conftest import Desk
from tests.engine.phones import Phone

pytestmark = pytest.mark.engine


@pytest.fixture
async def link(asterisk: Asterisk) -> AsyncIterator[AmiLink]:
    link = AmiLink("127.0.0.1", asterisk.settings.engine.ami_port, USER, asterisk.ami_secret)
    await link.start()
    await link.wait_live(10)
    yield link
    await link.stop()


@pytest.fixture
async def anna(desk: Desk) -> Phone:
    return await desk.phone("100")


@pytest.fixture
async def ben(desk: Desk) -> Phone:
    return await desk.phone("101")


class Console:
    """What a console knows: the snapshot with every delta since."""

    def __init__(self, asterisk: Asterisk) -> None:
        self.lines: dict[str, Line] = {}
        self.calls: dict[str, CallView] = {}
        self.is_up = False
        self.snapshots = 0
        self.link = LinkClient(asterisk.settings.paths.exchange_socket, on_push=self._pushed, on_up=self._subscribe)

    async def _subscribe(self) -> None:
        answer = await self.link.request("board.subscribe")
        snapshot = msgspec.convert(answer["snapshot"], Snapshot)
        self.snapshots += 1
        self.is_up = snapshot.engine.up
        self.lines = {line.extension: line for line in snapshot.lines if line.tenant == 1}
        self.calls = {call.call_id: call for call in snapshot.calls}

    def _pushed(self, _topic: str, body: msgspec.Raw) -> None:
        delta = msgspec.json.decode(body, type=Delta)
        self.lines |= {line.extension: line for line in delta.lines if line.tenant == 1}
        self.calls |= {call.call_id: call for call in delta.calls}
        for call_id in delta.calls_gone:
            self.calls.pop(call_id, None)
        if delta.engine is not None:
            self.is_up = delta.engine.up

    async def shows(self, number: str, state: LineState, *peers: str) -> Line:
        """Wait until the tile of ``number`` is so."""
        await until(
            lambda: number in self.lines and self.lines[number].state is state and self.lines[number].peers == peers,
            f"{number} {state} with {peers}",
        )
        return self.lines[number]


@pytest.fixture
async def exchange(asterisk: Asterisk) -> AsyncIterator[Exchange]:
    """An exchange without a store: it serves the last published version."""
    exchange = Exchange(asterisk.settings)
    await exchange.start()
    yield exchange
    await exchange.stop()


@pytest.fixture
async def console(asterisk: Asterisk, exchange: Exchange) -> AsyncIterator[Console]:
    console = Console(asterisk)
    await console.link.start()
    await until(lambda: console.is_up, "the board")
    yield console
    await console.link.stop()


async def test_actions_lists_and_refusals(link: AmiLink, anna: Phone) -> None:
    assert (await link.action("CoreSettings")).get("AsteriskVersion").startswith("22.")
    assert await link.collect("CoreShowChannels") == []
    contacts = await link.collect("PJSIPShowContacts")
    assert [contact.get("Endpoint") for contact in contacts] == ["100"]
    answer = await link.action("Command", {"Command": "core show version"})
    assert answer.all("Output")[0].startswith("Asterisk 22.")
    with pytest.raises(EngineRejectedError, match="No such channel"):
        await link.action("Hangup", {"Channel": "PJSIP/none-00000001"})
    with pytest.raises(EngineRejectedError):
        await link.action("NoSuchAction")


async def test_the_longest_line_that_may_be_sent_is_understood(link: AmiLink) -> None:
    field = "x" * (1022 - len("Variable: "))
    with pytest.raises(EngineRejectedError):
        await link.action("Getvar", {"Channel": "none", "Variable": field})
    assert link.state is LinkState.LIVE
    many = [("Variable", f"v{n}=1") for n in range(110)]
    with pytest.raises(EngineRejectedError):
        await link.action("Redirect", [("Channel", "none"), ("Exten", "s"), ("Context", "c"), ("Priority", "1"), *many])
    assert (await link.action("Ping")).get("Ping") == "Pong"


@pytest.mark.parametrize(
    "text",
    [
        'a "quoted" word',
        "${CHANNEL(name)}",
        "back\\slash",
        "comma,semi;pipe|&",
        "",
        " spaces  within ",
        "ünïcode",
        "x" * 1000,
    ],
)
async def test_what_a_script_sets_is_what_it_reads(asterisk: Asterisk, link: AmiLink, text: str) -> None:
    read: asyncio.Future[AgiReply] = asyncio.get_running_loop().create_future()

    async def script(session: AgiSession) -> None:
        await session.command("SET", "VARIABLE", "TRIED", text)
        read.set_result(await session.command("GET", "VARIABLE", "TRIED"))

    server = AgiServer(asterisk.settings.engine.agi_port, script)
    await server.start()
    await originate(link, "*43")
    async with asyncio.timeout(5):
        reply = await read
    await server.stop()
    assert reply.data == text


async def test_errors_gosub_and_hangup_as_asterisk_really_says_them(asterisk: Asterisk, link: AmiLink) -> None:
    ended: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
    replies: list[AgiReply] = []

    async def script(session: AgiSession) -> None:
        assert session.request.extension == "*43"
        for words in (("NOSUCH",), ("SET", "VARIABLE")):
            with pytest.raises(EngineRejectedError):
                await session.command(*words)
        replies.append(await session.command("EXEC", "NoSuchApplication", "x"))
        replies.append(await session.command("CHANNEL", "STATUS", "PJSIP/none-1"))
        await link.action("Hangup", {"Channel": session.request.channel_name})
        try:
            while True:
                await session.command("GET", "VARIABLE", "X")
        except HungUpError as error:
            ended.set_result(error)

    server = AgiServer(asterisk.settings.engine.agi_port, script)
    await server.start()
    await originate(link, "*43")
    async with asyncio.timeout(5):
        assert isinstance(await ended, HungUpError)
    await server.stop()
    assert [reply.result for reply in replies] == ["-2", "-1"]


async def originate(link: AmiLink, number: str) -> None:
    fields = {"Channel": f"Local/{number}@tenant-1", "Application": "Wait", "Data": "30", "Async": "true"}
    await link.action("Originate", fields)


@pytest.mark.requirement("PBX-DASH-05")
async def test_the_tiles_light(console: Console, desk: Desk) -> None:
    await console.shows("100", LineState.OFFLINE)
    anna, ben = await desk.phone("100"), await desk.phone("101")
    await console.shows("100", LineState.IDLE)
    call = await anna.call("101")
    rung = await ben.rings()
    await console.shows("100", LineState.CALLING, "Ben")
    await console.shows("101", LineState.RINGING, "Anna")
    await rung.answer()
    await call.answered()
    await console.shows("100", LineState.IN_CALL, "Ben")
    await call.hold()
    line = await console.shows("100", LineState.ON_HOLD, "Ben")
    shown = console.calls[line.call_id]
    assert shown.dialled == "101"
    assert [leg.state for leg in shown.legs] == [LegState.HELD, LegState.UP]
    await call.resume()
    await console.shows("100", LineState.IN_CALL, "Ben")
    await call.hang_up()
    await console.shows("101", LineState.IDLE)
    assert console.calls == {}


async def test_a_restart_in_the_middle_of_a_hold(
    asterisk: Asterisk, exchange: Exchange, console: Console, anna: Phone, ben: Phone
) -> None:
    call = await anna.call("101")
    rung = await ben.rings()
    await rung.answer()
    await call.answered()
    await call.hold()
    before = await console.shows("100", LineState.ON_HOLD, "Ben")
    await until(lambda: before.call_id.encode() in remembered(asterisk), "the call is remembered")
    calls = dict(console.calls)
    await exchange.stop()
    console.calls.clear()
    successor = Exchange(asterisk.settings)
    await successor.start()
    try:
        await until(lambda: console.snapshots == 2 and console.is_up, "the successor's board")
        assert await console.shows("100", LineState.ON_HOLD, "Ben") == before
        assert console.calls == calls
        await call.resume()
        await console.shows("100", LineState.IN_CALL, "Ben")
        assert (await console.link.request("call.hangup", {"call_id": before.call_id}))["channels"] == 2
        await call.ended()
        await console.shows("100", LineState.IDLE)
    finally:
        await successor.stop()


def remembered(asterisk: Asterisk) -> bytes:
    file = asterisk.settings.paths.run / "calls.json"
    content = file.read_bytes() if file.exists() else b""
    return content if b'"held"' in content else b""


async def test_operations_of_the_exchange(
    asterisk: Asterisk, exchange: Exchange, console: Console, anna: Phone, ben: Phone
) -> None:
    call = await anna.call("101")
    await ben.rings()
    line = await console.shows("100", LineState.CALLING, "Ben")
    status = await console.link.request("status")
    assert (status["ami"], status["calls"], status["published"]) == ("live", 1, 1)
    contacts = (await console.link.request("contacts"))["contacts"]
    assert {(each["endpoint"], each["uri"][:8]) for each in contacts} == {("100", "sip:100@"), ("101", "sip:101@")}
    ladder = await console.link.request("call.ladder", {"call_id": line.call_id})
    assert [step["verb"] for step in ladder["steps"]] == ["number", "dial"]
    assert (await console.link.request("call.hangup", {"endpoint": "101"}))["channels"] == 1
    await call.ended()
    await console.shows("100", LineState.IDLE)
    assert await console.link.request("call.ladder", {"call_id": line.call_id}) == {"steps": []}
    journal = asterisk.settings.paths.steps_log
    await until(lambda: journal.exists() and line.call_id.encode() in journal.read_bytes(), "the journal's line")


async def test_a_successor_takes_over_while_the_old_one_drains(
    asterisk: Asterisk, exchange: Exchange, console: Console, anna: Phone, ben: Phone
) -> None:
    first = await anna.call("101")
    await (await ben.rings()).answer()
    await first.answered()
    successor = Exchange(asterisk.settings)
    await successor.start()
    await exchange.stop()
    try:
        await until(lambda: console.snapshots == 2 and console.is_up, "the successor's board")
        await console.shows("100", LineState.IN_CALL, "Ben")
        await first.hang_up()
        await console.shows("100", LineState.IDLE)
        second = await anna.call("101")
        await ben.rings()
        line = await console.shows("100", LineState.CALLING, "Ben")
        ladder = await console.link.request("call.ladder", {"call_id": line.call_id})
        assert [step["verb"] for step in ladder["steps"]] == ["number", "dial"]
        await second.hang_up()
    finally:
        await successor.stop()


def kept_contacts(asterisk: Asterisk) -> str:
    """What Asterisk's own database holds on disk of registrations."""
    database = sqlite3.connect(asterisk.settings.paths.asterisk / "lib/astdb.sqlite3")
    try:
        rows = database.execute("SELECT value FROM astdb WHERE key LIKE '/registrar/contact/%'").fetchall()
    finally:
        database.close()
    return " ".join(value for (value,) in rows)


@pytest.mark.fault
async def test_asterisk_is_killed_and_comes_back(asterisk: Asterisk, console: Console, anna: Phone, ben: Phone) -> None:
    call = await anna.call("101")
    await (await ben.rings()).answer()
    await call.answered()
    await console.shows("100", LineState.IN_CALL, "Ben")
    # Asterisk commits its own database once a second: a registration younger than that dies with it.
    ports = [f'"via_port":"{phone.address[1]}"' for phone in (anna, ben)]
    await until(lambda: all(port in kept_contacts(asterisk) for port in ports), "the registrations are on disk")
    asterisk.kill()
    await until(lambda: not console.is_up, "the board says that the engine is away")
    await asyncio.to_thread(asterisk.start)
    await until(lambda: console.is_up, "the board is live again")
    await console.shows("100", LineState.IDLE)  # its registration survived, its call did not
    assert console.calls == {}
    again = await anna.call("101")
    await ben.rings()
    await console.shows("101", LineState.RINGING, "Anna")
    await again.hang_up()
