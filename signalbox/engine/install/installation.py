"""One usable Asterisk: which version, where its parts are and how it is started."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from signalbox.engine.install.versions import AsteriskVersion

_SBIN = ("/usr/local/sbin", "/usr/sbin")  # an ordinary user's PATH lacks them
_LIBRARY_ROOTS = ("usr/local/lib", "usr/lib")
_DATA_FOLDERS = ("usr/local/share/asterisk", "usr/share/asterisk", "var/lib/asterisk")


@dataclass(frozen=True, slots=True)
class Installation:
    """Where an Asterisk is and how to run it; its configuration is the caller's.

    ``program`` is the beginning of every command line: for a private root that root's own loader with its library
    path, so that nothing of the host's libraries is mixed in. Programs that Asterisk starts inherit nothing of it.
    """

    version: str
    label: str
    """Name of this installation: its folder below the engine root, or ``system-<version>``."""
    program: tuple[str, ...]
    modules: Path
    data: Path
    """Asterisk's ``astdatadir``: ``sounds``, ``moh``, ``documentation``."""
    is_private: bool

    @property
    def sounds(self) -> Path:
        return self.data / "sounds"

    @property
    def music(self) -> Path:
        return self.data / "moh"

    def command(self, config_file: Path) -> list[str]:
        """Give the command line that runs Asterisk in the foreground with ``config_file`` (an ``asterisk.conf``)."""
        return [*self.program, "-f", "-C", str(config_file)]

    def console(self, config_file: Path, line: str) -> list[str]:
        """Give the command line that runs ``line`` in the console of the Asterisk started with ``config_file``."""
        return [*self.program, "-C", str(config_file), "-rx", line]


def private(folder: Path, version: str) -> Installation | None:
    """Describe the private root in ``folder``, or nothing when its essential parts are not there."""
    root = folder / "root"
    program = root / "usr/sbin/asterisk"
    loader = next(iter(sorted(root.glob("usr/lib*/ld-linux*.so.*"))), None)
    modules = next(iter(sorted(root.glob("usr/lib/*/asterisk/modules"))), None)
    if loader is None or modules is None or not program.exists():
        return None
    libraries = modules.parent.parent
    return Installation(
        version=version,
        label=folder.name,
        program=(str(loader), "--inhibit-cache", "--library-path", str(libraries), str(program)),
        modules=modules,
        data=root / "usr/share/asterisk",
        is_private=True,
    )


def on_path(path: str | None = None, root: Path = Path("/")) -> Installation | None:
    """Find a supported Asterisk on ``path`` (default: ``PATH`` and the sbin folders) with its modules and data."""
    program = shutil.which("asterisk", path=path or os.pathsep.join([os.environ.get("PATH", ""), *_SBIN]))
    version = _asked(program) if program else None
    modules = _first(_module_folders(root))
    data = _first([root / folder for folder in _DATA_FOLDERS])
    if program is None or version is None or not version.is_supported or modules is None or data is None:
        return None
    return Installation(str(version), f"system-{version}", (program,), modules, data, is_private=False)


def _asked(program: str) -> AsteriskVersion | None:
    try:
        run = subprocess.run([program, "-V"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return AsteriskVersion.found_in(run.stdout) if re.match(r"Asterisk\b", run.stdout) else None


def _module_folders(root: Path) -> list[Path]:
    return [
        folder
        for base in _LIBRARY_ROOTS
        for folder in (root / base / "asterisk/modules", *sorted((root / base).glob("*/asterisk/modules")))
        if (folder / "chan_pjsip.so").exists()
    ]


def _first(candidates: list[Path]) -> Path | None:
    return next((path for path in candidates if path.is_dir()), None)
