"""The command line. Each command imports what it needs when it runs, so that every one starts quickly."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from signalbox.kernel.operator import OperatorError, explained
from signalbox.kernel.supervisor import OPERATOR_EXIT

if TYPE_CHECKING:
    from signalbox.settings import Settings

app = App(name="signalbox", help="A self-hosted communications exchange on Asterisk.")
engine = App(name="engine", help="Asterisk as a component: install, upgrade, go back.")
app.command(engine)
admin = App(name="admin", help="Who may administer.")
app.command(admin)

Data = Annotated[Path, Parameter(name="--data", help="The data directory.", env_var="SIGNALBOX_DATA")]
DEFAULT_DATA = Path(".data")


@app.command
def up(data: Data = DEFAULT_DATA) -> None:
    """Run the whole system in the foreground: Asterisk, exchange, worker and web."""
    settings = _settings(data)
    from signalbox import startup

    _set_up_logs("signalbox", settings.paths.log)
    _run(startup.up(settings, _say))


@app.command
def exchange(data: Data = DEFAULT_DATA) -> None:
    """Run the exchange: call scripts, board and the link to Asterisk."""
    _serve("exchange", data)


@app.command
def web(data: Data = DEFAULT_DATA) -> None:
    """Run the web server: REST, WebSocket and console."""
    _serve("web", data)


@app.command
def worker(data: Data = DEFAULT_DATA) -> None:
    """Run the worker: event log importer, SIP trace, retention."""
    _serve("worker", data)


@app.command
def rehearse(
    data: Data = DEFAULT_DATA,
    *,
    from_: Annotated[str, Parameter(name="--from")],
    to: str,
    at: str = "",
    phone: tuple[str, ...] = (),
    keys: tuple[str, ...] = (),
    stays_s: float = 120.0,
    json: bool = False,
) -> None:
    """Play a call without calling anyone: every step of it, and the rule that decided.

    Parameters
    ----------
    from_
        The extension that calls.
    to
        The number it dials.
    at
        Local time of the call, such as "2026-12-25 10:00"; now without it.
    phone
        What a phone does: 101=busy, 101=no-answer, 101=offline, 101=rejects:2, 101=answers:3:20 (rings, talks).
    keys
        What the caller presses when asked, once for each question.
    stays_s
        The caller hangs up after this many seconds.
    json
        Print JSON.
    """
    from signalbox.calls import rehearse_command
    from signalbox.features import CALL_FEATURES

    settings = _settings(data)
    rehearsed = rehearse_command.rehearse_call(
        settings, CALL_FEATURES, from_=from_, to=to, at=at, phones=phone, keys=keys, stays_s=stays_s
    )
    lines = rehearse_command.as_lines(settings, from_, to, rehearsed)
    _say(rehearse_command.as_json(rehearsed) if json else "\n".join(lines))


@app.command
def demo(
    data: Data = DEFAULT_DATA,
    *,
    phones: int = 12,
    calls: int = 6,
    minutes: float = 0.0,
    seed: int = 0,
    keep: bool = False,
) -> None:
    """Let sample phones call each other on the running system, until Ctrl-C; then take them away again.

    Parameters
    ----------
    phones
        How many sample extensions are made, 2 to 24.
    calls
        How many calls there are at once, at the most.
    minutes
        Stop by itself after this time; 0 goes on until Ctrl-C.
    seed
        Another number gives another play.
    keep
        Leave the sample extensions behind; the next demo uses them.
    """
    settings = _settings(data)
    from signalbox.features.demo import commands

    _run(commands.run(settings, commands.Wish(phones, calls, minutes, seed, keep), _say))


@app.command
def doctor(data: Data = DEFAULT_DATA, *, json: bool = False) -> None:
    """Look at machine, data directory and processes: what is well, what is not, and the cure. Ends with 1 on a problem.

    Parameters
    ----------
    json
        Print JSON.
    """
    from signalbox.doctor import command

    report = asyncio.run(command.examine(data))
    _say(command.as_json(report) if json else command.as_text(report))
    if not report.healthy:
        raise SystemExit(1)


@admin.command(name="reset-password")
def admin_reset_password(username: str = "admin", data: Data = DEFAULT_DATA) -> None:
    """Give a user a new password, told once; every session of that user ends.

    Parameters
    ----------
    username
        Whose password.
    """
    from signalbox.features.people.users import reset_password
    from signalbox.store.database import Store

    async def reset() -> str:
        store = Store.open(_settings(data))
        try:
            return await reset_password(store, username)
        finally:
            await store.close()

    password = asyncio.run(reset())
    _say(f"Username  {username}\nPassword  {password}   <- shown this once, write it down")


@engine.command(name="install")
def engine_install(data: Data = DEFAULT_DATA) -> None:
    """Find Asterisk on this machine, or fetch it from this machine's Debian mirror into a private root."""
    from signalbox.engine.install import install

    installation = install(_settings(data).paths.engine_root, _say)
    where = "private root" if installation.is_private else installation.program[0]
    _say(f"Asterisk {installation.version} is ready ({where}).")


@engine.command(name="upgrade")
def engine_upgrade(data: Data = DEFAULT_DATA, *, drain_s: float = 3600.0) -> None:
    """Fetch and probe what Debian carries now, wait for the calls in progress to end, and change to it.

    Parameters
    ----------
    drain_s
        Change after this many seconds even when calls are left.
    """
    from signalbox.engine import install

    settings = _settings(data)
    newest = install.fetch_newest(settings.paths.engine_root, _say)
    if newest is None:
        _say("There is nothing newer.")
        return
    _change(settings, newest.label, drain_s)


@engine.command(name="rollback")
def engine_rollback(data: Data = DEFAULT_DATA, *, drain_s: float = 60.0) -> None:
    """Go back to the Asterisk before the last upgrade.

    Parameters
    ----------
    drain_s
        Change after this many seconds even when calls are left.
    """
    from signalbox.engine import install

    settings = _settings(data)
    _change(settings, install.previous(settings.paths.engine_root).label, drain_s)


@engine.command(name="status")
def engine_status(data: Data = DEFAULT_DATA) -> None:
    """Tell which Asterisk is installed and what runs."""
    from signalbox import upkeep
    from signalbox.engine import install

    settings = _settings(data)
    installation = install.current(settings.paths.engine_root)
    _say(f"Installed: {installation.version} ({installation.label})" if installation else "Installed: nothing")
    running = asyncio.run(upkeep.asked(settings, "status"))
    if running is None:
        _say("Signalbox is not running here.")
        return
    _say(f"Running:   {running['engine']['version']}, channels in use: {running['engine']['calls']}")
    for name, process in running["processes"].items():
        _say(f"  {name:<9} {process['state']}, process {process['pid']}, restarts {process['restarts']}")


def main() -> None:
    """Run the command line; what an operator must mend is told in one message and ends with status 78."""
    try:
        app()
    except OperatorError as error:
        _complain(error)
    except BrokenPipeError:  # whoever read our output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        if error.errno is None:
            raise
        _complain(explained(error, "Signalbox could not go on"))
    except BaseException as error:
        if (told := _told(error)) is None:
            raise
        _complain(told)


def _told(error: BaseException) -> OperatorError | None:
    """Give the operator's message of the parts' own errors about requests, settings, secrets and the database."""
    from signalbox.settings import SettingsError

    if isinstance(error, SettingsError):
        problem = "The settings cannot be used:" + "".join(f"\n  - {problem}" for problem in error.problems)
        return OperatorError(problem, "correct signalbox.toml in the data directory, or the environment")
    from signalbox.engine.publish import PublishError
    from signalbox.kernel.errors import DomainError
    from signalbox.kernel.secrets import SecretsError
    from signalbox.store.errors import StoreError

    if isinstance(error, DomainError):
        return OperatorError(error.detail, "correct the command and run it again; nothing was changed")
    if isinstance(error, StoreError):
        return OperatorError(error.detail, error.cure)
    if isinstance(error, PublishError):
        cure = "free space on its disk, and let the user who runs Signalbox own the folder publish in it"
        return OperatorError(f"The data directory: {error}.", cure)
    if isinstance(error, SecretsError):
        return OperatorError(str(error), "mend what the message names, then start again")
    return None


def _complain(error: OperatorError) -> None:
    print(f"signalbox: {error}", file=sys.stderr, flush=True)
    raise SystemExit(OPERATOR_EXIT) from None


def _say(text: str) -> None:
    print(text, flush=True)


def _settings(data: Path) -> "Settings":
    from signalbox.settings import load

    return load(data)


def _set_up_logs(name: str, folder: Path | None) -> None:
    from signalbox.kernel import logs

    logs.set_up(name, folder)


def _serve(name: str, data: Path) -> None:
    """Run one of our processes; under a supervisor it ends with it and logs into the supervisor's folder."""
    from signalbox.kernel import logs
    from signalbox.kernel.process import die_with_parent, raise_file_limit

    die_with_parent()
    raise_file_limit()
    folder = os.environ.get(logs.FOLDER)
    _set_up_logs(name, Path(folder) if folder else None)
    _run(_entry(name)(_settings(data)))


def _entry(name: str) -> "Callable[[Settings], Coroutine[Any, Any, None]]":
    run: Callable[[Settings], Coroutine[Any, Any, None]] = import_module(f"signalbox.{name}.process").run
    return run


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work`` on uvloop where that is installed."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None
    try:
        from uvloop import new_event_loop as factory
    except ImportError:
        factory = None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(work)


def _change(settings: "Settings", label: str, drain_s: float) -> None:
    """Change the version: through the running supervisor, or by the link alone when nothing runs."""
    from signalbox import upkeep
    from signalbox.engine import install

    _say(f"Changing to Asterisk {label}; calls in progress have {drain_s:g} s to end.")
    asked = {"label": label, "drain_s": drain_s}
    if asyncio.run(upkeep.asked(settings, "engine.switch", asked, within_s=drain_s + 300.0)) is None:
        install.switch_to(settings.paths.engine_root, label)
    _say(f"Asterisk {label} is in use.")
