"""What Asterisk and the call scripts must know of an extension: its endpoints' rows and its number's route."""

import hashlib

import msgspec

from signalbox.engine.publish import Route, SipKind, SipObject, Unit
from signalbox.features.extensions.model import Codec, Extension, ExtensionRoute, phone_endpoint, web_endpoint
from signalbox.features.extensions.tables import ExtensionRow
from signalbox.kernel.ids import EndpointId, Number, TenantId
from signalbox.kernel.secrets import Box
from signalbox.settings import Sip

_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
_BROWSER_CODECS = frozenset({Codec.OPUS, Codec.G722, Codec.ALAW, Codec.ULAW})


def published(row: ExtensionRow, box: Box, sip: Sip) -> Unit:
    """Compile ``row``. Opens its secrets, some 50 microseconds each: many belong in a thread."""
    extension, tenant = row.value(), row.owner
    phone, web = phone_endpoint(tenant, row.number), web_endpoint(tenant, row.number)
    objects = _phone(phone, tenant, extension, box.open(row.phone_secret), sip)
    if extension.web_phone:
        objects += _browser(web, tenant, extension, box.open(row.web_secret), sip)
    route = ExtensionRoute(
        number=Number(row.number),
        name=row.name,
        endpoints=(phone, web) if extension.web_phone else (phone,),
        ring_s=row.ring_s,
        music_on_hold=row.music_on_hold,
    )
    return Unit(objects, (Route(tenant, row.number, "extension", msgspec.json.encode(route)),))


def _phone(
    endpoint: EndpointId, tenant: TenantId, extension: Extension, secret: str, sip: Sip
) -> tuple[SipObject, ...]:
    behind_router = "yes" if extension.nat else "no"
    own = {
        "allow": ",".join(extension.codecs),
        "force_rport": behind_router,
        "rewrite_contact": behind_router,
        "rtp_symmetric": behind_router,
        "media_encryption": "sdes" if extension.srtp else "no",
    }
    return (
        SipObject(SipKind.ENDPOINT, endpoint, _shared(endpoint, tenant, extension) | own),
        _auth(endpoint, secret, sip),
        _aor(endpoint, tenant, extension),
    )


def _browser(
    endpoint: EndpointId, tenant: TenantId, extension: Extension, secret: str, sip: Sip
) -> tuple[SipObject, ...]:
    codecs: list[str] = [codec for codec in extension.codecs if codec in _BROWSER_CODECS] or [Codec.OPUS, Codec.ULAW]
    own = {"allow": ",".join(codecs), "webrtc": "yes", "ice_support": "yes", "media_encryption": "dtls"}
    return (
        SipObject(SipKind.ENDPOINT, endpoint, _shared(endpoint, tenant, extension) | own),
        _auth(endpoint, secret, sip),
        _aor(endpoint, tenant, extension),
    )


def _shared(endpoint: EndpointId, tenant: TenantId, extension: Extension) -> dict[str, str]:
    context, group = f"tenant-{tenant}", f"t{tenant}"
    shared = {
        "aors": endpoint,
        "auth": endpoint,
        "context": context,
        "subscribe_context": context,
        "tenantid": str(tenant),
        "accountcode": group,
        "callerid": caller_id(extension.name, extension.number),
        "dtmf_mode": str(extension.dtmf_mode),
        "rtp_timeout": str(extension.rtp_timeout_s),
        "moh_suggest": extension.music_on_hold,
        "named_call_group": group,
        "named_pickup_group": group,
    }
    if extension.permit_ip:
        # Our own address stays: the publisher unregisters phones whose secret was replaced.
        shared |= {"deny": "0.0.0.0/0,::/0", "permit": ",".join(("127.0.0.1/32", *extension.permit_ip))}
    return shared


def caller_id(name: str, number: str) -> str:
    """Write name and number in Asterisk's form; whatever the name holds stays part of the name."""
    quoted = (name or number).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{number}>'


def _auth(endpoint: EndpointId, secret: str, sip: Sip) -> SipObject:
    """Publish the digests alone; they hold the realm, which therefore never changes unnoticed."""
    text = f"{endpoint}:{sip.realm}:{secret}".encode()
    digests = {name: hashlib.new(_HASHES[name], text, usedforsecurity=False).hexdigest() for name in ("MD5", "SHA-256")}
    # MD5 is always there, and first: our own unregistering of this phone needs it.
    wanted = ["MD5", *(name for name in sip.digest_algorithms if name != "MD5")]
    values = {
        "username": endpoint,
        "realm": sip.realm,
        "password_digest": ",".join(f"{name}:{digests[name]}" for name in wanted),
        "supported_algorithms_uas": ",".join(sip.digest_algorithms),
        "supported_algorithms_uac": ",".join(sip.digest_algorithms),
    }
    return SipObject(SipKind.AUTH, endpoint, values)


def _aor(endpoint: EndpointId, tenant: TenantId, extension: Extension) -> SipObject:
    expiry = str(extension.register_expiry_s)
    values = {
        "max_contacts": str(extension.max_contacts),
        "default_expiration": expiry,
        "maximum_expiration": expiry,
        "qualify_frequency": str(extension.qualify_s),
        "mailboxes": f"{extension.number}@tenant-{tenant}",
    }
    return SipObject(SipKind.AOR, endpoint, values)
