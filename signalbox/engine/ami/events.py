"""The few events a board needs, as values. What they mean for lines and calls is in ``live.fold``.

Every channel event of Asterisk carries the whole channel, so that state, number, and linked id are read from whichever
comes; that is why so few are needed. ``Dial...``, ``NewCallerid`` and ``DeviceStateChange`` would add nothing.
"""

import re
from collections.abc import Callable

import msgspec

from signalbox.engine.ami.codec import AmiMessage

BOARD_EVENTS = (
    "Newchannel",
    "Newstate",
    "BridgeEnter",
    "Rename",
    "Hangup",
    "Hold",
    "Unhold",
    "ContactStatus",
    "FullyBooted",
)
"""What the manager's event filter must let through; nine events for a two-party call."""

_UNREACHABLE = frozenset({"Unreachable", "Removed"})
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))
_HIDDEN = ("Local/", "CBAnn/", "Message/", "Announcer/", "Recorder/", "Snoop/")


class ChannelSeen(msgspec.Struct, frozen=True, gc=False):
    """A channel as it is now; ``is_new`` at its birth, ``holds`` only where the event tells."""

    channel_id: str
    channel_name: str
    state: int
    number: str
    name: str
    dialled: str
    context: str
    linkedid: str
    at_ms: int
    is_new: bool = False
    holds: bool | None = None


class ChannelRenamed(msgspec.Struct, frozen=True, gc=False):
    """A masquerade gave the channel another party's device."""

    channel_id: str
    channel_name: str
    at_ms: int


class ChannelGone(msgspec.Struct, frozen=True, gc=False):
    """The channel has ended."""

    channel_id: str
    at_ms: int


class ContactSeen(msgspec.Struct, frozen=True, gc=False):
    """A registration; ``is_usable`` is false once it is removed or known to be unreachable."""

    endpoint: str
    uri: str
    is_usable: bool
    at_ms: int


BoardEvent = ChannelSeen | ChannelRenamed | ChannelGone | ContactSeen


def board_event(message: AmiMessage) -> BoardEvent | None:
    """Translate one event; None for what no board shows."""
    read = _READERS.get(message.fields["Event"])
    if read is None:
        return None
    try:
        return read(message.fields)
    except (KeyError, ValueError):
        return None


def listed_channel(message: AmiMessage, at_ms: int) -> ChannelSeen | None:
    """Translate an item of ``CoreShowChannels``; None for channels that are no party."""
    fields = message.fields
    return _seen({**fields, "Timestamp": str(at_ms / 1000)}, is_new=True) if "Uniqueid" in fields else None


def listed_contact(message: AmiMessage, at_ms: int) -> ContactSeen:
    """Translate an item of ``PJSIPShowContacts``."""
    endpoint = message.get("Endpoint") or message.get("ObjectName").partition(";")[0]
    return ContactSeen(endpoint, _uri(message.get("Uri")), message.get("Status") not in _UNREACHABLE, at_ms)


def endpoint_of(channel_name: str) -> str:
    """Name the endpoint of a channel such as ``PJSIP/100-web-0000000a``; empty when it is no device's."""
    technology, slash, rest = channel_name.partition("/")
    return rest.rpartition("-")[0] if slash and technology == "PJSIP" else ""


def _seen(fields: dict[str, str], *, is_new: bool = False, holds: bool | None = None) -> ChannelSeen | None:
    channel_name = fields["Channel"]
    if channel_name.startswith(_HIDDEN):
        return None
    number, name = fields["CallerIDNum"], fields["CallerIDName"]
    return ChannelSeen(
        fields["Uniqueid"],
        channel_name,
        int(fields["ChannelState"]),
        "" if number == "<unknown>" else number,
        "" if name == "<unknown>" else _unescaped(name),
        fields["Exten"],
        fields["Context"],
        fields["Linkedid"],
        _at_ms(fields),
        is_new,
        holds,
    )


def _unescaped(name: str) -> str:
    """Undo what Asterisk does to names in events, as in C; its log and its files have them as they are."""
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), name) if "\\" in name else name


def _at_ms(fields: dict[str, str]) -> int:
    return int(float(fields["Timestamp"]) * 1000)


def _uri(text: str) -> str:
    return text.replace("^3B", ";")


def _contact(fields: dict[str, str]) -> ContactSeen:
    is_usable = fields["ContactStatus"] not in _UNREACHABLE
    return ContactSeen(fields.get("EndpointName") or fields["AOR"], _uri(fields["URI"]), is_usable, _at_ms(fields))


_READERS: dict[str, Callable[[dict[str, str]], BoardEvent | None]] = {
    "Newchannel": lambda fields: _seen(fields, is_new=True),
    "Newstate": _seen,
    "BridgeEnter": _seen,
    "Hold": lambda fields: _seen(fields, holds=True),
    "Unhold": lambda fields: _seen(fields, holds=False),
    "Rename": lambda fields: ChannelRenamed(fields["Uniqueid"], fields["Newname"], _at_ms(fields)),
    "Hangup": lambda fields: ChannelGone(fields["Uniqueid"], _at_ms(fields)),
    "ContactStatus": _contact,
}
