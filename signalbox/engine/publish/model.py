"""What features hand to the publisher: plain values. Nothing here knows a file or Asterisk's state."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class SipKind(StrEnum):
    """PJSIP's kinds of objects that are published; the value is Asterisk's name."""

    ENDPOINT = "endpoint"
    AUTH = "auth"
    AOR = "aor"


@dataclass(frozen=True, slots=True)
class SipObject:
    """One row of PJSIP realtime. Columns that ``values`` leaves out get the schema's default."""

    kind: SipKind
    id: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """What a dialled number leads to; ``value`` is the JSON of the kind's published struct."""

    tenant: int
    number: str
    kind: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Unit:
    """Everything that one row of configuration publishes: it comes, changes and goes as a whole."""

    objects: tuple[SipObject, ...] = ()
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Units by their name (``<table>:<row>``) at ``version``; ``None`` is a unit that is gone.

    When ``is_full``, units that are not named are gone too.
    """

    version: int
    units: Mapping[str, Unit | None]
    is_full: bool


class Source(Protocol):
    """Where published things come from."""

    @property
    def shape(self) -> str:
        """Changes whenever the same configuration would be compiled differently: everything is published anew."""

    async def read(self, since: int | None) -> Batch:
        """Read what changed after version ``since``, or everything when it is None. Raises ``StoreError``."""


class PublishError(Exception):
    """The published files cannot be written; the text names the file and the cure."""
