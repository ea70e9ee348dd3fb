"""Versions of Asterisk: parsing what programs and packages print, and the range that is supported."""

import re
from typing import NamedTuple

_NUMBERS = re.compile(r"(?<![\d.])(\d+)\.(\d+)\.(\d+)")
_DEBIAN = re.compile(r"^(?:\d+:)?(\d+\.\d+\.\d+)[^-]*(?:-(.+))?$")


class AsteriskVersion(NamedTuple):
    """An upstream version; ordered."""

    major: int
    minor: int
    patch: int

    @classmethod
    def found_in(cls, text: str) -> "AsteriskVersion | None":
        """Read the first version in ``text``, such as ``Asterisk 22.10.1~dfsg`` or ``1:22.10.1+dfsg-1``."""
        match = _NUMBERS.search(text)
        return cls(*map(int, match.groups())) if match else None

    @property
    def is_supported(self) -> bool:
        return FIRST_SUPPORTED <= self < FIRST_UNSUPPORTED

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


FIRST_SUPPORTED = AsteriskVersion(22, 10, 1)
FIRST_UNSUPPORTED = AsteriskVersion(23, 0, 0)
SUPPORTED = f">= {FIRST_SUPPORTED}, < {FIRST_UNSUPPORTED.major}"


def folder_name(package_version: str) -> str:
    """Shorten a Debian version to upstream version and revision: ``1:22.10.1+dfsg-2`` gives ``22.10.1-2``."""
    match = _DEBIAN.match(package_version)
    if match is None:
        return re.sub(r"[^\w.+-]", "_", package_version)
    upstream, revision = match.groups()
    return f"{upstream}-{revision}" if revision else upstream
