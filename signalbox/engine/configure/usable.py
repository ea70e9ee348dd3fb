"""Settings that are well-formed by themselves, and yet nothing that Asterisk could be started with."""

import ipaddress
import re
from collections.abc import Iterator

from signalbox.settings import Settings

LONGEST_SOCKET = 107
"""Bytes in a Unix socket's path (``sockaddr_un``)."""

ALGORITHMS = ("MD5", "SHA-256")
_WORD = re.compile(r"[A-Za-z0-9_]{1,20}")
_REALM = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")


def problems(settings: Settings) -> list[str]:
    """Name every setting that would break a configuration file or the start, with its key."""
    return [*_texts(settings), *_addresses(settings), *_folder(settings)]


def _texts(settings: Settings) -> Iterator[str]:
    sip, engine = settings.sip, settings.engine
    if not _REALM.fullmatch(sip.realm):
        yield "sip.realm: up to 64 letters, digits, dots, hyphens and underscores"
    if not _WORD.fullmatch(engine.systemname):
        yield "engine.systemname: up to 20 letters, digits and underscores"
    if sip.external_address and not _HOST.fullmatch(sip.external_address):
        yield f"sip.external_address: {sip.external_address!r} is neither an address nor a host name"
    if not sip.digest_algorithms or any(name not in ALGORITHMS for name in sip.digest_algorithms):
        yield f"sip.digest_algorithms: one or both of {', '.join(ALGORITHMS)}"


def _addresses(settings: Settings) -> Iterator[str]:
    try:
        ipaddress.ip_address(settings.sip.bind)
    except ValueError:
        yield f"sip.bind: {settings.sip.bind!r} is not an address"
    for network in settings.sip.local_networks:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            yield f"sip.local_networks: {network!r} is not a network such as 192.168.1.0/24"
    if settings.sip.rtp_start >= settings.sip.rtp_end:
        yield "sip.rtp_end: must be above sip.rtp_start"


def _folder(settings: Settings) -> Iterator[str]:
    socket = str(settings.paths.asterisk / "run/asterisk.ctl")
    if len(socket.encode()) > LONGEST_SOCKET:
        room = LONGEST_SOCKET - len(socket.encode()) + len(settings.data.encode())
        yield f"data: the folder's path may have {room} bytes at most: {settings.data}"
    if re.search(r"[;\x00-\x1f]", settings.data) or settings.data != settings.data.strip():
        yield "data: the folder's path may hold no semicolon, no control character and no space at its ends"
