"""Asterisk as a component: found on the machine or fetched from Debian, probed, recorded, upgraded and rolled back.

Nothing here knows Signalbox's own configuration of Asterisk; that is written by ``engine.configure``.
"""

from signalbox.engine.install.errors import InstallCode, InstallError
from signalbox.engine.install.installation import Installation
from signalbox.engine.install.installer import current, install
from signalbox.engine.install.upgrade import fetch_newest, previous, switch_to
from signalbox.engine.install.versions import AsteriskVersion

__all__ = [
    "AsteriskVersion",
    "InstallCode",
    "InstallError",
    "Installation",
    "current",
    "fetch_newest",
    "install",
    "previous",
    "switch_to",
]
