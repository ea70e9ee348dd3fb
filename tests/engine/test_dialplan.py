"""The dialplan on a real Asterisk: what becomes of a caller when scripts are there, gone, dead or frozen."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from signalbox.engine import dialplan
from signalbox.engine.agi.server import AgiSession
from signalbox.engine.errors import EngineLostError, HungUpError
from tests.engine.asterisk import Asterisk, until
from tests.engine.conftest import Desk
from tests.engine.conversation import Conversation
from tests.engine.phones import Phone
from tests.engine.scripts import ScriptProcess, Scripts

pytestmark = pytest.mark.engine


@pytest.fixture
def exchange(asterisk: Asterisk) -> Iterator[ScriptProcess]:
    """Call scripts in a process that a test starts, kills and freezes."""
    process = ScriptProcess(asterisk.settings)
    yield process
    process.stop()


@pytest.fixture
async def anna(desk: Desk) -> Phone:
    return await desk.phone("100", hears_hz=440)


@pytest.fixture
async def ben(desk: Desk) -> Phone:
    return await desk.phone("101", hears_hz=600)


async def talk(caller: Conversation, called: Conversation) -> None:
    """Answer, hear each other, and let the called party hang up; the caller is released and nothing rings again."""
    await called.answer()
    await caller.answered()
    assert await caller.audio.hears(600)
    assert await called.audio.hears(440)
    await called.hang_up()
    assert await caller.ended() == "them"
    assert called.phone.is_quiet


async def channel_of(asterisk: Asterisk, endpoint: str) -> str:
    names = [line.split("!")[0] for line in await asterisk.channels()]
    return next(name for name in names if name.startswith(f"PJSIP/{endpoint}-"))


async def test_everything_that_the_dialplan_names_is_loaded(asterisk: Asterisk) -> None:
    text = dialplan.render(asterisk.settings)
    applications = set(re.findall(r"(?m)^(?:exten => [^,]+,1|\s+same => n(?:\(\w+\))?),(\w+)\(", text))
    functions = set(re.findall(r"\$\{([A-Z_]+)\(", text)) | set(re.findall(r"Set\(([A-Z]+)\(", text))
    assert {"Dial", "AGI", "Return"} <= applications
    assert {"REGEX", "TIMEOUT", "PJSIP_DIAL_CONTACTS"} <= functions
    for kind, names in (("application", applications), ("function", functions)):
        for name in names:
            assert "-= Info about" in await asterisk.ask(f"core show {kind} {name}"), name


async def test_a_script_rings_and_connects(asterisk: Asterisk, scripts: Scripts, anna: Phone, ben: Phone) -> None:
    call = await anna.call("101")
    rung = await ben.rings()
    await call.ringing()
    await talk(call, rung)
    await asterisk.quiet()
    assert [record.ending for record in scripts.records] == ["completed"]


# Nobody decides


async def test_with_nobody_listening_the_phones_ring_at_once(anna: Phone, ben: Phone) -> None:
    started = time.monotonic()
    call = await anna.call("101")
    rung = await ben.rings(1)
    assert time.monotonic() - started < 0.5
    await talk(call, rung)


async def test_fallback_says_that_a_number_is_unknown(asterisk: Asterisk, anna: Phone) -> None:
    call = await anna.call("799")
    channel = await channel_of(asterisk, "100")
    assert await call.ended(15) == "404"
    assert ("Playback", "ss-noservice,noanswer") in asterisk.executed(channel)


async def test_fallback_rings_nobody_of_another_tenant(anna: Phone, desk: Desk) -> None:
    theirs = await desk.phone("t7-101")
    ours = await desk.phone("101")
    await anna.call("101")
    await ours.rings()
    assert theirs.is_quiet


async def test_fallback_in_the_other_tenant(desk: Desk) -> None:
    theirs, called, ours = await desk.phone("t7-100"), await desk.phone("t7-101"), await desk.phone("101")
    call = await theirs.call("101")
    rung = await called.rings()
    assert (rung.caller_name, rung.caller_number) == ("Anna of Seven", "100")
    assert ours.is_quiet
    await rung.answer()
    await call.answered()


async def test_fallback_of_an_extension_without_a_phone(anna: Phone) -> None:
    call = await anna.call("103")
    assert await call.ended() == "480"


async def test_fallback_of_a_busy_phone(anna: Phone, ben: Phone) -> None:
    call = await anna.call("101")
    (await ben.rings()).reject(486)
    assert await call.ended() == "486"


# A process that dies


@pytest.mark.fault
async def test_killed_before_it_decided(exchange: ScriptProcess, anna: Phone, ben: Phone) -> None:
    await exchange.start(hold=True)
    call = await anna.call("101")
    await exchange.holds_a_caller()
    exchange.kill()
    await talk(call, await ben.rings(2))


@pytest.mark.fault
async def test_killed_while_ringing_then_answered(exchange: ScriptProcess, anna: Phone, ben: Phone) -> None:
    await exchange.start()
    call = await anna.call("101")
    rung = await ben.rings()
    exchange.kill()
    await talk(call, rung)


@pytest.mark.fault
async def test_killed_while_ringing_then_no_answer(exchange: ScriptProcess, anna: Phone, ben: Phone) -> None:
    await exchange.start()
    call = await anna.call("101")
    await ben.rings()
    exchange.kill()
    assert await call.ended(10) == "480"
    assert ben.is_quiet, "the phone rang twice"


@pytest.mark.fault
async def test_killed_while_ringing_and_back_in_time(
    asterisk: Asterisk, exchange: ScriptProcess, anna: Phone, ben: Phone
) -> None:
    await exchange.start()
    call = await anna.call("101")
    await ben.rings()
    exchange.kill()
    await exchange.start()
    assert await call.ended(10) == "480"
    assert ben.is_quiet, "the phone rang twice"
    steps = asterisk.settings.paths.steps_log
    await until(lambda: steps.exists() and b"had run before the exchange was lost" in steps.read_bytes(), "a resume")


@pytest.mark.fault
async def test_killed_while_talking(exchange: ScriptProcess, anna: Phone, ben: Phone) -> None:
    await exchange.start()
    call = await anna.call("101")
    rung = await ben.rings()
    await rung.answer()
    await call.answered()
    exchange.kill()
    assert await call.audio.hears(600)
    await rung.hang_up()
    assert await call.ended(1) == "them"
    assert ben.is_quiet


# A process that freezes


@pytest.mark.fault
async def test_frozen_before_it_decided(exchange: ScriptProcess, anna: Phone, ben: Phone) -> None:
    await exchange.start(hold=True)
    call = await anna.call("101")
    await exchange.holds_a_caller()
    exchange.freeze()
    await talk(call, await ben.rings(4))


@pytest.mark.fault
async def test_frozen_before_it_decided_and_the_caller_gives_up(
    asterisk: Asterisk, exchange: ScriptProcess, anna: Phone
) -> None:
    await exchange.start(hold=True)
    call = await anna.call("101")
    await exchange.holds_a_caller()
    exchange.freeze()
    await call.hang_up()
    await until(asterisk.is_quiet, "the channel's end", 1)


@pytest.mark.fault
async def test_frozen_while_ringing_then_no_answer(exchange: ScriptProcess, anna: Phone, ben: Phone) -> None:
    await exchange.start()
    call = await anna.call("101")
    await ben.rings()
    exchange.freeze()
    assert await call.ended(8) == "480"
    assert ben.is_quiet


@pytest.mark.fault
async def test_frozen_while_talking(exchange: ScriptProcess, anna: Phone, ben: Phone) -> None:
    await exchange.start()
    call = await anna.call("101")
    rung = await ben.rings()
    await rung.answer()
    await call.answered()
    exchange.freeze()
    await asyncio.sleep(2.5)  # longer than a script may think: the timer must not cut the conversation
    assert await call.audio.hears(600)
    await rung.hang_up()
    assert await call.ended(4) == "them"
    assert ben.is_quiet


# A server that talks nonsense


@pytest.fixture
async def nonsense(asterisk: Asterisk) -> AsyncIterator["Nonsense"]:
    server = Nonsense()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", asterisk.settings.engine.agi_port)
    yield server
    listening.close()
    for writer in server.writers:
        writer.close()


class Nonsense:
    """Accepts, sends what it is told to, and then stays open or closes."""

    def __init__(self) -> None:
        self.sends = b""
        self.closes = False
        self.sessions = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        self.writers.append(writer)
        writer.write(self.sends)
        await writer.drain()
        if self.closes:
            writer.close()


@pytest.mark.fault
@pytest.mark.parametrize(
    ("sends", "closes"),
    [
        (b"", False),
        (b"", True),
        (b"SET VARI", True),
        (b"rubbish\n" * 200, False),
        (b"\xff\xfe\n", False),
        (b"GOSUB nowhere s 1\n", True),
        (b"SET VARIABLE X 1\n", True),
    ],
)
async def test_a_server_that_talks_nonsense(
    nonsense: Nonsense, anna: Phone, ben: Phone, sends: bytes, *, closes: bool
) -> None:
    nonsense.sends, nonsense.closes = sends, closes
    call = await anna.call("101")
    await talk(call, await ben.rings(5))
    assert nonsense.sessions <= 2


# Transfers and redirects


@pytest.mark.fault
@pytest.mark.parametrize("stage", ["thinking", "ringing", "talking"])
async def test_a_redirect_starts_a_script_of_its_own(
    asterisk: Asterisk, scripts: Scripts, desk: Desk, anna: Phone, ben: Phone, stage: str
) -> None:
    carla = await desk.phone("102", hears_hz=800)
    if stage == "thinking":
        scripts.hold = asyncio.Event()
    call = await anna.call("101")
    if stage == "thinking":
        await until(lambda: scripts.held, "a held caller")
        scripts.hold = None
    else:
        rung = await ben.rings()
        if stage == "talking":
            await rung.answer()
            await call.answered()
    channel = await channel_of(asterisk, "100")
    await asterisk.redirect(channel, "102")
    moved = await carla.rings()
    await moved.answer()
    await call.answered()
    assert await call.audio.hears(800)
    assert scripts.server.sessions == 1, "the verb that the caller left still runs"
    await moved.hang_up()
    assert await call.ended() == "them"
    await asterisk.quiet()
    endings = [record.ending for record in scripts.records]
    assert endings == (["completed"] if stage == "thinking" else ["taken_away", "completed"])


async def test_a_caller_redirected_often_leaves_nothing_behind(
    asterisk: Asterisk, scripts: Scripts, desk: Desk, anna: Phone, ben: Phone
) -> None:
    carla = await desk.phone("102")
    call = await anna.call("101")
    await ben.rings()
    channel = await channel_of(asterisk, "100")
    for turn in range(30):
        number, phone = (("102", carla), ("101", ben))[turn % 2]
        await asterisk.redirect(channel, number)
        await phone.rings()
    assert scripts.server.sessions == 1
    await call.hang_up()
    await until(asterisk.is_quiet, "the channel's end")


async def test_the_called_party_transfers_the_caller(
    asterisk: Asterisk, scripts: Scripts, desk: Desk, anna: Phone, ben: Phone
) -> None:
    carla = await desk.phone("102", hears_hz=800)
    call = await anna.call("101")
    rung = await ben.rings()
    await rung.answer()
    await call.answered()
    assert await call.audio.hears(600)
    response = await rung.request("REFER", b"", ("Refer-To", "<sip:102@127.0.0.1>"))
    assert response.status == 202
    moved = await carla.rings()
    await moved.answer()
    assert await call.audio.hears(800)
    await moved.hang_up()
    assert await call.ended() == "them"
    await asterisk.quiet()
    assert [record.ending for record in scripts.records] == ["taken_away", "completed"]


@pytest.mark.fault
async def test_a_redirect_while_the_process_is_dead(
    asterisk: Asterisk, exchange: ScriptProcess, desk: Desk, anna: Phone, ben: Phone
) -> None:
    carla = await desk.phone("102", hears_hz=800)
    await exchange.start()
    call = await anna.call("101")
    await (await ben.rings()).answer()
    await call.answered()
    exchange.kill()
    await asterisk.redirect(await channel_of(asterisk, "100"), "102")
    moved = await carla.rings()
    await moved.answer()
    assert await call.audio.hears(800)
    await call.hang_up()


@pytest.mark.fault
async def test_a_redirect_while_the_process_is_frozen(
    asterisk: Asterisk, exchange: ScriptProcess, desk: Desk, anna: Phone, ben: Phone
) -> None:
    carla = await desk.phone("102", hears_hz=800)
    await exchange.start()
    call = await anna.call("101")
    await (await ben.rings()).answer()
    await call.answered()
    exchange.freeze()
    await asterisk.redirect(await channel_of(asterisk, "100"), "102")
    moved = await carla.rings(8)
    await moved.answer()
    assert await call.audio.hears(800)
    await call.hang_up()


# What scripts may not do


async def test_a_session_that_outlives_its_caller_hears_of_it(
    asterisk: Asterisk, scripts: Scripts, anna: Phone
) -> None:
    ended: list[type[Exception]] = []

    async def handler(session: AgiSession) -> None:
        try:
            await session.command("EXEC", "Wait", "30")
            await session.command("NOOP")
        except (HungUpError, EngineLostError) as error:
            ended.append(type(error))

    scripts.handler = handler
    call = await anna.call("101")
    await until(lambda: scripts.server.sessions == 1, "a session")
    await call.hang_up()
    await until(lambda: ended, "the session's end")
    assert ended == [HungUpError]
