"""``/checks``: what the system finds wrong with itself, each finding with cause and cure."""

import logging

import msgspec
from litestar import get

from signalbox.engine.audio_check import ContactSource, Finding, contact_source, findings
from signalbox.kernel.link import LinkClient, LinkDownError, LinkError
from signalbox.settings import Settings
from signalbox.web.addresses import local_addresses
from signalbox.web.given import Given

_log = logging.getLogger(__name__)


class _Contact(msgspec.Struct):
    endpoint: str
    uri: str


class _Contacts(msgspec.Struct):
    contacts: list[_Contact]


class AudioCheck(msgspec.Struct):
    """The surest finding first; ``looked_at_phones`` is false when the exchange could not tell where phones are."""

    findings: list[Finding]
    looked_at_phones: bool


@get("/checks/audio", summary="Why does only one side hear?", tags=["System"])
async def check_audio(settings: Given[Settings], link: Given[LinkClient]) -> AudioCheck:
    """Look for causes of one-way audio in the settings, this machine's addresses and where phones are registered."""
    phones = await _phones(link)
    found = findings(settings, local_addresses(), phones or ())
    return AudioCheck(found, phones is not None)


async def _phones(link: LinkClient) -> list[ContactSource] | None:
    try:
        told: _Contacts = await link.request("contacts", result=_Contacts, timeout_s=3.0)
    except (LinkDownError, LinkError) as error:
        _log.info("contacts_not_told error=%s", error)
        return None
    sources = (contact_source(each.endpoint, each.uri) for each in told.contacts)
    return [source for source in sources if source is not None]
