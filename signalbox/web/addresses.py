"""The addresses of this machine, as the kernel has them."""

import ipaddress
import re
from pathlib import Path

from signalbox.settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LOCAL = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")


def local_addresses(proc: Path = Path("/proc/net")) -> list[Address]:
    """List the addresses of every interface, loopback included, link-local IPv6 left out (no browser can name it)."""
    found: dict[Address, None] = dict.fromkeys((ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")))
    for text in _LOCAL.findall(_text(proc / "fib_trie")):
        found[ipaddress.ip_address(text)] = None
    for line in _text(proc / "if_inet6").splitlines():
        address = ipaddress.ip_address(int(line.split()[0], 16).to_bytes(16, "big"))
        if not address.is_link_local:
            found[address] = None
    return list(found)


def own_host(settings: Settings) -> str:
    """Choose the name or address by which another machine reaches this one."""
    if settings.web.hostname:
        return settings.web.hostname
    outside = [str(each) for each in local_addresses() if each.version == 4 and not each.is_loopback]
    return settings.sip.external_address or (outside[0] if outside else "localhost")


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` means the machine that asks."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""  # not Linux, or not allowed: loopback is all we know
