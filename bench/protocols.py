"""What our side of AMI, AGI and the board costs, and what the links carry: ``python -m bench.protocols``.

Layout: one Asterisk and this process on the machine, one AMI connection, signalling only, no store. Rates on the engine
include the whole round trip; the others are this process's CPU alone. Prints one JSON line for each figure.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from signalbox.engine import install
from signalbox.engine.agi.codec import AgiCodec, encode_command
from signalbox.engine.agi.server import AgiServer, AgiSession
from signalbox.engine.ami.codec import AmiCodec, AmiMessage, encode_action
from signalbox.engine.ami.events import BOARD_EVENTS, board_event
from signalbox.engine.ami.link import AmiLink
from signalbox.engine.configure.control import USER
from signalbox.kernel.clock import SystemClock
from signalbox.kernel.ids import FIRST_TENANT
from signalbox.live.feed import Feed
from signalbox.live.fold import Board
from signalbox.live.lines import LineSpec
from tests.engine.asterisk import Asterisk, publish, settings_in

ROOT = Path(__file__).parent.parent
TRANSCRIPTS = ROOT / "tests/unit"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"
LINES = 1000


def report(name: str, value: float, unit: str, **conditions: object) -> None:
    """Print one figure."""
    print(json.dumps({"bench": "protocols", "name": name, "value": round(value, 1), "unit": unit, **conditions}))


def rate(work: Callable[[], int], at_least_s: float) -> float:
    """How many of what ``work`` counts are done in a second of this process's CPU."""
    done = 0
    began = time.process_time()
    while (took := time.process_time() - began) < at_least_s:
        done += work()
    return done / took


def call_events() -> tuple[bytes, bytes]:
    """The events of one two-party call: those that a board needs, and all that a default filter lets through."""
    everything = (TRANSCRIPTS / "ami/transcripts/call.ami").read_bytes()
    blocks = [block for block in everything.split(b"\r\n\r\n") if block]
    wanted = [block for block in blocks if block.split(b"\r\n")[0].removeprefix(b"Event: ").decode() in BOARD_EVENTS]
    return b"".join(block + b"\r\n\r\n" for block in wanted), everything


class _Readers:
    def is_empty(self) -> bool:
        return False

    def send(self, delta: bytes) -> None:
        del delta


def parse(at_least_s: float) -> None:
    """Measure the codecs and the fold without an engine."""
    needed, everything = call_events()
    codec = AmiCodec()
    codec.feed(BANNER)

    def decode(content: bytes) -> int:
        codec.feed(content)
        return sum(1 for _ in codec.messages())

    report("ami_parse", rate(lambda: decode(everything), at_least_s), "events/s")
    report("ami_encode", rate(lambda: len([encode_action("Ping", "1") for _ in range(100)]), at_least_s), "actions/s")
    environment = (TRANSCRIPTS / "agi/transcripts/session.agi").read_bytes().partition(b"\n\n")[0] + b"\n\n"

    def session() -> int:
        agi = AgiCodec()
        agi.feed(environment)
        count = sum(1 for _ in agi.events())
        for _ in range(10):
            encode_command(("SET", "VARIABLE", "SB_STAGE", "1-dial"))
            agi.feed(b"200 result=1\n")
            count += sum(1 for _ in agi.events())
        return count

    report("agi_parse", rate(session, at_least_s), "messages/s")
    board(needed, everything, at_least_s)


def board(needed: bytes, everything: bytes, at_least_s: float) -> None:
    """Measure what one two-party call costs the board: decode, fold, one delta for each of its four moments."""
    for name, content in (("board_call", needed), ("board_call_unfiltered", everything)):
        picture = Board()
        picture.set_lines([LineSpec(1, str(n), f"Line {n}", (str(n),)) for n in range(100, 100 + LINES)], 0)
        feed = Feed(picture, SystemClock(), "bench", _Readers())
        codec = AmiCodec()
        codec.feed(BANNER)
        events = content.count(b"Event: ")
        calls = rate(lambda: _one_call(codec, content, picture, feed), at_least_s)  # noqa: B023  used at once
        report(name, 1e6 / calls, "us CPU/call", events=events, lines=LINES, deltas=4)
        report(name + "_events", calls * events, "events/s", lines=LINES)


def _one_call(codec: AmiCodec, content: bytes, picture: Board, feed: Feed) -> int:
    codec.feed(content)
    messages: list[AmiMessage] = list(codec.messages())
    pause = len(messages) // 4 + 1
    for number, message in enumerate(messages, 1):
        if (event := board_event(message)) is not None:
            picture.apply(event)
        if number % pause == 0:
            feed.tell()
    feed.tell()
    return 1


@contextmanager
def engine(folder: Path) -> Iterator[Asterisk]:
    """Run an Asterisk with our configuration and an empty site."""
    settings = settings_in(folder, think_s=60)
    asterisk = Asterisk(settings, install.install(ROOT / ".cache/engine", lambda _line: None), (FIRST_TENANT,))
    asterisk.configure()
    logger = settings.paths.asterisk_etc / "logger.conf"
    logger.write_text(logger.read_text().partition("[logfiles](+)")[0])  # the tests' own log of every dialplan step
    publish(settings, [])
    try:
        asterisk.start()
        yield asterisk
    finally:
        asterisk.stop()


async def links(asterisk: Asterisk, count: int) -> None:
    """Measure actions and commands on the engine."""
    link = AmiLink("127.0.0.1", asterisk.settings.engine.ami_port, USER, asterisk.ami_secret)
    await link.start()
    await link.wait_live(10)
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(count // 500):
        await asyncio.gather(*[link.action("Ping") for _ in range(500)])
    report("ami_actions", count / (time.perf_counter() - began), "actions/s", pipelined=500)
    report("ami_actions_cpu", (time.process_time() - cpu) / count * 1e6, "us CPU/action", pipelined=500)
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(count // 4):
        await link.action("Ping")
    report("ami_actions", count / 4 / (time.perf_counter() - began), "actions/s", pipelined=1)
    for sessions in (1, 8):
        await commands(asterisk, link, sessions, count)
    await link.stop()


async def commands(asterisk: Asterisk, link: AmiLink, sessions: int, count: int) -> None:
    """Measure AGI commands on ``sessions`` channels at once."""
    done = asyncio.Semaphore(0)
    begin = asyncio.Event()

    async def script(session: AgiSession) -> None:
        done.release()
        await begin.wait()
        for _ in range(count // sessions):
            await session.command("SET", "VARIABLE", "SB_STAGE", "1-dial")
        done.release()

    server = AgiServer(asterisk.settings.engine.agi_port, script)
    await server.start()
    fields = {"Channel": "Local/*43@tenant-1", "Application": "Wait", "Data": "60", "Async": "true"}
    for _ in range(sessions):
        await link.action("Originate", fields)
    for _ in range(sessions):
        await done.acquire()
    began, cpu = time.perf_counter(), time.process_time()
    begin.set()
    for _ in range(sessions):
        await done.acquire()
    report("agi_commands", count / (time.perf_counter() - began), "commands/s", sessions=sessions)
    report("agi_commands_cpu", (time.process_time() - cpu) / count * 1e6, "us CPU/command", sessions=sessions)
    await server.stop()
    await asterisk.quiet()


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="CPU time of each figure without an engine")
    parser.add_argument("--count", type=int, default=20_000, help="actions and commands on the engine")
    arguments = parser.parse_args()
    parse(arguments.seconds)
    with tempfile.TemporaryDirectory() as folder, engine(Path(folder)) as asterisk:
        from uvloop import new_event_loop

        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(links(asterisk, arguments.count))


if __name__ == "__main__":
    main()
