"""Change sets as people see them: who changed what, undo, and asking the exchange to put changes in force."""

from signalbox.features.changes.commands import publish

__all__ = ["publish"]
