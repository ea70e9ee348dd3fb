"""Publishing: what a call needs is compiled into local files of one version, and Asterisk is told what changed.

Features give units by a ``Source``; nothing here knows what an extension is.
"""

from signalbox.engine.publish.model import Batch, PublishError, Route, SipKind, SipObject, Source, Unit
from signalbox.engine.publish.publisher import Publisher

__all__ = ["Batch", "PublishError", "Publisher", "Route", "SipKind", "SipObject", "Source", "Unit"]
