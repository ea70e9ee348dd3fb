"""The plain values of extensions: what one is, how its endpoints are called, what a call needs of it."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

import msgspec
from msgspec import Meta

from signalbox.kernel.ids import FIRST_TENANT, EndpointId, Number, TenantId

MAX_BULK = 1000

_CHANNEL = re.compile(r"PJSIP/(?:t\d+-)?(\d{2,11})(?:-web)?-[0-9a-f]{8,}")


class Codec(StrEnum):
    """What the engine carries and can translate, best first."""

    OPUS = "opus"
    G722 = "g722"
    ALAW = "alaw"
    ULAW = "ulaw"
    GSM = "gsm"


class DtmfMode(StrEnum):
    """How a phone sends digits (PBX-EXT-23)."""

    RFC4733 = "rfc4733"
    INBAND = "inband"
    INFO = "info"
    AUTO = "auto"


NumberText = Annotated[str, Meta(pattern="^[0-9]{2,11}$", description="2 to 11 digits (PBX-NUM-02)")]
NameText = Annotated[str, Meta(max_length=80)]
EmailText = Annotated[str, Meta(max_length=254)]
RingSeconds = Annotated[int, Meta(ge=5, le=600)]
Contacts = Annotated[int, Meta(ge=1, le=5, description="Phones registered at once (PBX-EXT-17)")]
ExpirySeconds = Annotated[int, Meta(ge=60, le=86400, description="Register expiration (PBX-EXT-19)")]
QualifySeconds = Annotated[int, Meta(ge=0, le=3600, description="0 turns the keep-alive off (PBX-EXT-25)")]
RtpSeconds = Annotated[int, Meta(ge=0, le=3600, description="0 never hangs up (PBX-EXT-30)")]
CodecList = Annotated[tuple[Codec, ...], Meta(min_length=1, max_length=len(Codec))]
NetworkList = Annotated[tuple[Annotated[str, Meta(max_length=50)], ...], Meta(max_length=20)]
MusicName = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,40}$")]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What extensions of one bulk share. Values are not checked here; see ``rules.problems``."""

    email: EmailText = ""
    ring_s: RingSeconds = 30
    max_contacts: Contacts = 2
    register_expiry_s: ExpirySeconds = 1800
    web_phone: bool = True
    srtp: bool = False
    codecs: CodecList = (Codec.OPUS, Codec.G722, Codec.ALAW, Codec.ULAW)
    dtmf_mode: DtmfMode = DtmfMode.RFC4733
    nat: bool = True
    qualify_s: QualifySeconds = 60
    permit_ip: NetworkList = ()
    rtp_timeout_s: RtpSeconds = 60
    music_on_hold: MusicName = "default"


class Draft(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An extension as someone asks for it."""

    number: NumberText
    name: NameText = ""


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


class NumberRange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers kept for one kind of thing: those of the length of ``first`` from it to ``last`` (PBX-NUM-10)."""

    first: NumberText
    last: NumberText

    def __contains__(self, number: str) -> bool:
        return len(number) == len(self.first) and self.first <= number <= self.last


class RangeName(StrEnum):
    """What a range is kept for."""

    EXTENSIONS = "extensions"
    CONFERENCES = "conferences"
    QUEUES = "queues"
    DEPARTMENTS = "departments"
    PAGING = "paging"
    IVRS = "ivrs"
    DISA = "disa"
    PARKING = "parking"


DEFAULT_RANGES: Mapping[RangeName, NumberRange] = MappingProxyType(
    {
        RangeName.EXTENSIONS: NumberRange("100", "899"),
        RangeName.CONFERENCES: NumberRange("0900", "0935"),
        RangeName.QUEUES: NumberRange("0300", "0335"),
        RangeName.DEPARTMENTS: NumberRange("0400", "0435"),
        RangeName.PAGING: NumberRange("0500", "0535"),
        RangeName.IVRS: NumberRange("0600", "0635"),
        RangeName.DISA: NumberRange("0700", "0735"),
        RangeName.PARKING: NumberRange("41", "49"),
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
