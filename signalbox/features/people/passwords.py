"""Argon2id off the loop, a few at a time: sign-ins may be slow, they may not starve everything else."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from signalbox.features.people.rules import MAX_PASSWORD

AT_ONCE = 2
WAITING = 20


class TooBusyError(Exception):
    """Too many passwords wait to be checked; try again in a moment."""


class Passwords:
    """Hash and verify; each takes about 50 ms and 64 MiB of one thread."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """Hash for storage."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Compare; as slow for a user who does not exist (``None``), so that time tells nobody's name.

        Raises ``TooBusyError`` when ``WAITING`` others wait already.
        """
        if self._waiting >= WAITING:
            raise TooBusyError
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(self._matches, stored, password[: MAX_PASSWORD + 1])
        finally:
            self._waiting -= 1

    def is_outdated(self, stored: str) -> bool:
        """Tell whether ``stored`` was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str | None, password: str) -> bool:
        if stored is None and not self._nobody:
            self._nobody = self._hasher.hash("nobody")
        try:
            return self._hasher.verify(stored or self._nobody, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
