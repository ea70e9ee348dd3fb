"""The list of features, one folder each with the same few file names. No import magic: the tuples say it all."""

from typing import Any

from signalbox.calls.destinations import Kind
from signalbox.features.extensions.script import EXTENSION
from signalbox.features.testcalls.script import CLOCK, ECHO, OWN_NUMBER

CALL_FEATURES: tuple[Kind[Any], ...] = (EXTENSION, ECHO, CLOCK, OWN_NUMBER)
"""Every kind of destination a call can be sent to."""
