"""Run every check and lay out what was found."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from signalbox.doctor import installation, machine, running
from signalbox.doctor.model import Check, Level, problem
from signalbox.settings import SettingsError, load


class Report(msgspec.Struct, frozen=True):
    """Everything that was found; ``healthy`` means no problem."""

    healthy: bool
    checks: tuple[Check, ...]


async def examine(data: Path) -> Report:
    """Look at everything; settings that cannot be used leave only what needs none."""
    now = datetime.now(UTC)
    checks = [*machine.python(), *machine.file_limit()]
    try:
        settings = load(data)
    except SettingsError as error:
        cure = "correct signalbox.toml in the data directory, or the environment"
        return _report([*checks, *(problem("settings", each, cure) for each in error.problems)])
    found = await running.look(settings)
    checks += [
        *machine.data_directory(settings),
        *machine.disk(settings),
        *machine.time_zone(settings, now),
        *installation.engine(settings),
        *installation.certificates(settings, now),
        *[check async for check in installation.store(settings)],
        *machine.ports(settings, found.pids),
        *running.processes(found),
        *running.exchange(found),
        *running.registrations(found),
        *running.audio(settings, found),
    ]
    return _report(checks)


def _report(checks: Iterable[Check]) -> Report:
    found = tuple(checks)
    return Report(all(check.level is not Level.PROBLEM for check in found), found)


def as_text(report: Report) -> str:
    """Lay the list out, each cure below what it cures, and a sentence at the end."""
    lines = []
    for check in report.checks:
        lines.append(f"{check.level:<9}{check.topic:<13}{check.found}")
        if check.cure:
            lines.append(f"{'':<22}What to do: {check.cure}")
    return "\n".join([*lines, "", _sum(report.checks)])


def as_json(report: Report) -> str:
    """Lay it out for programs."""
    return msgspec.json.format(msgspec.json.encode(report)).decode()


def _sum(checks: Sequence[Check]) -> str:
    problems, warnings = (sum(check.level is level for check in checks) for level in (Level.PROBLEM, Level.WARNING))
    if not problems:
        return "All is well." if not warnings else f"It works; {_counted(warnings, 'warning')}."
    return f"{_counted(problems, 'problem')} to mend" + (f", {_counted(warnings, 'warning')}." if warnings else ".")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
