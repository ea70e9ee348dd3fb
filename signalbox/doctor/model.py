"""What a check found."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How bad it is. Only a ``problem`` makes the command end with 1."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    PROBLEM = "problem"


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at; ``cure`` says what to do, empty when all is well."""

    topic: str
    level: Level
    found: str
    cure: str = ""


def ok(topic: str, found: str) -> Check:
    """All is well."""
    return Check(topic, Level.OK, found)


def note(topic: str, found: str, cure: str = "") -> Check:
    """Good to know."""
    return Check(topic, Level.NOTE, found, cure)


def warning(topic: str, found: str, cure: str) -> Check:
    """It works, but not well or not for long."""
    return Check(topic, Level.WARNING, found, cure)


def problem(topic: str, found: str, cure: str) -> Check:
    """Something does not work."""
    return Check(topic, Level.PROBLEM, found, cure)
