"""Every scenario in the simulated world."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signalbox.calls.call import Caller
from signalbox.calls.destinations import Context, Kinds
from signalbox.calls.phones import Moment
from signalbox.calls.rehearsal import RehearsedWorld
from signalbox.calls.routing import Routing
from signalbox.calls.simulated import SimulatedChannel
from signalbox.calls.simulated_phones import SimulatedPhone
from signalbox.calls.virtual_time import run_virtually
from signalbox.features.callrecords.model import LegRecord, LegRole, OpenCall
from signalbox.features.callrecords.rules import disposition
from signalbox.kernel.ids import EndpointId
from signalbox.settings import Calls
from tests.scenarios.all import SCENARIOS
from tests.scenarios.model import (
    MAX_HOPS,
    TRUNK_S,
    TRUNKS,
    CallerHangsUp,
    ExchangeKilled,
    Redirected,
    Scenario,
    ScriptStuck,
    Seen,
    check,
)
from tests.scenarios.world import kinds_of, numbers_of, write_routing


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(
            scenario, id=scenario.name, marks=[pytest.mark.requirement(name) for name in scenario.requirements]
        )
        for scenario in SCENARIOS
    ],
)
def test_scenario(scenario: Scenario, tmp_path: Path) -> None:
    write_routing(tmp_path / "routing.db", numbers_of(scenario))
    routing = Routing.open(tmp_path / "routing.db")
    try:
        seen = run_virtually(
            lambda: _play(scenario, Context(routing, Calls(max_hops=MAX_HOPS, emergency_trunk_s=TRUNK_S)))
        )
    finally:
        routing.close()
    check(scenario.expected, seen)


async def _play(scenario: Scenario, context: Context) -> Seen:
    held = asyncio.Event()
    phones = [SimulatedPhone(EndpointId(phone.extension), phone.behaves, phone.device) for phone in scenario.phones]
    async with asyncio.TaskGroup() as tasks:
        world = RehearsedWorld(
            Kinds(kinds_of(scenario, held.set)),
            context,
            phones=phones,
            tasks=tasks,
            start=datetime(2026, 12, 25, 10, tzinfo=UTC),
            trunks=[EndpointId(trunk) for trunk in TRUNKS],
        )
        if any(happening.at is Moment.BEFORE_THE_CALL for happening in scenario.happens):
            world.kill_exchange()
        background = await _already_talking(world, scenario)
        channel = world.call(_caller(scenario.caller, scenario.caller_name), scenario.dials)
        channel.reached[Moment.BEFORE_DECISION] = held
        for happening in scenario.happens:
            if happening.at is not Moment.BEFORE_THE_CALL and not isinstance(happening, ScriptStuck):
                tasks.create_task(_happen(world, channel, happening))
        await channel.gone.wait()
        if background is not None:
            background.caller_hangs_up()
    return _seen(world, channel)


def _caller(number: str, name: str) -> Caller:
    return Caller(number, name, EndpointId(number))


async def _already_talking(world: RehearsedWorld, scenario: Scenario) -> SimulatedChannel | None:
    if scenario.already_talking is None:
        return None
    caller, callee = scenario.already_talking
    channel = world.call(_caller(caller, "before"), callee)
    await channel.reached[Moment.TALKING].wait()
    return channel


async def _happen(
    world: RehearsedWorld, channel: SimulatedChannel, happening: CallerHangsUp | Redirected | ExchangeKilled
) -> None:
    await channel.reached[happening.at].wait()
    await asyncio.sleep(happening.after_s)
    match happening:
        case CallerHangsUp():
            channel.caller_hangs_up()
        case Redirected(to=to, by=by):
            channel.redirect(to, by)
        case ExchangeKilled(returns_after_s=returns_after_s):
            world.kill_exchange()
            if returns_after_s is not None:
                await asyncio.sleep(returns_after_s)
                world.start_exchange()


def _seen(world: RehearsedWorld, channel: SimulatedChannel) -> Seen:
    caller = LegRecord(channel_id=channel.channel_id, channel="", role=LegRole.CALLER, cause=channel.cause)
    record = OpenCall(
        call_id=channel.channel_id,
        tenant=1,
        started=0.0,
        answered=1.0 if channel.is_answered else 0.0,
        dial_status=channel.dialstatus,
        legs={channel.channel_id: caller},
    )
    return Seen(
        rang=set(channel.rang),
        talked=channel.talked or "",
        heard=channel.heard,
        dial_status=channel.dialstatus,
        ended_by=channel.ended_by,
        cause=channel.cause,
        disposition=disposition(record).value,
        endings=[record.ending for record in world.records if record.channel_id == channel.channel_id],
    )
