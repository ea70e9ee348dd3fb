"""``signalbox rehearse``: ask the published routing why a call would go where it goes, without calling anyone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from signalbox.calls.call import Caller
from signalbox.calls.destinations import Context, Kind, Kinds
from signalbox.calls.phones import Behaviour, behaviour
from signalbox.calls.rehearsal import Rehearsed, Story, rehearse
from signalbox.calls.routing import Routing, RoutingError, dialled_number
from signalbox.calls.simulated import EndedBy
from signalbox.kernel.ids import FIRST_TENANT, EndpointId, TenantId
from signalbox.kernel.operator import OperatorError
from signalbox.settings import Settings

_ENDED = {
    EndedBy.CALLER: "the caller hung up",
    EndedBy.CALLEE: "the other side hung up",
    EndedBy.EXCHANGE: "the exchange released the caller",
}


def rehearse_call(
    settings: Settings,
    kinds: Iterable[Kind[Any]],
    *,
    from_: str,
    to: str,
    at: str = "",
    phones: Sequence[str] = (),
    keys: Sequence[str] = (),
    stays_s: float = 120,
    tenant: TenantId = FIRST_TENANT,
) -> Rehearsed:
    """Rehearse ``from_`` dialling ``to`` at local time ``at`` (ISO form, ``calls.timezone``; empty: now).

    ``phones`` are ``101=busy``, ``101-web=answers:3:20``...: an extension means its first endpoint. Phones not named
    answer after 3 s and talk for 10. Raises ``OperatorError`` for bad input and when nothing is published.
    """
    moment = _moment(at, settings.calls.timezone)
    try:
        routing = Routing.open(settings.paths.routing_db)
    except RoutingError as error:
        raise OperatorError(
            f"Nothing is published here: {error}", "start Signalbox once, or name its --data"
        ) from error
    try:
        known = Kinds(kinds)
        story = Story(
            caller=Caller(from_, "", _endpoint(known, routing, tenant, from_)),
            dialled=to,
            at=moment,
            phones=_phones(known, routing, tenant, phones),
            caller_stays_s=stays_s,
            keys=tuple(keys),
            tenant=tenant,
        )
        return rehearse(known, Context(routing, settings.calls), story)
    finally:
        routing.close()


def as_lines(settings: Settings, from_: str, to: str, rehearsed: Rehearsed) -> list[str]:
    """Lay a rehearsal out for a terminal: virtual time, what, and the rule or whoever decided it."""
    steps = rehearsed.steps
    start_ms = steps[0].at_ms if steps else 0
    start = datetime.fromtimestamp(start_ms / 1000, ZoneInfo(settings.calls.timezone))
    lines = [f"{from_} dials {to} on {start:%Y-%m-%d %H:%M:%S %Z}, published version {rehearsed.version}", ""]
    width = min(max((len(step.text) for step in steps), default=0), 90)
    for step in steps:
        rule = f"  [{step.rule}]" if step.rule else ""
        lines.append(f"{(step.at_ms - start_ms) / 1000:7.1f} s  {step.verb:<9} {step.text:<{width}}{rule}".rstrip())
    status = f", dial status {rehearsed.dial_status}" if rehearsed.dial_status else ""
    ended = f"After {rehearsed.lasted_s:.1f} s {_ENDED[rehearsed.ended_by]}: cause {rehearsed.cause}{status}"
    return [*lines, "", ended]


def as_json(rehearsed: Rehearsed) -> str:
    """Give everything that ``Rehearsed`` holds as one JSON object."""
    return msgspec.json.format(msgspec.json.encode(rehearsed), indent=2).decode()


def _moment(at: str, timezone: str) -> datetime:
    if not at:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise OperatorError(f"--at {at!r} is no time", "write it as 2026-12-25 10:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))


def _phones(kinds: Kinds, routing: Routing, tenant: TenantId, texts: Sequence[str]) -> Mapping[EndpointId, Behaviour]:
    phones: dict[EndpointId, Behaviour] = {}
    for text in texts:
        phone, _, does = text.partition("=")
        try:
            phones[_endpoint(kinds, routing, tenant, phone)] = behaviour(does)
        except ValueError as error:
            raise OperatorError(f"--phone {text!r}: {error}", "write it as 101=busy") from error
    return phones


def _endpoint(kinds: Kinds, routing: Routing, tenant: TenantId, name: str) -> EndpointId:
    """Take an extension as its first endpoint, and anything else as the name of an endpoint."""
    number = dialled_number(name)
    published = routing.find(tenant, number) if number is not None else None
    if published is not None:
        kind, value = kinds.open(published)
        if endpoints := kind.lifeline(value):
            return endpoints[0]
    return EndpointId(name)
