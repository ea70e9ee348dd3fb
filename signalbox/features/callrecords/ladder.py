"""The ladder of a call: SIP messages, script steps and engine events laid on one time axis. Pure; others fetch.

Instants are milliseconds since the epoch. Secrets in SIP (digest answers, SRTP keys) are masked before anything leaves.
"""

import re
from enum import StrEnum

import msgspec

from signalbox.engine.eventlog import LoggedEvent
from signalbox.engine.hep import SipPacket
from signalbox.features.extensions.model import extension_of_channel

ENGINE, SCRIPT = "asterisk", "script"
_SECRETS = (
    re.compile(r'(response=")[0-9a-fA-F]+(")'),
    re.compile(r"(inline:)[A-Za-z0-9+/=]+"),
    re.compile(r"(a=ice-pwd:)\S+"),
)
_SHOWN_EVENTS = {
    "CHAN_START": "channel begins",
    "ANSWER": "answered",
    "BRIDGE_ENTER": "enters the conversation",
    "BRIDGE_EXIT": "leaves the conversation",
    "HANGUP": "hung up",
    "BLINDTRANSFER": "blind transfer",
    "ATTENDEDTRANSFER": "attended transfer",
    "PICKUP": "picked up",
    "FORWARD": "forwarded",
}


class RowKind(StrEnum):
    """What a row of the ladder is."""

    SIP = "sip"
    STEP = "step"
    EVENT = "event"


class Participant(msgspec.Struct, frozen=True):
    """A column: ``kind`` is ``phone``, ``engine`` or ``script``."""

    id: str
    label: str
    kind: str


class Row(msgspec.Struct, frozen=True, rename={"source": "from", "target": "to"}):
    """One line of the ladder; ``source`` and ``target`` are participants' ids, equal where nothing travels."""

    at_ms: float
    kind: RowKind
    source: str
    target: str
    text: str
    detail: str = ""
    rule: str = ""
    raw: str = ""


class Step(msgspec.Struct, frozen=True):
    """One step of a call script, as the journal keeps it."""

    at_ms: float
    verb: str
    text: str
    rule: str = ""


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known about one call, in order of time."""

    call_id: str
    live: bool
    started_ms: float
    ended_ms: float
    participants: tuple[Participant, ...]
    rows: tuple[Row, ...]


def build(
    call_id: str,
    *,
    live: bool,
    events: list[LoggedEvent],
    messages: list[SipPacket],
    steps: list[Step],
    ports: set[int],
) -> Ladder:
    """Lay a call out. ``ports`` are Asterisk's own signalling ports: they tell which end of a message it was."""
    columns = _Columns(messages, ports)
    rows = [columns.row(message) for message in messages]
    rows += [Row(s.at_ms, RowKind.STEP, SCRIPT, SCRIPT, s.text, s.verb, s.rule) for s in steps]
    rows += [_event_row(event) for event in events if event.eventtype in _SHOWN_EVENTS]
    rows.sort(key=lambda row: row.at_ms)
    times = [row.at_ms for row in rows] or [0.0]
    participants = columns.participants(with_script=bool(steps))
    return Ladder(
        call_id=call_id,
        live=live,
        started_ms=times[0],
        ended_ms=times[-1],
        participants=participants,
        rows=tuple(rows),
    )


class _Columns:
    """The phones of a call by their address, in order of appearance; the first is the caller's."""

    def __init__(self, messages: list[SipPacket], ports: set[int]) -> None:
        self._ports = ports
        self._labels: dict[str, str] = {}
        for message in messages:
            phone = self._phone(message)
            extension = extension_of_channel(message.channel)
            if extension or phone not in self._labels:
                self._labels[phone] = extension or self._labels.get(phone, phone)

    def _is_from_engine(self, message: SipPacket) -> bool:
        return message.source_port in self._ports and message.target_port not in self._ports

    def _phone(self, message: SipPacket) -> str:
        if self._is_from_engine(message):
            return f"{message.target}:{message.target_port}"
        return f"{message.source}:{message.source_port}"

    def row(self, message: SipPacket) -> Row:
        phone = self._phone(message)
        ends = (ENGINE, phone) if self._is_from_engine(message) else (phone, ENGINE)
        text = masked(message.payload.decode("utf-8", "replace"))
        return Row(message.at * 1000, RowKind.SIP, *ends, title(text), summary(text), "", text)

    def participants(self, *, with_script: bool) -> tuple[Participant, ...]:
        phones = [Participant(phone, label, "phone") for phone, label in self._labels.items()]
        middle = [Participant(ENGINE, "Asterisk", "engine")]
        if with_script:
            middle.append(Participant(SCRIPT, "Call script", "script"))
        return (*phones[:1], *middle, *phones[1:])


def _event_row(event: LoggedEvent) -> Row:
    who = extension_of_channel(event.channame) or event.channame
    text = f"{who} {_SHOWN_EVENTS[event.eventtype]}"
    return Row(event.eventtime * 1000, RowKind.EVENT, ENGINE, ENGINE, text, event.channame, "", event.extra)


def masked(message: str) -> str:
    """Hide what would let a reader register or decrypt: digest answers, SRTP keys, ICE passwords."""
    for secret in _SECRETS:
        message = secret.sub(lambda m: m.group(1) + "***" + (m.group(2) if m.re.groups > 1 else ""), message)
    return message


def title(message: str) -> str:
    """Name a message as people do: its method, or status code and reason."""
    first = message.partition("\r\n")[0]
    if first.startswith("SIP/2.0 "):
        return first.removeprefix("SIP/2.0 ")
    return first.partition(" ")[0]


def summary(message: str) -> str:
    """Say what the message is about in a few words: ``CSeq`` and the codecs it offers."""
    head, _, body = message.partition("\r\n\r\n")
    sequence = next((line[5:].strip() for line in head.split("\r\n") if line.lower().startswith("cseq:")), "")
    codecs = re.findall(r"a=rtpmap:\d+ ([^/\r\n]+)", body)
    offered = ", ".join(dict.fromkeys(c for c in codecs if c != "telephone-event"))
    return " · ".join(part for part in (sequence, offered) if part)
