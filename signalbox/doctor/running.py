"""Checks of what runs: the processes, the exchange's own problems, registrations, causes of one-way audio."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from signalbox import upkeep
from signalbox.doctor.model import Check, Level, note, ok, problem, warning
from signalbox.engine.audio_check import ContactSource, Severity, contact_source, findings
from signalbox.kernel.link import LinkDownError, LinkError, connected
from signalbox.kernel.operator import OperatorError
from signalbox.settings import Settings
from signalbox.web.addresses import local_addresses

_WITHIN_S = 3.0
_SEE_LOGS = "see log/ in the data directory for why"
_LEVELS = {Severity.PROBLEM: Level.PROBLEM, Severity.WARNING: Level.WARNING, Severity.HINT: Level.NOTE}


class Exchange(msgspec.Struct):
    """What the exchange says of itself."""

    ami: str
    published: int
    calls: int
    problems: list[str]


class _Contact(msgspec.Struct):
    endpoint: str
    uri: str


class _Contacts(msgspec.Struct):
    contacts: list[_Contact]


class Running(msgspec.Struct):
    """What answered: the supervisor's processes, the exchange, and where phones are registered."""

    processes: dict[str, Any] | None = None
    refusal: str = ""
    exchange: Exchange | None = None
    contacts: list[_Contact] | None = None

    @property
    def pids(self) -> dict[str, int] | None:
        """Process ids by name; ``None`` when nothing runs."""
        return None if self.processes is None else {name: each["pid"] for name, each in self.processes.items()}


async def look(settings: Settings) -> Running:
    """Ask everything that runs on this data directory; never raises."""
    found = Running()
    try:
        told = await upkeep.asked(settings, "status")
        found.processes = None if told is None else told["processes"]
    except OperatorError as error:
        found.refusal = error.problem
    if settings.paths.exchange_socket.is_socket():
        with contextlib.suppress(LinkError, LinkDownError, msgspec.ValidationError):
            async with connected(settings.paths.exchange_socket, _WITHIN_S) as link:
                found.exchange = await link.request("status", result=Exchange, timeout_s=_WITHIN_S)
                found.contacts = (await link.request("contacts", result=_Contacts, timeout_s=_WITHIN_S)).contacts
    return found


def processes(found: Running) -> Iterator[Check]:
    """Do the processes run and stay up?"""
    if found.refusal:
        yield problem("processes", f"The supervisor answers badly: {found.refusal}", _SEE_LOGS)
        return
    if found.processes is None:
        is_alone = found.exchange is not None
        told = "The exchange runs without a supervisor." if is_alone else "Signalbox is not running here."
        yield note("processes", told, "" if is_alone else "start it with `make run` or `signalbox up`")
        return
    for name, process in found.processes.items():
        if process["state"] != "ready":
            yield problem("processes", f"{name} is {process['state']}.", _SEE_LOGS)
    restarts = {name: each["restarts"] for name, each in found.processes.items() if each["restarts"]}
    if restarts:
        told = ", ".join(f"{name} {'once' if count == 1 else f'{count} times'}" for name, count in restarts.items())
        yield warning("processes", f"Started again since the start: {told}.", _SEE_LOGS)
    if not restarts and all(each["state"] == "ready" for each in found.processes.values()):
        yield ok("processes", ", ".join(found.processes))


def exchange(found: Running) -> Iterator[Check]:
    """Is the exchange in touch with Asterisk, and content?"""
    if found.exchange is None:
        if found.processes is not None:
            yield problem(
                "exchange", "The exchange does not answer.", "wait a few seconds and look again; " + _SEE_LOGS
            )
        return
    if found.exchange.ami != "live":
        yield problem("exchange", f"The link to Asterisk is {found.exchange.ami}.", _SEE_LOGS)
    for told in found.exchange.problems:
        yield problem("exchange", told, "mend what the sentence names; the exchange goes on by itself")
    if found.exchange.ami == "live" and not found.exchange.problems:
        yield ok("exchange", f"version {found.exchange.published} in force, calls in progress: {found.exchange.calls}")


def registrations(found: Running) -> Iterator[Check]:
    """How many phones are there?"""
    if found.contacts is None:
        return
    if not found.contacts:
        yield note("phones", "No phone is registered.", "see docs/guide/phones.md, or try `signalbox demo`")
    else:
        yield ok("phones", f"{len(found.contacts)} registered")


def audio(settings: Settings, found: Running) -> Iterator[Check]:
    """Could only one side hear?"""
    sources = (contact_source(each.endpoint, each.uri) for each in found.contacts or ())
    phones: Sequence[ContactSource] = [source for source in sources if source is not None]
    causes = findings(settings, local_addresses(), phones)
    for cause in causes:
        yield Check("audio", _LEVELS[cause.severity], cause.cause, cause.cure)
    if not causes:
        yield ok("audio", "no cause of one-way audio found")
