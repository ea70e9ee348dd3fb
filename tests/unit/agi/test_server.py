"""The AGI server with a peer that plays Asterisk over a real socket: answers, hang-ups, losses, limits."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from signalbox.engine.agi import server as server_module
from signalbox.engine.agi.codec import AgiReply
from signalbox.engine.agi.server import AgiServer, AgiSession
from signalbox.engine.errors import EngineError, EngineLostError, EngineRejectedError, HungUpError, UnsafeFieldError

ENV = b"agi_network_script: route\nagi_uniqueid: n1-1.1\nagi_channel: PJSIP/100-1\nagi_extension: 101\n\n"
Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(handler: Callable[[AgiSession], Awaitable[None]], **options: int) -> AsyncIterator[AgiServer]:
    server = AgiServer(0, handler, **options)  # type: ignore[arg-type]
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def called(server: AgiServer, opening: bytes = ENV) -> Peer:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(opening)
    return reader, writer


class Script:
    """A handler that runs ``steps`` and keeps what came of it."""

    def __init__(self, *commands: tuple[str, ...]) -> None:
        self.commands = commands
        self.replies: list[AgiReply] = []
        self.ended: BaseException | None = None
        self.done = asyncio.Event()
        self.session: AgiSession | None = None

    async def __call__(self, session: AgiSession) -> None:
        self.session = session
        try:
            for words in self.commands:
                self.replies.append(await session.command(*words))
        except BaseException as error:
            self.ended = error
            raise
        finally:
            self.done.set()


async def test_commands_are_answered_in_turn() -> None:
    script = Script(("SET", "VARIABLE", "X", "a b"), ("GET", "VARIABLE", "X"), ("GOSUB", "sub", "s", "1", "x"))
    async with serving(script) as server:
        reader, writer = await called(server)
        assert await reader.readline() == b'SET VARIABLE X "a b"\n'
        writer.write(b"200 result=1\n")
        assert await reader.readline() == b"GET VARIABLE X\n"
        writer.write(b"200 result=1 (a b)\n")
        assert await reader.readline() == b"GOSUB sub s 1 x\n"
        writer.write(b"100 result=0 Trying...\n")
        writer.write(b"200 result=0 Gosub complete\n")
        assert await reader.read() == b""  # the script is over, so the session is closed
        writer.close()
        await script.done.wait()
    assert script.ended is None
    assert script.replies == [AgiReply(200, "1"), AgiReply(200, "1", "a b"), AgiReply(200, "0", "Gosub complete")]
    assert script.session is not None
    assert script.session.request.extension == "101"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HANGUP\n", HungUpError),
        (b"200 result=-1\n", HungUpError),
        (b"511 Command Not Permitted on a dead channel\n", HungUpError),
        (b"200 result=-1\nHANGUP\n", HungUpError),
        (b"510 Invalid or unknown command\n", EngineRejectedError),
        (b"520-Usage\nmore\n520 End.\n", EngineRejectedError),
        (b"rubbish\n", EngineLostError),
        (b"x" * 70000, EngineLostError),
        (b"200 result=1\n200 result=1\n", EngineLostError),
    ],
)
async def test_what_else_may_come_instead_of_an_answer(answer: bytes, error: type[EngineError]) -> None:
    script = Script(("ANSWER",), ("ANSWER",))
    async with serving(script) as server:
        reader, writer = await called(server)
        await reader.readline()
        writer.write(answer)
        await script.done.wait()
        writer.close()
    assert isinstance(script.ended, error)


@pytest.mark.parametrize("verb", ["EXEC", "GOSUB", "CHANNEL"])
async def test_minus_one_of_these_is_a_result(verb: str) -> None:
    script = Script((verb, "x"))
    async with serving(script) as server:
        reader, writer = await called(server)
        await reader.readline()
        writer.write(b"200 result=-1\n")
        await script.done.wait()
        writer.close()
    assert script.replies == [AgiReply(200, "-1")]


async def test_loss_in_the_middle_of_a_command() -> None:
    script = Script(("ANSWER",))
    async with serving(script) as server:
        reader, writer = await called(server)
        await reader.readline()
        writer.close()
        await script.done.wait()
    assert isinstance(script.ended, EngineLostError)


async def test_after_the_end_every_command_refuses_at_once() -> None:
    errors: list[EngineError] = []

    async def handler(session: AgiSession) -> None:
        for _ in range(3):
            try:
                await session.command("ANSWER")
            except EngineError as error:
                errors.append(error)

    async with serving(handler) as server:
        reader, writer = await called(server)
        await reader.readline()
        writer.write(b"HANGUP\n")
        assert await reader.read() == b""
        writer.close()
    assert [type(error) for error in errors] == [HungUpError] * 3


@pytest.mark.parametrize(("farewell", "expected"), [(b"HANGUP\n", HungUpError), (b"", EngineLostError)])
async def test_a_script_that_waits_elsewhere_is_told(farewell: bytes, expected: type[EngineError]) -> None:
    told: asyncio.Future[EngineError] = asyncio.get_running_loop().create_future()

    async def handler(session: AgiSession) -> None:
        session.on_over = told.set_result
        await session.command("NOOP")
        await told

    async with serving(handler) as server:
        reader, writer = await called(server)
        await reader.readline()
        writer.write(b"200 result=0\n")
        writer.write(farewell)
        if not farewell:
            writer.close()
        assert isinstance(await told, expected)
        writer.close()


async def test_unsafe_words_never_leave_and_end_nothing() -> None:
    refused: list[Exception] = []

    async def handler(session: AgiSession) -> None:
        try:
            await session.command("SET", "VARIABLE", "X", "a\nEXEC System rm")
        except UnsafeFieldError as error:
            refused.append(error)
        await session.command("NOOP")

    async with serving(handler) as server:
        reader, writer = await called(server)
        assert await reader.readline() == b"NOOP\n"
        writer.close()
    assert len(refused) == 1


async def test_a_quick_gosub_is_not_held_back_by_tcp() -> None:
    """Asterisk leaves Nagle's algorithm on: its second small line waits until the first is acknowledged."""
    count = 10
    script = Script(*[("GOSUB", "sub", "s", "1")] * count)
    async with serving(script) as server:
        reader, writer = await called(server)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        began = time.monotonic()
        for _ in range(count):
            await reader.readline()
            writer.write(b"100 result=0 Trying...\n")
            writer.write(b"200 result=0 Gosub complete\n")
        await script.done.wait()
        assert time.monotonic() - began < count * 0.03
        writer.close()
    assert len(script.replies) == count


async def test_two_commands_at_once_are_a_bug() -> None:
    raised: list[Exception] = []

    async def handler(session: AgiSession) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(session.command("NOOP"))
            await asyncio.sleep(0)
            try:
                await session.command("ANSWER")
            except RuntimeError as error:
                raised.append(error)

    async with serving(handler) as server:
        reader, writer = await called(server)
        assert await reader.readline() == b"NOOP\n"
        writer.write(b"200 result=0\n")
        assert await reader.read() == b""
        writer.close()
    assert len(raised) == 1


async def test_a_cancelled_command_closes_the_session() -> None:
    """Its answer would be taken for that of the next one."""
    running = asyncio.Event()
    tasks: list[asyncio.Task[None] | None] = []

    async def handler(session: AgiSession) -> None:
        tasks.append(asyncio.current_task())
        running.set()
        await session.command("EXEC", "Wait", "60")

    async with serving(handler) as server:
        reader, writer = await called(server)
        await reader.readline()
        await running.wait()
        assert tasks[0] is not None
        tasks[0].cancel()
        assert await reader.read() == b""
        writer.close()


async def test_an_answer_that_meets_a_cancellation_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    sessions: list[tuple[AgiSession, asyncio.Task[None] | None]] = []
    running = asyncio.Event()

    async def handler(session: AgiSession) -> None:
        sessions.append((session, asyncio.current_task()))
        running.set()
        await session.command("NOOP")

    async with serving(handler) as server:
        reader, writer = await called(server)
        await reader.readline()
        await running.wait()
        session, task = sessions[0]
        assert task is not None
        task.cancel()
        session.data_received(b"200 result=0\n")
        assert await reader.read() == b""
        writer.close()
    assert caplog.records == []


async def test_sessions_are_bounded() -> None:
    script = Script(("ANSWER",))
    async with serving(script, max_sessions=1) as server:
        reader, writer = await called(server)
        await reader.readline()
        second, second_writer = await called(server)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await second.readexactly(1)
        assert (server.sessions, server.refused) == (1, 1)
        for each in (writer, second_writer):
            each.close()
        await script.done.wait()


@pytest.mark.parametrize("opening", [b"", b"agi_network: yes\n", b"GET / HTTP/1.1\r\n\r\n"])
async def test_who_does_not_begin_in_time_is_closed(opening: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "REQUEST_WITHIN_S", 0.05)
    script = Script()
    async with serving(script) as server:
        reader, writer = await called(server, opening)
        assert await reader.read() == b""
        writer.close()
    assert not script.done.is_set()


async def test_a_successor_listens_on_the_same_port_while_the_old_one_drains() -> None:
    old_script, new_script = Script(("ANSWER",)), Script(("ANSWER",))
    async with serving(old_script) as old:
        reader, writer = await called(old)
        await reader.readline()
        new = AgiServer(old.port, new_script)
        await new.start()
        old.stop_listening()
        assert await old.drain(0.01) == 1
        later, later_writer = await called(new)
        assert await later.readline() == b"ANSWER\n"
        writer.write(b"200 result=0\n")
        assert await old.drain(5) == 0
        for each in (writer, later_writer):
            each.close()
        await new.stop()
    assert old_script.replies == [AgiReply(200, "0")]
