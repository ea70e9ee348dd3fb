"""How a script ends when the world speaks up at an awkward moment, with verbs that wait for a wire as AGI's do."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from signalbox.calls.boundary import CallScripts, Ending, ScriptRecord
from signalbox.calls.call import Call, Caller, EngineLost, HungUp, Stage, Then
from signalbox.calls.destinations import Context, Kinds
from signalbox.calls.outcome import DialOutcome, DialResult, HangupCause
from signalbox.calls.prompts import Prompt
from signalbox.calls.routing import Routing
from signalbox.features import CALL_FEATURES
from signalbox.kernel.clock import SystemClock
from signalbox.kernel.ids import FIRST_TENANT, CallId, ChannelId, EndpointId
from signalbox.settings import Calls

BUSY = DialOutcome(DialResult.BUSY, 17)


class WireCall(Call):
    """Every verb waits until the test answers it; ``sent`` is what went over the wire."""

    def __init__(self, dialled: str = "101") -> None:
        super().__init__(
            call_id=CallId("n1-1.1"),
            channel_id=ChannelId("n1-1.1"),
            tenant=FIRST_TENANT,
            caller=Caller("100", "Anna", EndpointId("100")),
            dialled=dialled,
            clock=SystemClock(),
        )
        self.sent: list[str] = []
        self.stages: list[Stage] = []
        self._wire: asyncio.Queue[str] = asyncio.Queue()
        self._reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def reply(self, result: Any = None) -> None:
        self._reply.set_result(result)

    async def until_sent(self, verb: str) -> None:
        async with asyncio.timeout(5):
            assert await self._wire.get() == verb

    async def _verb(self, name: str, stage: Stage | None = None) -> Any:
        self.sent.append(name)
        self._wire.put_nowait(name)
        if stage is not None:
            self.stages.append(stage)
        self._reply = asyncio.get_running_loop().create_future()
        return await self._reply

    async def _answer(self) -> None:
        await self._verb("answer")

    async def _play(self, prompt: Prompt, stage: Stage) -> None:
        await self._verb("play", stage)

    async def _read_digits(self, prompt: Prompt, most: int, first_s: float, between_s: float, stage: Stage) -> str:
        return str(await self._verb("read", stage))

    async def _dial(self, endpoints: Sequence[EndpointId], ring_s: int, stage: Stage) -> DialOutcome:
        outcome = await self._verb("dial", stage)
        assert isinstance(outcome, DialOutcome)
        return outcome

    async def _echo(self, stage: Stage) -> None:
        await self._verb("echo", stage)

    async def _say_digits(self, digits: str, stage: Stage) -> None:
        await self._verb("digits", stage)

    async def _say_time(self, at: datetime, timezone: str, stage: Stage) -> None:
        await self._verb("time", stage)

    async def _hang_up(self, cause: HangupCause) -> None:
        await self._verb(f"hang_up {cause.value}")

    async def _hand_back(self) -> None:
        await self._verb("hand_back")


@pytest.fixture
def journal() -> list[ScriptRecord]:
    return []


@pytest.fixture
def scripts(routing: Routing, journal: list[ScriptRecord]) -> CallScripts:
    return CallScripts(Kinds(CALL_FEATURES), Context(routing, Calls()), journal.append)


async def test_an_ordinary_call_costs_one_verb(scripts: CallScripts) -> None:
    call = WireCall()
    async with asyncio.TaskGroup() as tasks:
        script = tasks.create_task(scripts.run(call))
        await call.until_sent("dial")
        call.reply(DialOutcome(DialResult.ANSWERED, 16))
    assert script.result() is Ending.COMPLETED
    assert call.sent == ["dial"]
    assert call.stages == [Stage("1-dial", Then.END)]


async def test_the_hang_up_that_the_script_asked_for_is_no_news(scripts: CallScripts) -> None:
    call = WireCall()
    async with asyncio.TaskGroup() as tasks:
        script = tasks.create_task(scripts.run(call))
        await call.until_sent("dial")
        call.reply(BUSY)
        await call.until_sent("hang_up 17")
        call.end(HungUp())
    assert script.result() is Ending.COMPLETED


async def test_an_answer_and_a_hang_up_in_one_packet(scripts: CallScripts) -> None:
    call = WireCall()
    async with asyncio.TaskGroup() as tasks:
        script = tasks.create_task(scripts.run(call))
        await call.until_sent("dial")
        call.reply(BUSY)
        call.end(HungUp())
    assert script.result() is Ending.HUNG_UP
    assert call.sent == ["dial"]


async def test_a_lost_engine_is_told_apart(scripts: CallScripts, journal: list[ScriptRecord]) -> None:
    call = WireCall()
    async with asyncio.TaskGroup() as tasks:
        script = tasks.create_task(scripts.run(call))
        await call.until_sent("dial")
        call.end(EngineLost())
        call.end(HungUp())  # the first news is the true one
    assert script.result() is Ending.ENGINE_LOST
    assert [record.ending for record in journal] == ["engine_lost"]


async def test_a_redirect_is_the_commands_doing(scripts: CallScripts) -> None:
    call = WireCall()
    async with asyncio.TaskGroup() as tasks:
        script = tasks.create_task(scripts.run(call))
        await call.until_sent("dial")
        scripts.announce_taking(call.channel_id, "dispatcher 7")
        call.end(HungUp())
    assert script.result() is Ending.TAKEN_AWAY


async def test_a_process_that_stops_is_not_mistaken_for_a_hang_up(
    scripts: CallScripts, journal: list[ScriptRecord]
) -> None:
    call = WireCall()
    async with asyncio.TaskGroup() as tasks:
        script = tasks.create_task(scripts.run(call))
        await call.until_sent("dial")
        script.cancel()
    assert script.cancelled()
    assert [record.ending for record in journal] == ["stopped"]
    assert scripts.count == 0


async def test_a_stop_and_a_hang_up_at_once_still_stop(scripts: CallScripts) -> None:
    call = WireCall()
    async with asyncio.TaskGroup() as tasks:
        script = tasks.create_task(scripts.run(call))
        await call.until_sent("dial")
        script.cancel()
        call.end(HungUp())
    assert script.cancelled()


async def test_a_caller_who_goes_while_he_is_handed_back(
    scripts: CallScripts, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(WireCall):
        async def _dial(self, endpoints: Sequence[EndpointId], ring_s: int, stage: Stage) -> DialOutcome:
            raise RuntimeError("a bug")

    call = Broken()
    async with asyncio.TaskGroup() as tasks:
        script = tasks.create_task(scripts.run(call))
        await call.until_sent("hand_back")
        call.end(HungUp())
    assert script.result() is Ending.FAILED
    assert "call_script_failed" in caplog.text


async def test_a_verb_that_finds_the_caller_gone_itself(scripts: CallScripts) -> None:
    class Gone(WireCall):
        async def _dial(self, endpoints: Sequence[EndpointId], ring_s: int, stage: Stage) -> DialOutcome:
            ending = HungUp()
            self.end(ending)
            raise ending

    call = Gone()
    async with asyncio.TaskGroup() as tasks:
        script = tasks.create_task(scripts.run(call))
    assert script.result() is Ending.HUNG_UP


async def test_an_announced_redirect_does_not_hide_a_lost_engine(scripts: CallScripts) -> None:
    call = WireCall()
    async with asyncio.TaskGroup() as tasks:
        script = tasks.create_task(scripts.run(call))
        await call.until_sent("dial")
        scripts.announce_taking(call.channel_id, "dispatcher 7")
        call.end(EngineLost())
    assert script.result() is Ending.ENGINE_LOST
