"""What a newcomer is told when the system is up: where to go, who he is there, what to dial."""

import sys
from pathlib import Path

from signalbox.features.first_start import FirstStart
from signalbox.settings import Settings
from signalbox.web.addresses import own_host

DIAL = (("101", "the other sample extension"), ("*43", "echo test: hear yourself"))
_WIDTH = 78


def welcome(settings: Settings, first: FirstStart | None, version: str) -> str:
    """Write the block that ends a start; secrets are in it at the first start only."""
    host = own_host(settings)
    web, sip = settings.web, settings.sip
    lines = [
        f"Signalbox is running with Asterisk {version}.",
        "",
        f"  Console          https://{host}:{web.https_port}/",
        f"                   http://localhost:{web.http_port}/ (on this machine only)",
        f"  Certificate      https://{host}:{web.https_port}/install-certificate (do this once in each browser)",
        *_sign_in(first),
        "",
        f"  SIP server       {host}, UDP {sip.udp_port}, TCP {sip.tcp_port}, TLS {sip.tls_port}",
        *_extensions(first),
        "",
        *_table("  Dial", [f"{number:<6} {what}" for number, what in DIAL]),
        "",
        *_table(
            "  In another shell",
            [
                f"{_command()} demo     sample phones call each other: watch the board",
                f"{_command()} doctor   is all well here?",
            ],
        ),
        "",
        "  Stop with Ctrl-C.",
    ]
    rule = "-" * _WIDTH
    return "\n".join([rule, *lines, rule])


def credentials(first: FirstStart) -> str:
    """Write the secrets of a first start that did not come to its end, for they are told once."""
    return "\n".join([*_sign_in(first), *_extensions(first)])


def _sign_in(first: FirstStart | None) -> list[str]:
    if first is None:
        return [f"  Administrator    as before (`{_command()} admin reset-password` makes a new password)"]
    return [
        f"  Administrator    {first.username}",
        f"  Password         {first.password}   <- shown this once, write it down",
    ]


def _extensions(first: FirstStart | None) -> list[str]:
    if first is None:
        return ["  Extensions       as before (their secrets can be renewed in the console)"]
    entries = [f"{each.number} ({each.name}), secret {each.secret}" for each in first.extensions]
    return _table("  Extensions", entries)


def _table(title: str, entries: list[str]) -> list[str]:
    return [f"{title if not index else '':<19}{entry}" for index, entry in enumerate(entries)]


def _command() -> str:
    """Our command as this process was started, so that it can be typed again."""
    started = Path(sys.argv[0])
    return str(started) if started.name == "signalbox" else "signalbox"
