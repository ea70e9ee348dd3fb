"""Write everything Asterisk reads from files. What is published to its database is in ``engine.publish``."""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from signalbox.engine import dialplan
from signalbox.engine.configure import control, core, modules, sip
from signalbox.engine.configure.installed import Installed
from signalbox.engine.configure.usable import problems
from signalbox.kernel.ids import FIRST_TENANT, TenantId
from signalbox.settings import Settings, SettingsError

__all__ = ["ConfigVersion", "Installed", "Secrets", "copy_certificate", "render", "write"]

_FOLDERS = ("cache", "lib", "lib/keys", "agi-bin", "spool", "run", "log")


class Secrets(Protocol):
    """Random texts that stay the same for one name."""

    def text(self, name: str) -> str: ...


@dataclass(frozen=True, slots=True)
class ConfigVersion:
    """A configuration as it was written.

    A running Asterisk may be adopted when ``checksum`` is the one it was started with; ``changed`` names the files
    that this write touched. The certificate is not in the checksum: it is taken over without a restart.
    """

    checksum: str
    changed: tuple[str, ...]


def render(
    settings: Settings,
    installed: Installed,
    ami_secret: str,
    tenants: Sequence[TenantId] = (FIRST_TENANT,),
    lifelines: Mapping[TenantId, dialplan.Lifeline] | None = None,
) -> dict[str, str]:
    """Make every file by its name."""
    return {
        "asterisk.conf": core.asterisk(settings, installed),
        "modules.conf": modules.conf(),
        "logger.conf": core.logger(),
        "cel.conf": core.cel(),
        "cel_custom.conf": core.cel_custom(settings),
        "cdr.conf": core.cdr(),
        "hep.conf": core.hep(settings),
        "stasis.conf": core.stasis(),
        "musiconhold.conf": core.musiconhold(installed),
        "features.conf": core.features(),
        "ccss.conf": core.ccss(),
        "acl.conf": core.acl(),
        "indications.conf": core.indications(),
        "extensions.conf": dialplan.render(settings, tenants, lifelines),
        "pjsip.conf": sip.pjsip(settings),
        "pjproject.conf": sip.pjproject(),
        "udptl.conf": core.udptl(),
        "sorcery.conf": sip.sorcery(),
        "extconfig.conf": sip.extconfig(),
        "res_config_sqlite3.conf": sip.res_config_sqlite3(settings),
        "rtp.conf": sip.rtp(settings),
        "http.conf": sip.http(settings),
        "manager.conf": control.manager(settings, ami_secret),
    }


def write(
    settings: Settings,
    installed: Installed,
    secrets: Secrets,
    tenants: Sequence[TenantId] = (FIRST_TENANT,),
    lifelines: Mapping[TenantId, dialplan.Lifeline] | None = None,
) -> ConfigVersion:
    """Bring ``paths.asterisk_etc`` up to date and make Asterisk's folders.

    Files whose content is right are left alone. Everything is readable by its owner only. Raises ``SettingsError``.
    """
    if wrong := problems(settings):
        raise SettingsError(wrong)
    etc = settings.paths.asterisk_etc
    for folder in (etc, etc / "tls", *(settings.paths.asterisk / name for name in _FOLDERS)):
        folder.mkdir(parents=True, exist_ok=True)
    for folder in (settings.paths.events, settings.paths.publish):
        folder.mkdir(parents=True, exist_ok=True)
    files = render(settings, installed, secrets.text(control.SECRET), tenants, lifelines)
    content = {name: text.encode() for name, text in files.items()}
    written = content | _certificate(settings)
    changed = tuple(name for name, wanted in written.items() if _update(etc / name, wanted))
    return ConfigVersion(_checksum(content, installed), changed)


def copy_certificate(settings: Settings) -> Path:
    """Bring the copies of certificate and key up to date, for a running Asterisk too; gives their folder."""
    for name, wanted in _certificate(settings).items():
        _update(settings.paths.asterisk_etc / name, wanted)
    return settings.paths.asterisk_etc / "tls"


def _certificate(settings: Settings) -> dict[str, bytes]:
    """Asterisk gets copies, so that its user needs no way into the folder that holds the CA's key."""
    paths = settings.paths
    return {
        f"tls/{name}": source.read_bytes()
        for name, source in (("server.pem", paths.server_cert), ("server.key", paths.server_key))
        if source.exists()
    }


def _update(file: Path, wanted: bytes) -> bool:
    if file.exists() and file.read_bytes() == wanted:
        return False
    draft = file.with_name(f".{file.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(wanted)
    shutil.move(draft, file)
    return True


def _checksum(content: Mapping[str, bytes], installed: Installed) -> str:
    digest = hashlib.sha256(f"{installed.version} {installed.modules}".encode())
    for name, wanted in sorted(content.items()):
        digest.update(f"\0{name}\0{len(wanted)}\0".encode())
        digest.update(wanted)
    return digest.hexdigest()[:16]
