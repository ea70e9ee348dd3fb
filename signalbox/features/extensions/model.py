"""The plain values of extensions: what one is, how its endpoints are called, what a call needs of it."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import msgspec

from signalbox.kernel.ids import FIRST_TENANT, EndpointId, Number, TenantId

AUDIO_CODECS = ("opus", "g722", "alaw", "ulaw", "gsm")
"""What the engine carries and can translate, in the order in which it is offered."""

MAX_BULK = 1000

_CHANNEL = re.compile(r"PJSIP/(?:t\d+-)?(\d{2,11})(?:-web)?-[0-9a-f]{8,}")


class DtmfMode(StrEnum):
    """How a phone sends digits (PBX-EXT-23)."""

    RFC4733 = "rfc4733"
    INBAND = "inband"
    INFO = "info"
    AUTO = "auto"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What extensions of one bulk share. Values are not checked here; see ``rules.problems``."""

    email: str = ""
    ring_s: int = 30
    max_contacts: int = 2
    register_expiry_s: int = 1800
    web_phone: bool = True
    srtp: bool = False
    codecs: tuple[str, ...] = ("opus", "g722", "alaw", "ulaw")
    dtmf_mode: DtmfMode = DtmfMode.RFC4733
    nat: bool = True
    qualify_s: int = 60
    permit_ip: tuple[str, ...] = ()
    rtp_timeout_s: int = 60
    music_on_hold: str = "default"


class Draft(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An extension as someone asks for it."""

    number: str
    name: str = ""


class Extension(Options, frozen=True, kw_only=True):
    """An extension as it is."""

    number: str
    name: str
    created_at: datetime
    updated_at: datetime


class ExtensionRoute(msgspec.Struct, frozen=True, kw_only=True):
    """What a call script must know to ring an extension; published as the kind ``extension``."""

    number: Number
    name: str
    endpoints: tuple[EndpointId, ...]
    ring_s: int = 30
    music_on_hold: str = "default"


class NumberRange(msgspec.Struct, frozen=True):
    """Numbers kept for one kind of thing: those of the length of ``first`` from it to ``last`` (PBX-NUM-10)."""

    first: str
    last: str

    def __contains__(self, number: str) -> bool:
        return len(number) == len(self.first) and self.first <= number <= self.last


EXTENSIONS = "extensions"

DEFAULT_RANGES: Mapping[str, NumberRange] = MappingProxyType(
    {
        EXTENSIONS: NumberRange("100", "899"),
        "conferences": NumberRange("0900", "0935"),
        "queues": NumberRange("0300", "0335"),
        "departments": NumberRange("0400", "0435"),
        "paging": NumberRange("0500", "0535"),
        "ivrs": NumberRange("0600", "0635"),
        "disa": NumberRange("0700", "0735"),
        "parking": NumberRange("41", "49"),
    }
)
"""PBX-NUM-01 and 03 to 09."""


def phone_endpoint(tenant: TenantId, number: str) -> EndpointId:
    """Name the endpoint of an extension's SIP phones."""
    return EndpointId(number if tenant == FIRST_TENANT else f"t{tenant}-{number}")


def web_endpoint(tenant: TenantId, number: str) -> EndpointId:
    """Name the endpoint of an extension's browser phone."""
    return EndpointId(f"{phone_endpoint(tenant, number)}-web")


def extension_of_channel(channel: str) -> str:
    """The number of the extension whose phone made or got ``channel``; empty when it is not a phone of ours."""
    found = _CHANNEL.fullmatch(channel)
    return found[1] if found else ""
