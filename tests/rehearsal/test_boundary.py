"""The boundary around call scripts: whatever a script does, the caller gets somewhere and one record says so."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from signalbox.calls.boundary import ScriptRecord
from signalbox.calls.call import Call, Caller, Then
from signalbox.calls.destinations import Context, Kinds
from signalbox.calls.phones import Answers, Behaviour, Moment, RingsOut
from signalbox.calls.prompts import Prompt
from signalbox.calls.rehearsal import RehearsedWorld
from signalbox.calls.routing import Routing
from signalbox.calls.simulated import EndedBy, SimulatedChannel
from signalbox.calls.simulated_phones import SimulatedPhone
from signalbox.calls.virtual_time import NothingHappensError, run_virtually
from signalbox.features import CALL_FEATURES
from signalbox.kernel.ids import EndpointId
from signalbox.settings import Calls

Script = Callable[[Call], Awaitable[Any]]
TALKS = Answers(talks_s=1.0)
ANNA = Caller("100", "Anna", EndpointId("100"))


def kinds_with(script: Script | None) -> Kinds:
    """The product's kinds, with ``script`` in place of the extension's."""

    async def run(call: Call, _value: Any, _context: Context) -> Any:
        assert script is not None
        return await script(call)

    if script is None:
        return Kinds(CALL_FEATURES)
    return Kinds(replace(kind, run=run) if kind.name == "extension" else kind for kind in CALL_FEATURES)


def play(
    routing: Routing,
    script: Script | None = None,
    happen: Callable[[RehearsedWorld, SimulatedChannel], Awaitable[None]] | None = None,
    phone: Behaviour = TALKS,
    keys: tuple[str, ...] = (),
) -> tuple[SimulatedChannel, list[ScriptRecord]]:
    async def story() -> tuple[SimulatedChannel, list[ScriptRecord]]:
        async with asyncio.TaskGroup() as tasks:
            world = RehearsedWorld(
                kinds_with(script),
                Context(routing, Calls()),
                phones=[SimulatedPhone(EndpointId("101"), phone)],
                tasks=tasks,
                start=datetime(2026, 12, 25, 10, tzinfo=UTC),
                keys=keys,
            )
            channel = world.call(ANNA, "101")
            if happen is not None:
                await happen(world, channel)
            await channel.gone.wait()
        return channel, world.records

    return run_virtually(story)


def test_a_bug_leaves_the_caller_to_the_fallback(routing: Routing, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(call: Call) -> None:
        raise RuntimeError("a bug")

    channel, records = play(routing, broken)
    assert (channel.talked, channel.ended_by) == ("101", EndedBy.CALLEE)
    assert [record.ending for record in records] == ["failed"]
    assert records[0].steps[-1].text == "left to the fallback: RuntimeError: a bug"
    assert len([entry for entry in caplog.records if entry.exc_info]) == 1


def test_a_bug_after_a_verb_follows_its_continuation(routing: Routing) -> None:
    async def broken(call: Call) -> None:
        await call.play(Prompt.BEEP, then=Then.END)
        raise RuntimeError("a bug")

    channel, _ = play(routing, broken)
    assert (channel.talked, channel.ended_by, channel.cause) == (None, EndedBy.EXCHANGE, 16)


def test_a_script_without_end_runs_out_of_budget(routing: Routing) -> None:
    async def endless(call: Call) -> None:
        while True:
            await call.play(Prompt.BEEP, then=Then.FALLBACK)

    channel, records = play(routing, endless)
    assert channel.talked == "101"
    assert records[0].ending == "failed"
    assert records[0].steps[-1].text == "left to the fallback: BudgetError: more than 200 steps"


def test_a_script_that_waits_is_cancelled_when_the_caller_goes(routing: Routing) -> None:
    freed: list[str] = []

    async def waits(call: Call) -> None:
        try:
            await call.play(Prompt.BEEP)
            await asyncio.sleep(3600)
        finally:
            freed.append("mine")

    async def happen(_world: RehearsedWorld, channel: SimulatedChannel) -> None:
        await asyncio.sleep(5)
        channel.caller_hangs_up()

    _, records = play(routing, waits, happen)
    assert freed == ["mine"]
    assert records[0].ending == "hung_up"
    assert records[0].ended_ms - records[0].started_ms == 5000


def test_verbs_refuse_a_caller_who_is_gone(routing: Routing) -> None:
    async def stubborn(call: Call) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await call.play(Prompt.BEEP)

    async def happen(_world: RehearsedWorld, channel: SimulatedChannel) -> None:
        await asyncio.sleep(1)
        channel.caller_hangs_up()

    channel, records = play(routing, stubborn, happen)
    assert records[0].ending == "hung_up"
    assert channel.heard == []


def test_a_withdrawn_redirect_is_a_hang_up(routing: Routing) -> None:
    async def happen(world: RehearsedWorld, channel: SimulatedChannel) -> None:
        await channel.reached[Moment.TALKING].wait()
        world.announce_taking(channel.channel_id, "dispatcher")
        world.announce_taking(channel.channel_id, "")
        channel.caller_hangs_up()

    _, records = play(routing, None, happen, phone=Answers())
    assert [record.ending for record in records] == ["hung_up"]


def test_the_steps_of_a_running_script_can_be_read(routing: Routing) -> None:
    live: list[ScriptRecord] = []

    async def happen(world: RehearsedWorld, channel: SimulatedChannel) -> None:
        await channel.reached[Moment.RINGING].wait()
        live.extend(world.live_steps(channel.channel_id))
        assert world.live_steps("another call") == []

    play(routing, None, happen)
    assert [step.verb for step in live[0].steps] == ["number", "dial"]
    assert (live[0].ending, live[0].ended_ms) == ("", 0)


def test_a_record_is_the_line_that_the_contract_names(routing: Routing) -> None:
    _, records = play(routing)
    line = msgspec.json.decode(msgspec.json.encode(records[0]))
    assert set(line) == {
        "call_id", "channel_id", "script", "version", "started_ms", "ended_ms", "ending", "steps",
    }  # fmt: skip
    assert (line["script"], line["version"], line["ending"]) == ("extension", 1, "completed")
    assert all(set(step) == {"at_ms", "verb", "text", "rule"} for step in line["steps"])
    assert all(step["rule"] for step in line["steps"])


def test_digits_are_read_and_never_written_down(routing: Routing, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    read: list[str] = []

    async def asks(call: Call) -> None:
        read.append(await call.read_digits(Prompt.EXTENSION, most=4, first_s=5, between_s=2))
        read.append(await call.read_digits(Prompt.EXTENSION, most=4, first_s=5, between_s=2))

    _, records = play(routing, asks, keys=("987654#1",))
    assert read == ["9876", ""]
    assert "9876" not in msgspec.json.encode(records).decode()
    assert "9876" not in caplog.text


def test_a_resumed_script_that_took_another_way_goes_to_the_continuation(routing: Routing) -> None:
    runs: list[str] = []

    async def fickle(call: Call) -> None:
        runs.append("run")
        if len(runs) == 1:
            await call.dial([EndpointId("101")], ring_s=5)
        else:
            await call.play(Prompt.BEEP)

    async def happen(world: RehearsedWorld, channel: SimulatedChannel) -> None:
        await channel.reached[Moment.RINGING].wait()
        world.kill_exchange()
        world.start_exchange()

    channel, records = play(routing, fickle, happen, phone=RingsOut())
    assert len(runs) == 2
    assert (channel.heard, channel.cause) == ([], 19)
    assert [record.ending for record in records] == ["failed"]


def test_an_exchange_that_dies_again_and_again_is_not_asked_for_ever(routing: Routing) -> None:
    async def happen(world: RehearsedWorld, channel: SimulatedChannel) -> None:
        await channel.reached[Moment.RINGING].wait()
        world.kill_exchange()

    channel, records = play(routing, None, happen, phone=RingsOut())
    refused = [step for step in channel.timeline if step.text == "no exchange answers"]
    assert len(refused) == 3
    assert records == []
    assert channel.cause == 19


def test_unreadable_routing_leaves_the_caller_to_the_fallback(routing: Routing) -> None:
    async def happen(_world: RehearsedWorld, channel: SimulatedChannel) -> None:
        await channel.gone.wait()

    class Broken(Routing):
        broken = True

        @property
        def version(self) -> int:
            raise RuntimeError("gone")

    routing.__class__ = Broken
    channel, records = play(routing, None, happen)
    assert channel.talked == "101"
    assert [record.ending for record in records] == ["failed"]


def test_a_story_that_cannot_end_is_told() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingHappensError):
        run_virtually(forever)
