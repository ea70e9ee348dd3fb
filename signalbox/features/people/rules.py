"""What a password and a name must be, how long a wrong one makes wait, and how secrets are made and stored."""

import hashlib
import re
import secrets
from collections.abc import Iterator
from datetime import timedelta

from signalbox.kernel.errors import FieldError

MIN_PASSWORD = 10
MAX_PASSWORD = 200
TOKEN_PREFIX = "sbx_"  # noqa: S105  the mark of our tokens, for people and for secret scanners
FORGET_AFTER = timedelta(days=1)

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


def username_problems(username: str) -> Iterator[FieldError]:
    """Names are lower case, so that two cannot look the same."""
    if not _USERNAME.fullmatch(username):
        yield FieldError("username", "bad_format", "Lower-case letters, digits and . _ @ -, at most 64.")


def password_problems(username: str, password: str, field: str = "password") -> Iterator[FieldError]:
    """Length is what counts; rules of composition only make people write it down."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        yield FieldError(field, "bad_length", f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    elif username in password.lower() or len(set(password)) < 5:
        yield FieldError(field, "not_allowed", "This password is too easy to guess.")


def wait_after(failures: int, allowed: int, most: timedelta) -> timedelta:
    """How long to refuse after ``failures`` in a row: from ``allowed`` on doubling seconds, up to ``most``."""
    if failures < allowed:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - allowed + 1, 30)), most)


def new_password() -> str:
    """Make a password that a person can type: four groups of five, about 100 bits."""
    letters = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def new_session() -> str:
    """Make the text of a session's cookie."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    """Make the text of an API token."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a session or token: they are random, so one plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()
