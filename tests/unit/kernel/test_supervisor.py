"""Supervision of real small processes: restart, health, adoption, stages, and messages for the operator."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from signalbox.kernel.clock import SystemClock
from signalbox.kernel.operator import OperatorError
from signalbox.kernel.process import Identity, adopt, spawn
from signalbox.kernel.supervisor import FIRST_DELAY_S, LONGEST_DELAY_S, Backoff, Keeper, Service, State, Supervisor

ANSWERING = """
import socket, sys, os
server = socket.socket(socket.AF_UNIX)
path = sys.argv[1]
if os.path.exists(path): os.unlink(path)
server.bind(path); server.listen()
while True:
    peer, _ = server.accept()
    if os.path.exists(path + ".sick"): continue
    peer.sendall(b"here"); peer.close()
"""


class SetClock(SystemClock):
    """A clock whose seconds stand still until they are set."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at


async def until(predicate: Callable[[], bool], within_s: float = 10.0) -> float:
    """Ask often; gives the seconds it took."""
    began = time.monotonic()
    async with asyncio.timeout(within_s):
        while not predicate():  # noqa: ASYNC110  other processes set no event of ours
            await asyncio.sleep(0.005)
    return time.monotonic() - began


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "s"


def probing(path: Path) -> Callable[[], Awaitable[None]]:
    async def probe() -> None:
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            assert await reader.read() == b"here"
        finally:
            writer.close()

    return probe


def service(path: Path, **changes: object) -> Service:
    values: dict[str, object] = {
        "name": "answering",
        "command": lambda: [sys.executable, "-c", ANSWERING, str(path)],
        "probe": probing(path),
        "probe_every_s": 0.05,
        "probe_within_s": 0.5,
        "ready_within_s": 10.0,
    }
    return Service(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
async def keeping() -> AsyncIterator[Callable[[Service], Keeper]]:
    keepers: list[Keeper] = []

    def make(one: Service) -> Keeper:
        keepers.append(next(iter(Supervisor([[one]]).keepers.values())))
        return keepers[-1]

    yield make
    for keeper in keepers:
        await keeper.stop()


async def test_a_killed_process_is_back_within_half_a_second(
    keeping: Callable[[Service], Keeper], socket_path: Path
) -> None:
    exits: list[str] = []
    keeper = keeping(service(socket_path, on_exited=lambda: exits.append("exit")))
    await keeper.start()
    first = keeper.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    took_s = await until(lambda: keeper.pid not in (None, first))
    assert took_s < 0.5
    await until(lambda: keeper.state is State.READY)
    assert (exits, keeper.restarts) == (["exit"], 1)


async def test_a_process_that_stops_answering_is_replaced(
    keeping: Callable[[Service], Keeper], socket_path: Path
) -> None:
    keeper = keeping(service(socket_path, stages=((signal.SIGKILL, 5.0),)))
    await keeper.start()
    first = keeper.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    await until(lambda: keeper.pid not in (None, first) and keeper.state is State.READY)


def test_back_off_doubles_and_forgets_after_a_steady_while() -> None:
    clock = SetClock()
    backoff = Backoff(clock)
    delays = []
    for _ in range(9):
        backoff.started()
        clock.at += 1
        delays.append(backoff.next_s())
    assert delays[:4] == [FIRST_DELAY_S, FIRST_DELAY_S * 2, FIRST_DELAY_S * 4, FIRST_DELAY_S * 8]
    assert delays[-1] == LONGEST_DELAY_S
    backoff.started()
    clock.at += 31
    assert backoff.next_s() == FIRST_DELAY_S


async def test_a_survivor_is_adopted_by_the_next_supervisor(socket_path: Path, tmp_path: Path) -> None:
    marks: list[str] = []
    one = service(
        socket_path, pid_file=tmp_path / "pid", mark=lambda: "version 1", on_started=lambda: marks.append("started")
    )
    first = Supervisor([[one]])
    await first.start()
    pid = first.keepers["answering"].pid
    await first.keepers["answering"].leave()

    second = Supervisor([[one]])
    await second.start()
    assert second.keepers["answering"].pid == pid
    assert second.keepers["answering"].adopted
    assert marks == ["started"]

    await second.stop()
    assert pid is not None
    await until(lambda: Identity.of(pid) is None)


@pytest.mark.parametrize(("may_replace", "is_adopted"), [(False, True), (True, False)])
async def test_a_survivor_with_another_configuration_is_replaced_only_when_it_may_be(
    socket_path: Path, tmp_path: Path, may_replace: bool, is_adopted: bool
) -> None:
    async def answer() -> bool:
        return may_replace

    old = service(socket_path, pid_file=tmp_path / "pid", mark=lambda: "version 1")
    first = Supervisor([[old]])
    await first.start()
    pid = first.keepers["answering"].pid
    await first.keepers["answering"].leave()

    new = service(socket_path, pid_file=tmp_path / "pid", mark=lambda: "version 2", may_replace=answer)
    second = Supervisor([[new]])
    await second.start()
    assert (second.keepers["answering"].pid == pid) is is_adopted
    await second.stop()


async def test_a_deaf_survivor_is_stopped_and_replaced(socket_path: Path, tmp_path: Path) -> None:
    one = service(socket_path, pid_file=tmp_path / "pid", stages=((signal.SIGKILL, 5.0),))
    first = Supervisor([[one]])
    await first.start()
    pid = first.keepers["answering"].pid
    assert pid is not None
    await first.keepers["answering"].leave()
    os.kill(pid, signal.SIGSTOP)

    second = Supervisor([[one]])
    await second.start()
    assert second.keepers["answering"].pid != pid
    assert Identity.of(pid) is None
    await second.stop()


async def test_a_pid_of_another_life_is_not_adopted(tmp_path: Path) -> None:
    mine = Identity.of(os.getpid())
    assert mine is not None
    assert mine.is_running
    earlier = Identity(mine.pid, mine.ticks - 1, mine.boot)
    assert not earlier.is_running
    assert adopt(earlier) is None
    rebooted = Identity(mine.pid, mine.ticks, "another boot")
    rebooted.write(tmp_path / "pid")
    assert Identity.read(tmp_path / "pid") == rebooted
    assert adopt(rebooted) is None


async def test_stages_end_a_process_that_ignores_the_first_signal() -> None:
    process = spawn(
        [sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); print(1, flush=True); signal.pause()"]
    )
    await until(lambda: _ignores_term(Path(f"/proc/{process.pid}/status")))
    await process.stop(((signal.SIGTERM, 0.1), (signal.SIGKILL, 5.0)))
    assert process.status == -signal.SIGKILL


def _ignores_term(status: Path) -> bool:
    line = next(line for line in status.read_text().splitlines() if line.startswith("SigIgn:"))
    return bool(int(line.split()[1], 16) & (1 << (signal.SIGTERM - 1)))


async def test_stages_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    events: list[str] = []

    def one(name: str) -> Service:
        return service(
            tmp_path / name,
            name=name,
            on_started=lambda: events.append(f"{name} started"),
            on_exited=lambda: events.append(f"{name} exited"),
        )

    supervisor = Supervisor([[one("first")], [one("second")]])
    await supervisor.start(lambda name: events.append(f"{name} ready"))
    await supervisor.stop()
    assert events == [
        *("first started", "first ready", "second started", "second ready"),
        *("second exited", "first exited"),
    ]


async def test_a_process_that_told_the_operator_is_not_tried_again(socket_path: Path) -> None:
    starts: list[int] = []
    one = service(
        socket_path,
        command=lambda: [sys.executable, "-c", "raise SystemExit(78)"],
        on_started=lambda: starts.append(1),
    )
    supervisor = Supervisor([[one]])
    with pytest.raises(OperatorError, match="answering could not start"):
        await supervisor.start()
    assert starts == [1]


async def test_a_missing_program_is_named(socket_path: Path) -> None:
    supervisor = Supervisor([[service(socket_path, command=lambda: ["/nowhere/asterisk"])]])
    with pytest.raises(OperatorError, match=r"No such file or directory.*/nowhere/asterisk"):
        await supervisor.start()


async def test_when_one_service_fails_those_before_it_are_stopped(tmp_path: Path) -> None:
    good = service(tmp_path / "good")
    bad = service(tmp_path / "bad", name="bad", command=lambda: ["/nowhere"])
    supervisor = Supervisor([[good], [bad]])
    with pytest.raises(OperatorError):
        await supervisor.start()
    assert supervisor.keepers["answering"].pid is None


async def test_a_wished_restart_replaces_the_process_at_once(
    keeping: Callable[[Service], Keeper], socket_path: Path
) -> None:
    keeper = keeping(service(socket_path))
    await keeper.start()
    first = keeper.pid
    await keeper.restart(within_s=5.0)
    assert keeper.pid not in (None, first)
    assert keeper.state is State.READY
