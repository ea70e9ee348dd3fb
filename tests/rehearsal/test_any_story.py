"""Whatever happens, in whatever order: the caller ends somewhere, nothing rings after a conversation, nothing leaks."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.calls.call import Caller
from signalbox.calls.destinations import Context, Kinds
from signalbox.calls.phones import Answers, Behaviour, Busy, Offline, Rejects, RingsOut
from signalbox.calls.rehearsal import RehearsedWorld
from signalbox.calls.routing import Routing
from signalbox.calls.simulated import SimulatedChannel
from signalbox.calls.simulated_phones import SimulatedPhone
from signalbox.calls.virtual_time import run_virtually
from signalbox.kernel.ids import EndpointId
from signalbox.settings import Calls
from tests.scenarios.all import SCENARIOS
from tests.scenarios.model import MAX_HOPS, Scenario
from tests.scenarios.world import kinds_of, numbers_of, write_routing

SECONDS = st.floats(min_value=0, max_value=4)
BEHAVIOURS: st.SearchStrategy[Behaviour] = st.one_of(
    st.builds(Answers, SECONDS, st.none() | SECONDS),
    st.builds(Rejects, SECONDS),
    st.sampled_from([Busy(), RingsOut(), Offline()]),
)
NUMBERS = st.sampled_from(["100", "101", "102", "799", "*43", "*44", "*65", "7001", "7003", "${EXTEN}", ""])
LAST_S = 60.0


@dataclass(frozen=True)
class Stroke:
    """Something that happens at a time of its own."""

    at_s: float
    what: str
    to: str


STROKES = st.lists(
    st.builds(Stroke, SECONDS, st.sampled_from(["kill", "return", "redirect", "hang up"]), NUMBERS), max_size=6
)
STORY = Scenario(
    name="any",
    dials="101",
    expected=SCENARIOS[0].expected,
    forwards={"7001": "7002", "7002": "7001", "7003": "101"},
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site") / "routing.db"
    write_routing(path, numbers_of(STORY))
    return path


@settings(max_examples=300, deadline=None)
@given(
    dials=NUMBERS, phones=st.lists(st.tuples(st.sampled_from(["101", "102"]), BEHAVIOURS), max_size=4), strokes=STROKES
)
def test_any_story(site: Path, dials: str, phones: list[tuple[str, Behaviour]], strokes: list[Stroke]) -> None:
    routing = Routing.open(site)
    failures = _Failures()
    logging.getLogger("signalbox.calls").addHandler(failures)
    try:
        context = Context(routing, Calls(max_hops=MAX_HOPS))
        told = [SimulatedPhone(EndpointId(endpoint), behaves) for endpoint, behaves in phones]
        world, channel = run_virtually(lambda: _play(context, dials, told, strokes))
    finally:
        logging.getLogger("signalbox.calls").removeHandler(failures)
        routing.close()
    assert channel.ended_by is not None, "the caller ended somewhere"
    assert world.scripts_running == 0, "no script is left"
    assert not any(phone.is_in_call for phone in told), "no phone is left in a call"
    assert not failures.seen, "no script failed by itself"
    _nothing_rings_after_a_conversation(channel)


async def _play(
    context: Context, dials: str, phones: list[SimulatedPhone], strokes: list[Stroke]
) -> tuple[RehearsedWorld, SimulatedChannel]:
    async with asyncio.TaskGroup() as tasks:
        world = RehearsedWorld(
            Kinds(kinds_of(STORY)), context, phones=phones, tasks=tasks, start=datetime(2026, 12, 25, tzinfo=UTC)
        )
        channel = world.call(Caller("100", "Anna", EndpointId("100")), dials)
        for stroke in strokes:
            tasks.create_task(_strike(world, channel, stroke))
        asyncio.get_running_loop().call_later(LAST_S, channel.caller_hangs_up)
        await channel.gone.wait()
    return world, channel


async def _strike(world: RehearsedWorld, channel: SimulatedChannel, stroke: Stroke) -> None:
    await asyncio.sleep(stroke.at_s)
    match stroke.what:
        case "kill":
            world.kill_exchange()
        case "return":
            world.start_exchange()
        case "redirect":
            channel.redirect(stroke.to, "dispatcher")
        case "hang up":
            channel.caller_hangs_up()


def _nothing_rings_after_a_conversation(channel: SimulatedChannel) -> None:
    talked = False
    for step in channel.timeline:
        if step.verb == "redirect":
            talked = False
        assert not (talked and step.text.endswith(" rings")), [step.text for step in channel.timeline]
        talked = talked or (step.verb == "phone" and step.text.endswith(" answers"))


class _Failures(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.seen.append(str(record.exc_info[1]))
