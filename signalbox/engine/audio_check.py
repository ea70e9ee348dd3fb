"""Why only one side hears: pure findings from the settings, the machine's addresses and where phones registered from.

A phone sends its voice to the address that Asterisk names in SDP. One-way audio means that this address is wrong for
that phone, or that something on the way drops the packets.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec

from signalbox.settings import Settings, Sip

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UDPTL = range(4000, 4999)
PORTS_PER_CALL = 4  # two legs, each RTP and RTCP
FEWEST_CALLS = 25
_SHARED = ipaddress.ip_network("100.64.0.0/10")  # a provider's own router (RFC 6598): neither public nor ours
_HOST = re.compile(r"^sips?:(?:[^@;?]*@)?(?:\[([^\]]+)\]|([^:;?>]+))")


class Severity(StrEnum):
    """How sure the harm is."""

    PROBLEM = "problem"
    WARNING = "warning"
    HINT = "hint"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One cause with its cure; ``setting`` is the key to change, empty when it is not one of ours."""

    code: str
    severity: Severity
    cause: str
    cure: str
    setting: str = ""


class ContactSource(msgspec.Struct, frozen=True):
    """Where a phone is reached."""

    endpoint: str
    address: Address


def contact_source(endpoint: str, uri: str) -> ContactSource | None:
    """Take the address out of a registered contact's URI; None when it is a name (browsers have made-up ones)."""
    found = _HOST.match(uri)
    try:
        return ContactSource(endpoint, ipaddress.ip_address(found[1] or found[2])) if found else None
    except ValueError:
        return None


def findings(settings: Settings, machine: Sequence[Address], contacts: Iterable[ContactSource] = ()) -> list[Finding]:
    """Name everything that is, or may be, a cause of one-way audio; the surest first.

    ``machine`` is every address of this machine, ``contacts`` where phones are registered from now.
    """
    sip = settings.sip
    networks = _networks(sip)
    found = [
        *_bind(sip),
        *_bad_networks(sip),
        *_external(sip, machine),
        *_coverage(sip, machine, networks),
        *_contacts(sip, machine, networks, list(contacts)),
        *_ports(settings),
    ]
    order = list(Severity)
    return sorted(found, key=lambda each: order.index(each.severity))


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast


def _in_any(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _parsed(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _networks(sip: Sip) -> list[Network]:
    return [network for network in map(_parsed, sip.local_networks) if network is not None]


def _external_address(sip: Sip) -> Address | None:
    try:
        return ipaddress.ip_address(sip.external_address)
    except ValueError:
        return None


def _bind(sip: Sip) -> Iterator[Finding]:
    if ipaddress.ip_address(sip.bind).is_loopback:
        yield Finding(
            code="bound_to_loopback",
            severity=Severity.PROBLEM,
            cause=f"SIP listens on {sip.bind}: only programs on this machine can reach it.",
            cure="Set sip.bind to 0.0.0.0, or to the address that phones use, and restart.",
            setting="sip.bind",
        )


def _bad_networks(sip: Sip) -> Iterator[Finding]:
    for text in sip.local_networks:
        if _parsed(text) is None:
            yield Finding(
                code="local_network_unreadable",
                severity=Severity.PROBLEM,
                cause=f"{text!r} among the local networks is not a network.",
                cure="Write networks such as 192.168.1.0/24.",
                setting="sip.local_networks",
            )


def _external(sip: Sip, machine: Sequence[Address]) -> Iterator[Finding]:
    address = _external_address(sip)
    if address is None or _is_public(address):
        return
    mine = " It is this machine's own." if address in machine else ""
    yield Finding(
        code="external_address_private",
        severity=Severity.PROBLEM,
        cause=f"The external address {address} is private: phones outside send their voice to nowhere.{mine}",
        cure="Set sip.external_address to the public address of your router, or leave it empty if nobody is outside.",
        setting="sip.external_address",
    )


def _coverage(sip: Sip, machine: Sequence[Address], networks: list[Network]) -> Iterator[Finding]:
    """With an external address set, whoever is not in a local network is told the external one."""
    external = _external_address(sip)
    if not sip.external_address:
        return
    for address in machine:
        if not _is_public(address) and not address.is_loopback and not _in_any(address, networks):
            yield Finding(
                code="local_network_missing",
                severity=Severity.PROBLEM,
                cause=f"This machine is {address}, which is in no local network: Asterisk then tells nobody the "
                "external address, and phones outside send their voice to nowhere.",
                cure=f"Add the network of {address} to sip.local_networks.",
                setting="sip.local_networks",
            )
    for network in networks:
        if (external is not None and external in network) or network.prefixlen == 0:
            yield Finding(
                code="local_network_too_wide",
                severity=Severity.PROBLEM,
                cause=f"The local network {network} holds public addresses: phones outside are told the private one.",
                cure="List only the networks that reach this machine without a router that translates addresses.",
                setting="sip.local_networks",
            )


def _contacts(
    sip: Sip, machine: Sequence[Address], networks: list[Network], contacts: list[ContactSource]
) -> Iterator[Finding]:
    outside = [each for each in contacts if not _in_any(each.address, networks)]
    public = [each for each in outside if _is_public(each.address)]
    if public and not sip.external_address and not any(map(_is_public, machine)):
        yield Finding(
            code="external_address_unset",
            severity=Severity.PROBLEM,
            cause=f"{_named(public)} from outside, but no external address is set: they are told an address of this "
            "network and their voice never arrives.",
            cure="Set sip.external_address to the public address of your router and restart.",
            setting="sip.external_address",
        )
    private = [each for each in outside if not _is_public(each.address) and each.address not in _SHARED]
    if private and sip.external_address:
        yield Finding(
            code="contact_outside_local_networks",
            severity=Severity.WARNING,
            cause=f"{_named(private)} from a private network that is not among the local ones: they are told the "
            "external address.",
            cure="Add their network (a VPN, another site) to sip.local_networks.",
            setting="sip.local_networks",
        )
    if public:
        yield Finding(
            code="firewall_media",
            severity=Severity.HINT,
            cause=f"{_named(public)} from outside. A firewall or router that lets SIP through but not the media "
            "ports makes calls that connect in silence.",
            cure=f"Let UDP {sip.rtp_start} to {sip.rtp_end} through to this machine; switch SIP ALG off in the router.",
        )


def _named(contacts: list[ContactSource]) -> str:
    names = sorted({each.endpoint for each in contacts})
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"{shown} registered" if len(names) > 1 else f"{shown} is registered"


def _ports(settings: Settings) -> Iterator[Finding]:
    sip = settings.sip
    media = range(sip.rtp_start, sip.rtp_end + 1)
    if not media:
        yield Finding(
            code="media_range_empty",
            severity=Severity.PROBLEM,
            cause=f"The media ports end ({sip.rtp_end}) before they begin ({sip.rtp_start}).",
            cure="Set sip.rtp_start below sip.rtp_end.",
            setting="sip.rtp_end",
        )
    elif len(media) < FEWEST_CALLS * PORTS_PER_CALL:
        yield Finding(
            code="media_range_small",
            severity=Severity.WARNING,
            cause=f"{len(media)} media ports are enough for {len(media) // PORTS_PER_CALL} calls at a time; a call "
            "without a port has no audio.",
            cure=f"Widen sip.rtp_start to sip.rtp_end: {PORTS_PER_CALL} ports for each call.",
            setting="sip.rtp_end",
        )
    taken = {"sip.udp_port": sip.udp_port, "engine.hep_port": settings.engine.hep_port}
    for key, port in taken.items():
        if port in media:
            yield _overlap(key, f"{port} ({key})")
    if media and media.start < UDPTL.stop and UDPTL.start < media.stop:
        yield _overlap("sip.rtp_start", f"{UDPTL.start} to {UDPTL.stop - 1} (fax)")


def _overlap(setting: str, what: str) -> Finding:
    return Finding(
        code="media_range_overlap",
        severity=Severity.PROBLEM,
        cause=f"The media ports hold {what}: a call that is given this port has no audio.",
        cure="Move the media range or that port.",
        setting=setting,
    )
