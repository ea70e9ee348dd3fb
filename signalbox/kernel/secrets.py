"""The installation's own secrets: random texts by name, and the box that seals reversible secrets in the database."""

import contextlib
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_BOX_FILE = "box.keys"


class SecretsError(Exception):
    """The folder of secrets cannot be used, or a sealed secret was sealed by a key that is no longer there."""


class Box:
    """Seal and open secrets that we must be able to read again. Sealed text is safe to store and to back up."""

    def __init__(self, keys: list[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, text: str) -> str:
        """Encrypt with the newest key."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Decrypt with any key of the box; raises ``SecretsError``."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SecretsError(
                "a stored secret does not open: secrets/box.keys is not the file it was sealed with"
            ) from error

    def reseal(self, sealed: str) -> str:
        """Encrypt again with the newest key."""
        return self.seal(self.open(sealed))


class Secrets:
    """One folder, readable by us alone: a file for each named secret, and the keys of the box."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.box = Box(self._text(_BOX_FILE, lambda: Fernet.generate_key().decode()).split())

    @classmethod
    def open(cls, folder: Path) -> "Secrets":
        """Open ``folder``, making it and the box's first key when they are not there."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.stat().st_mode & 0o077:
                folder.chmod(0o700)
            return cls(folder)
        except OSError as error:
            raise SecretsError(f"{folder}: {error.strerror}; the user that runs Signalbox must own it") from error
        except ValueError as error:
            raise SecretsError(f"{folder / _BOX_FILE} is damaged; restore it from a backup") from error

    def text(self, name: str) -> str:
        """The secret called ``name``: made at the first asking (256 random bits, URL-safe), the same ever after."""
        if not _NAME.fullmatch(name):
            raise SecretsError(f"not a name of a secret: {name!r}")
        return self._text(name, lambda: secrets.token_urlsafe(32))

    def rotate_box(self) -> None:
        """Add a new key, used from now on; the old ones still open what they sealed."""
        file = self._folder / _BOX_FILE
        keys = [Fernet.generate_key().decode(), *file.read_text().split()]
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        _write(fresh, "\n".join(keys))
        fresh.replace(file)
        self.box = Box(keys)

    def _text(self, name: str, make: Callable[[], str]) -> str:
        file = self._folder / name
        if not file.exists():
            # Two processes may start together: the one whose link comes first wins, both read the same.
            fresh = self._folder / f".{name}.{os.getpid()}"
            _write(fresh, make())
            with contextlib.suppress(FileExistsError):
                file.hardlink_to(fresh)
            fresh.unlink()
        if file.stat().st_mode & 0o077:
            file.chmod(0o600)
        return file.read_text().strip()


def _write(file: Path, text: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(handle)
