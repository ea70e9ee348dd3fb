"""``signalbox demo``: make the sample site, let its people call each other, and take everything away again."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

import msgspec

from signalbox.features.demo.model import Person
from signalbox.features.demo.rules import NAMES
from signalbox.features.demo.site import Site, alone
from signalbox.features.demo.theatre import Theatre
from signalbox.kernel.link import LinkClient, LinkDownError, LinkError, connected
from signalbox.kernel.operator import OperatorError
from signalbox.kernel.secrets import Secrets
from signalbox.settings import Settings
from signalbox.store.database import Store

CONNECT_WITHIN_S = 3.0
TELL_EVERY_S = 30.0
MOST_PHONES = len(NAMES)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: ``at_once`` calls at the most, for ``minutes`` (0 is until stopped)."""

    phones: int
    at_once: int
    minutes: float
    seed: int
    keep: bool


class _Status(msgspec.Struct):
    calls: int
    ami: str


async def run(settings: Settings, wish: Wish, say: Say) -> None:
    """Play until Ctrl-C, SIGTERM or the end of ``minutes``. Raises ``OperatorError`` when it cannot begin."""
    if not 2 <= wish.phones <= MOST_PHONES or wish.at_once < 1 or wish.minutes < 0:
        cure = f"ask for 2 to {MOST_PHONES} phones and at least one call, such as --phones 12 --calls 5"
        raise OperatorError("That is no demo.", cure)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    note = settings.paths.run / "demo.json"
    async with _exchange(settings) as link, _opened(settings) as store:
        site = Site(store, Secrets.open(settings.paths.secrets).box, link, note)
        with alone(note):
            await _Demo(settings, wish, site, link, say).run(stopped)


class _Demo:
    """One run on one site."""

    def __init__(self, settings: Settings, wish: Wish, site: Site, link: LinkClient, say: Say) -> None:
        self._settings = settings
        self._wish = wish
        self._site = site
        self._link = link
        self._say = say

    async def run(self, stopped: asyncio.Event) -> None:
        """Make the site, play, and leave nothing behind but what was asked to be kept."""
        host = _host(self._settings.sip.bind)
        people = await self._site.left_over()
        is_old = bool(people)
        try:
            if is_old:
                self._say(f"Using the {len(people)} sample extensions of an earlier demo: {_span(people)}.")
            else:
                people = await self._site.make(self._wish.phones, host)
                self._say(f"Made {len(people)} sample extensions: {_span(people)}.")
            if not stopped.is_set():
                await self._play(people, host, stopped, clear=is_old)
        finally:
            await self._leave()

    async def _play(self, people: list[Person], host: str, stopped: asyncio.Event, *, clear: bool) -> None:
        server = (host, self._settings.sip.udp_port)
        theatre = Theatre(server, people, Random(self._wish.seed), self._wish.at_once, self._tell)  # noqa: S311  a play, no secret
        try:
            await theatre.open(clear=clear)
            if not theatre.registered:
                raise _nobody(server, theatre.problem)
            self._welcome(theatre, people)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._wish.minutes * 60 or None), asyncio.TaskGroup() as group:
                    tasks = [group.create_task(theatre.play()), group.create_task(self._report(theatre))]
                    await stopped.wait()
                    for task in tasks:
                        task.cancel()
        finally:
            if theatre.registered:
                self._say("Stopping: hanging up and taking the phones away.")
            await theatre.close()
            if theatre.played:
                self._say(f"{theatre.played} calls were played; they are in the call records.")

    def _welcome(self, theatre: Theatre, people: list[Person]) -> None:
        lines = [f"{theatre.registered} of {len(people)} sample phones are registered and begin to call each other."]
        if theatre.problem:
            lines.append(f"Not all are: {theatre.problem}. They go on trying.")
        ends = f"Stops by itself after {self._wish.minutes:g} min, or" if self._wish.minutes else "Stop"
        lines += [
            "",
            f"  Watch            http://localhost:{self._settings.web.http_port}/   (the board is the first page)",
            f"  Join in          dial {people[0].number} from any phone: whoever is free answers",
            f"  {ends} with Ctrl-C.",
            "",
        ]
        self._say("\n".join(lines))

    async def _report(self, theatre: Theatre) -> None:
        """Tell now and then what the exchange itself counts."""
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            try:
                status: _Status = await self._link.request("status", result=_Status)
            except (LinkError, LinkDownError):
                self._tell("the exchange does not answer; waiting for it")
                continue
            problem = f"; {theatre.problem}" if theatre.problem else ""
            self._tell(f"calls in progress: {status.calls}, phones registered: {theatre.registered}{problem}")

    def _tell(self, text: str) -> None:
        self._say(f"{datetime.now().astimezone():%H:%M:%S}  {text}")

    async def _leave(self) -> None:
        if self._wish.keep:
            self._say(
                "The sample extensions are kept; the next `signalbox demo` uses them, and removes them at its end."
            )
            return
        count = await self._site.remove()
        self._say(f"Removed {count} sample extensions.")


@contextlib.asynccontextmanager
async def _exchange(settings: Settings) -> AsyncIterator[LinkClient]:
    """Connect to the running exchange. Raises ``OperatorError`` when none runs, or Asterisk is away."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            link = await stack.enter_async_context(connected(settings.paths.exchange_socket, CONNECT_WITHIN_S))
            status: _Status = await link.request("status", result=_Status)
        except LinkDownError as error:
            cure = "start it (make run, or signalbox up) and leave it running, then run the demo in another terminal"
            raise OperatorError(f"Signalbox is not running on {settings.data}.", cure) from error
        if status.ami != "live":
            raise OperatorError(f"Asterisk is not ready ({status.ami}).", "wait a few seconds and start the demo again")
        yield link


@contextlib.asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Store]:
    store = Store.open(settings)
    try:
        yield store
    finally:
        await store.close()


def _nobody(server: tuple[str, int], problem: str) -> OperatorError:
    cure = (
        "if Signalbox was started with settings in its environment, start the demo with the same; else ask the doctor"
    )
    return OperatorError(f"No sample phone could register at {server[0]}, UDP {server[1]}: {problem}.", cure)


def _host(bind: str) -> str:
    """The address at which this machine reaches its own SIP server."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104  looked up, not bound


def _span(people: list[Person]) -> str:
    numbers = [person.number for person in people]
    is_row = [int(number) for number in numbers] == list(range(int(numbers[0]), int(numbers[0]) + len(numbers)))
    return f"{numbers[0]} to {numbers[-1]}" if is_row and len(numbers) > 2 else ", ".join(numbers)
