"""The AMI link against a manager that tests steer: its states, its answers, its losses."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from signalbox.engine.ami import link as link_module
from signalbox.engine.ami.codec import AmiMessage
from signalbox.engine.ami.link import AmiLink, LinkState
from signalbox.engine.errors import EngineRejectedError, EngineUnavailableError, UnsafeFieldError
from tests.unit.ami.manager import BOOTED, Manager, accepting, response

WITHIN_S = 5.0


class Watched:
    """A link with what it told."""

    def __init__(self, port: int, on_sync: Callable[[AmiLink], Awaitable[None]] | None = None) -> None:
        self.events: list[AmiMessage] = []
        self.states: list[LinkState] = []
        self.changed = asyncio.Event()
        self.link = AmiLink(
            "127.0.0.1", port, "signalbox", "secret", self._event, on_sync=on_sync, on_state=self._state
        )

    def _event(self, message: AmiMessage) -> None:
        self.events.append(message)
        self.changed.set()

    def _state(self, state: LinkState) -> None:
        self.states.append(state)
        self.changed.set()

    async def until(self, predicate: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not predicate():
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def linked(manager: Manager) -> AsyncIterator[Watched]:
    watched = Watched(manager.port)
    await watched.link.start()
    try:
        await watched.link.wait_live(WITHIN_S)
        yield watched
    finally:
        await watched.link.stop()


async def test_the_way_to_live() -> None:
    async with Manager() as manager, linked(manager) as watched:
        assert watched.states == [
            LinkState.CONNECTING,
            LinkState.HANDSHAKING,
            LinkState.SYNCING,
            LinkState.LIVE,
        ]
        assert manager.actions[0]["Secret"] == "secret"
        assert [event.event for event in watched.events] == ["FullyBooted"]


async def test_it_is_live_only_when_booted_and_after_the_snapshot() -> None:
    may_finish = asyncio.Event()
    is_syncing = asyncio.Event()

    async def sync(link: AmiLink) -> None:
        assert [each.get("X") for each in await link.collect("CoreShowChannels")] == ["1"]
        is_syncing.set()
        await may_finish.wait()

    def reply(_manager: Manager, action: dict[str, str]) -> bytes:
        if action["Action"] != "CoreShowChannels":
            return response(action)
        item = f"Event: CoreShowChannel\r\nActionID: {action['ActionID']}\r\nX: 1\r\n\r\n"
        end = f"Event: CoreShowChannelsComplete\r\nActionID: {action['ActionID']}\r\nEventList: Complete\r\n\r\n"
        return response(action, "EventList: start") + b"Event: Newchannel\r\nY: 1\r\n\r\n" + (item + end).encode()

    async with Manager(reply) as manager:
        watched = Watched(manager.port, sync)
        await watched.link.start()
        await manager.heard.wait()
        assert watched.states == [LinkState.CONNECTING, LinkState.HANDSHAKING]
        manager.send(BOOTED)
        await is_syncing.wait()
        assert watched.states == [LinkState.CONNECTING, LinkState.HANDSHAKING, LinkState.SYNCING]
        assert [event.event for event in watched.events] == ["FullyBooted", "Newchannel"]
        may_finish.set()
        await watched.link.wait_live(WITHIN_S)
        await watched.link.stop()
    assert watched.states[-1] is LinkState.STOPPED


async def test_answers_find_their_actions_in_any_order() -> None:
    held: list[dict[str, str]] = []

    def reply(manager: Manager, action: dict[str, str]) -> bytes | None:
        if action["Action"] != "Getvar":
            return accepting(manager, action)
        held.append(action)
        if len(held) < 50:
            return None
        return b"".join(response(each, f"Value: {each['Variable']}") for each in reversed(held))

    async with Manager(reply) as manager, linked(manager) as watched:
        answers = await asyncio.gather(*(watched.link.action("Getvar", {"Variable": str(n)}) for n in range(50)))
    assert [answer.get("Value") for answer in answers] == [str(n) for n in range(50)]


async def test_refusals_carry_asterisks_words() -> None:
    def reply(manager: Manager, action: dict[str, str]) -> bytes | None:
        if action["Action"] in ("Login", "Ping"):
            return accepting(manager, action)
        return response(action, "Message: No such channel", kind="Error")

    async with Manager(reply) as manager, linked(manager) as watched:
        with pytest.raises(EngineRejectedError, match="No such channel"):
            await watched.link.action("Hangup", {"Channel": "x"})
        with pytest.raises(EngineRejectedError, match="No such channel"):
            await watched.link.collect("PJSIPShowContacts")


async def test_no_answer_in_time_is_unavailable_and_a_late_one_is_dropped() -> None:
    late: list[dict[str, str]] = []

    def reply(manager: Manager, action: dict[str, str]) -> bytes | None:
        if action["Action"] != "Slow":
            return accepting(manager, action)
        late.append(action)
        return None

    async with Manager(reply) as manager, linked(manager) as watched:
        with pytest.raises(EngineUnavailableError, match="Slow"):
            await watched.link.action("Slow", timeout_s=0.02)
        manager.send(response(late[0], "Message: too late"))
        assert (await watched.link.action("Other")).get("Message") == ""


async def test_unsafe_fields_are_never_sent() -> None:
    async with Manager() as manager, linked(manager) as watched:
        with pytest.raises(UnsafeFieldError):
            await watched.link.action("Setvar", {"Value": "x\r\nAction: Command"})
        assert {action["Action"] for action in manager.actions} <= {"Login", "Ping"}


async def test_actions_in_flight_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "MAX_IN_FLIGHT", 3)

    def reply(manager: Manager, action: dict[str, str]) -> bytes | None:
        return None if action["Action"] == "Slow" else accepting(manager, action)

    async with Manager(reply) as manager, linked(manager) as watched:
        answers = await asyncio.gather(
            *(watched.link.action("Slow", timeout_s=0.1) for _ in range(6)), return_exceptions=True
        )
    assert all(isinstance(answer, EngineUnavailableError) for answer in answers)
    assert sum("unanswered" in str(answer) for answer in answers) >= 3


async def test_a_loss_fails_what_is_in_flight_and_is_mended_at_once() -> None:
    def reply(manager: Manager, action: dict[str, str]) -> bytes | None:
        if action["Action"] == "Die":
            manager.drop()
            return None
        return accepting(manager, action)

    async with Manager(reply) as manager, linked(manager) as watched:
        with pytest.raises(EngineUnavailableError):
            await watched.link.action("Die")
        await watched.until(lambda: watched.states.count(LinkState.LIVE) == 2)
        assert LinkState.BACKING_OFF not in watched.states
        assert (await watched.link.action("Other")).get("Response") == "Success"


async def test_it_comes_back_within_half_a_second_of_a_restart() -> None:
    async with Manager() as manager, linked(manager) as watched:
        await manager.close()
        await watched.until(lambda: watched.link.state is LinkState.BACKING_OFF)
        with pytest.raises(EngineUnavailableError):
            await watched.link.action("Ping")
        await manager.listen()
        started = asyncio.get_running_loop().time()
        await watched.link.wait_live(WITHIN_S)
        assert asyncio.get_running_loop().time() - started < link_module.LONGEST_DELAY_S + 0.3


async def test_a_refused_login_is_not_hammered() -> None:
    def reply(_manager: Manager, action: dict[str, str]) -> bytes:
        return response(action, "Message: Authentication failed", kind="Error")

    async with Manager(reply) as manager:
        watched = Watched(manager.port)
        await watched.link.start()
        await watched.until(lambda: watched.link.state is LinkState.BACKING_OFF)
        with pytest.raises(EngineUnavailableError):
            await watched.link.wait_live(0.3)
        assert manager.connections == 1
        await watched.link.stop()


@pytest.mark.parametrize("banner", [b"SSH-2.0-x\r\n", b"x" * 1000])
async def test_another_server_on_the_port_is_left_alone(banner: bytes) -> None:
    async with Manager(banner=banner) as manager:
        watched = Watched(manager.port)
        await watched.link.start()
        await watched.until(lambda: watched.link.state is LinkState.BACKING_OFF)
        await watched.link.stop()


async def test_a_frozen_asterisk_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "PING_EVERY_S", 0.02)
    monkeypatch.setattr(link_module, "PING_WITHIN_S", 0.05)
    is_frozen = False

    def reply(manager: Manager, action: dict[str, str]) -> bytes | None:
        return None if is_frozen and action["Action"] == "Ping" else accepting(manager, action)

    async with Manager(reply) as manager, linked(manager) as watched:
        is_frozen = True
        await watched.until(lambda: watched.link.state is not LinkState.LIVE)
        is_frozen = False
        await watched.link.wait_live(WITHIN_S)


async def test_a_failed_snapshot_is_taken_again() -> None:
    tries = 0

    async def sync(link: AmiLink) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise EngineUnavailableError("no answer")

    async with Manager() as manager:
        watched = Watched(manager.port, sync)
        await watched.link.start()
        await watched.link.wait_live(WITHIN_S)
        await watched.link.stop()
    assert tries == 2
    assert watched.states.count(LinkState.LIVE) == 1


async def test_rebuild_takes_a_new_snapshot() -> None:
    async with Manager() as manager, linked(manager) as watched:
        watched.link.rebuild()
        await watched.until(lambda: watched.states.count(LinkState.LIVE) == 2)
        assert manager.connections == 2
