"""A private use of apt: packages of another suite are resolved and fetched, and nothing of the system is touched.

Only the machine's own apt configuration (proxies, certificates, credentials, keyrings) is shared with the system.
"""

import datetime
import email.utils
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from signalbox.engine.install.errors import InstallCode, InstallError
from signalbox.engine.install.mirror import KEYRING

Progress = Callable[[str], None]

SUITE = "sid"
WANTED = ("asterisk", "asterisk-core-sounds-en", "asterisk-moh-opsound-wav")

# Hooks of the machine's configuration (image builders clear the system's caches, say) belong to the system's apt alone.
_HOOKS = ("Update::Pre-Invoke", "Update::Post-Invoke", "Update::Post-Invoke-Success")
_DPKG_HOOKS = ("Pre-Invoke", "Post-Invoke", "Pre-Install-Pkgs")

_CAUSES = (
    (
        r"No space left|enough free space",
        InstallCode.DISK_FULL,
        "The disk is full: there is no room for the Asterisk packages.",
        "free about 700 MB below {folder}, then run the same command again",
    ),
    (
        r"NO_PUBKEY|BADSIG|EXPKEYSIG|is not signed|GPG error|signature",
        InstallCode.SIGNATURE,
        "The Debian archive's signature could not be verified, so nothing was installed.",
        "update the package debian-archive-keyring, or mend the mirror in the machine's apt sources",
    ),
    (
        r"Permission denied|not permitted",
        InstallCode.NOT_PERMITTED,
        "apt may not write where Asterisk is to be installed.",
        "make {folder} belong to the user who runs Signalbox",
    ),
    (
        r"Could not get lock|Unable to lock",
        InstallCode.BUSY,
        "Another installation of Asterisk is under way.",
        "wait until it has ended, then run the same command again",
    ),
    (
        r"Unable to locate package|unmet dependencies|no installation candidate",
        InstallCode.PACKAGES,
        f"Debian's suite {SUITE} cannot give a complete Asterisk at this moment.",
        "try again later, or install Asterisk 22 yourself so that `asterisk` is on the PATH",
    ),
    (
        r"",
        InstallCode.UNREACHABLE,
        "The Debian mirror of this machine could not be read.",
        "check the network and the machine's apt sources with `apt-get update`, then run the same command again",
    ),
)


class PrivateApt:
    """apt with lists, status and cache of its own below ``folder``; every package counts as not installed."""

    def __init__(self, folder: Path, mirror: str) -> None:
        self.archives = folder / "archives"
        self._folder = folder
        self._lists = folder / "lists"
        self._config = folder / "apt.conf"
        for path in (self.archives / "partial", self._lists / "partial"):
            path.mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text(_source(mirror))
        self._config.write_text(_configuration(folder))

    def update(self, progress: Progress) -> None:
        """Fetch the suite's index; a Release past its date is accepted and told, a bad signature never."""
        progress(f"Asterisk: reading the package index of Debian {SUITE}")
        self._run("update", progress=None)
        if (until := self._past_its_date()) is not None:
            progress(f"Asterisk: warning: the mirror's index was valid until {until:%Y-%m-%d}; its signature is good")

    def candidate(self) -> str:
        """Tell the version of ``asterisk`` that would be installed, in Debian's form."""
        for line in self._run("policy", "asterisk", program="apt-cache"):
            if line.strip().startswith("Candidate:") and "(none)" not in line:
                return line.split(":", 1)[1].strip()
        raise self._error("Unable to locate package")

    def download(self, progress: Progress) -> list[Path]:
        """Fetch Asterisk with the closure of what it needs, and give the package files."""
        before = {path.name for path in self.archives.glob("*.deb")}
        lines = self._run("install", "--yes", "--print-uris", *WANTED)
        names = {match[1] for match in (re.match(r"'[^']+' (\S+\.deb) ", line) for line in lines) if match}
        if names:
            self._run("install", "--yes", "--download-only", *WANTED, progress=progress)
        for stale in before - names:
            if names:
                (self.archives / stale).unlink()
        return sorted(self.archives.glob("*.deb"))

    def _run(self, *arguments: str, program: str = "apt-get", progress: Progress | None = None) -> list[str]:
        command = [program, "--config-file", str(self._config), *arguments]
        environ = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        reading, writing = os.pipe()
        options = [f"APT::Status-Fd={writing}"] if progress else []
        try:
            process = subprocess.Popen(
                [*command, *(part for option in options for part in ("-o", option))],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environ,
                text=True,
                pass_fds=[writing] if progress else [],
            )
        finally:
            os.close(writing)
        with process, os.fdopen(reading) as status:
            if progress:
                _tell(status.readline, progress)
            assert process.stdout is not None
            output = process.stdout.read()
        if process.returncode != 0:
            raise self._error(output)
        return output.splitlines()

    def _error(self, output: str) -> InstallError:
        faults = "\n".join(line for line in output.splitlines() if line.startswith(("E:", "W:", "Err:"))) or output
        for pattern, code, problem, cure in _CAUSES:
            if re.search(pattern, faults, re.IGNORECASE):
                detail = "".join(f"\n    {line}" for line in faults.splitlines()[-3:])
                return InstallError(code, problem + detail, cure.format(folder=self._folder))
        raise AssertionError(output)

    def _past_its_date(self) -> datetime.datetime | None:
        for file in self._lists.glob("*InRelease"):
            match = re.search(r"^Valid-Until: (.+)$", file.read_text(errors="replace"), re.MULTILINE)
            if match and (until := email.utils.parsedate_to_datetime(match[1])) < datetime.datetime.now(datetime.UTC):
                return until
        return None


def _source(mirror: str) -> str:
    keyring = f"signed-by={KEYRING} " if KEYRING.exists() else ""
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    return f"deb [{keyring}arch={architecture.stdout.strip()} target=Packages] {mirror} {SUITE} main\n"


def _configuration(folder: Path) -> str:
    """Write apt's configuration, read after the machine's own: what is cleared or set here wins."""
    cleared = [f"#clear APT::{hook};" for hook in _HOOKS] + [f"#clear DPkg::{hook};" for hook in _DPKG_HOOKS]
    values = {
        "Dir::State": folder,
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder,
        "Dir::Cache::archives": folder / "archives",
        "Dir::Log": folder / "log",
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "APT::Install-Recommends": "false",
        "APT::Get::List-Cleanup": "true",
        "APT::Keep-Downloaded-Packages": "true",
        # A fetch that failed must fail the command, not leave an old index in force unseen.
        "APT::Update::Error-Mode": "any",
        # Root's apt would fetch as a user who cannot reach into our folder.
        "APT::Sandbox::User": "root",
        "Acquire::Check-Valid-Until": "false",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    return "\n".join([*cleared, *(f'{key} "{value}";' for key, value in values.items()), ""])


def _tell(read: Callable[[], str], progress: Progress) -> None:
    """Turn apt's status lines, such as ``dlstatus:3:1.75:Retrieving file 3 of 171``, into one line each tenth."""
    told = -1
    while line := read():
        match = re.match(r"dlstatus:\d+:([\d.]+):", line)
        if match and (tenth := int(float(match[1]) // 10)) > told:
            told = tenth
            progress(f"Asterisk: fetching packages, {tenth * 10} %")
