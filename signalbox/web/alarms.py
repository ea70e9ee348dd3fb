"""What an operator must be told about the system, decided from its parts; each alarm ends when its cause does."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from signalbox.live.model import EngineView

PUBLISH_WITHIN = timedelta(seconds=5)
CERTIFICATE_WARNING = timedelta(days=30)


class AlarmSeverity(StrEnum):
    """A problem harms someone now; a warning will, or costs something that can be done without."""

    PROBLEM = "problem"
    WARNING = "warning"


class AlarmCode(StrEnum):
    """Stable names; programs decide by them."""

    STORE_AWAY = "store_away"
    ENGINE_AWAY = "engine_away"
    EXCHANGE_AWAY = "exchange_away"
    EXCHANGE_PROBLEM = "exchange_problem"
    WORKER_AWAY = "worker_away"
    PUBLISH_BEHIND = "publish_behind"
    JOURNAL_FAILING = "journal_failing"
    DISK_SHORT = "disk_short"
    TRACE_PAUSED = "trace_paused"
    CERTIFICATE_ENDING = "certificate_ending"


class Alarm(msgspec.Struct, frozen=True):
    """One alarm; ``detail`` is for people."""

    code: AlarmCode
    severity: AlarmSeverity
    detail: str


class ExchangeView(msgspec.Struct):
    """The exchange's own word; ``up`` is false while it does not answer."""

    up: bool = False
    ami: str = ""
    published: int = 0
    calls: int = 0
    pid: int = 0
    problems: tuple[str, ...] = ()
    journal_problem: str = ""


class WorkerView(msgspec.Struct):
    """The worker's own word: call records still open, events imported since its start, whether the disk is short."""

    up: bool = False
    pid: int = 0
    open_calls: int = 0
    imported: int = 0
    disk_short: bool = False
    trace_paused: bool = False


class StoreView(msgspec.Struct):
    """The database: its kind, and the newest change set, which ``exchange.published`` follows."""

    up: bool
    kind: str
    version: int = 0
    problem: str = ""


class Machine(msgspec.Struct, frozen=True):
    """What this process sees of its machine."""

    disk_short: bool = False
    certificate_ends_at: datetime | None = None


def alarms(
    engine: EngineView,
    exchange: ExchangeView,
    worker: WorkerView,
    store: StoreView,
    machine: Machine,
    *,
    waiting_since: datetime | None,
    now: datetime,
) -> list[Alarm]:
    """List them, problems first; ``waiting_since`` is when the oldest change that is not in force was committed."""
    found = [
        *_of_parts(engine, exchange, worker, store),
        *_of_publishing(exchange, store, waiting_since, now),
        *_of_space(exchange, worker, machine),
        *_of_certificate(machine.certificate_ends_at, now),
    ]
    return sorted(found, key=lambda alarm: alarm.severity is not AlarmSeverity.PROBLEM)


def _of_parts(engine: EngineView, exchange: ExchangeView, worker: WorkerView, store: StoreView) -> Iterator[Alarm]:
    if not store.up:
        yield Alarm(AlarmCode.STORE_AWAY, AlarmSeverity.PROBLEM, store.problem)
    if not exchange.up:
        yield Alarm(AlarmCode.EXCHANGE_AWAY, AlarmSeverity.PROBLEM, "The exchange does not answer.")
    elif not engine.up:  # while the exchange is away nobody here knows
        yield Alarm(AlarmCode.ENGINE_AWAY, AlarmSeverity.PROBLEM, engine.problem)
    if not worker.up:
        yield Alarm(AlarmCode.WORKER_AWAY, AlarmSeverity.PROBLEM, "The worker does not answer.")


def _of_publishing(
    exchange: ExchangeView, store: StoreView, waiting_since: datetime | None, now: datetime
) -> Iterator[Alarm]:
    if exchange.up and waiting_since is not None and now - waiting_since > PUBLISH_WITHIN:
        seconds = int((now - waiting_since).total_seconds())
        detail = f"Change {exchange.published} is in force, {store.version} is the newest; waiting for {seconds} s."
        yield Alarm(AlarmCode.PUBLISH_BEHIND, AlarmSeverity.PROBLEM, detail)
    for problem in exchange.problems:
        if problem != exchange.journal_problem:  # which has an alarm of its own
            yield Alarm(AlarmCode.EXCHANGE_PROBLEM, AlarmSeverity.WARNING, problem)


def _of_space(exchange: ExchangeView, worker: WorkerView, machine: Machine) -> Iterator[Alarm]:
    if exchange.journal_problem:
        yield Alarm(AlarmCode.JOURNAL_FAILING, AlarmSeverity.PROBLEM, exchange.journal_problem)
    if worker.disk_short or machine.disk_short:
        detail = "Less is free than retention.min_free_mb. Free some space."
        yield Alarm(AlarmCode.DISK_SHORT, AlarmSeverity.PROBLEM, detail)
    if worker.trace_paused:
        yield Alarm(
            AlarmCode.TRACE_PAUSED, AlarmSeverity.WARNING, "SIP messages are not kept; calls and records go on."
        )


def _of_certificate(ends_at: datetime | None, now: datetime) -> Iterator[Alarm]:
    if ends_at is None or ends_at - now > CERTIFICATE_WARNING:
        return
    is_over = ends_at <= now
    detail = f"The server's certificate {'ended' if is_over else 'ends'} on {ends_at:%Y-%m-%d}."
    yield Alarm(AlarmCode.CERTIFICATE_ENDING, AlarmSeverity.PROBLEM if is_over else AlarmSeverity.WARNING, detail)
