"""The machine's own Debian mirror, read from its apt configuration. No address of a mirror is written anywhere here."""

import re
import shutil
import subprocess
from pathlib import Path

from signalbox.engine.install.errors import InstallCode, InstallError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_FIELDS = "$(REPO_URI)|$(ORIGIN)|$(LABEL)|$(COMPONENT)"
_RELEASE = re.compile(r"^'(.+/)dists/([^/']+)/(?:In)?Release'")
_ADD_SOURCE = (
    "add a Debian source with component main to /etc/apt/sources.list.d (see sources.list(5)), or install Asterisk "
    "22 yourself so that `asterisk` is on the PATH"
)


def debian_mirror(codename: str | None = None) -> str:
    """Ask apt for the mirror that this machine takes Debian's main archive from.

    Raises ``InstallError`` when there is no apt or no Debian source.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise InstallError(
            InstallCode.NO_APT,
            "Asterisk is fetched with apt-get and dpkg-deb, and this machine has not both.",
            "run Signalbox on Debian, or install Asterisk 22 yourself so that `asterisk` is on the PATH",
        )
    listed = called_debian(_apt("indextargets", "--format", _FIELDS, "Created-By: Packages"))
    mirror = listed or guessed(_apt("update", "--print-uris"), codename or _codename())
    if mirror is None:
        raise InstallError(InstallCode.NO_MIRROR, "apt on this machine knows no Debian mirror.", _ADD_SOURCE)
    return mirror


def called_debian(lines: list[str]) -> str | None:
    """Choose the repository that calls itself Debian among ``repo|origin|label|component`` lines of apt.

    There are none when the lists were never fetched, as in most container images.
    """
    for row in (line.split("|") for line in lines):
        if row[1:] == ["Debian", "Debian", "main"]:
            return row[0]
    return None


def guessed(lines: list[str], codename: str) -> str | None:
    """Choose among the Release addresses that apt would fetch, when nothing has said what it is yet.

    Other vendors also serve a suite of this release's name; only Debian serves its ``-updates`` beside it. A wrong
    choice is found by the signature.
    """
    suites: dict[str, set[str]] = {}
    for match in filter(None, map(_RELEASE.match, lines)):
        suites.setdefault(match[1], set()).add(match[2])
    able = [repo for repo, served in suites.items() if served & {codename, "stable", "testing", "unstable", "sid"}]
    able.sort(key=lambda repo: f"{codename}-updates" not in suites[repo])
    return able[0] if able else None


def _apt(*arguments: str) -> list[str]:
    run = subprocess.run(["apt-get", *arguments], capture_output=True, text=True, timeout=60, check=False)
    return run.stdout.splitlines()


def _codename() -> str:
    release = Path("/etc/os-release")
    lines = release.read_text().splitlines() if release.exists() else []
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    return fields.get("VERSION_CODENAME", "stable").strip('"')
