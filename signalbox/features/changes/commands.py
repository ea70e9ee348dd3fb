"""Ask the exchange to put what was committed in force."""

import logging

import msgspec

from signalbox.kernel.link import LinkClient, LinkDownError, LinkError
from signalbox.store.changes import Change

WAIT_S = 3.0
_log = logging.getLogger(__name__)


class _Published(msgspec.Struct):
    version: int


async def publish(link: LinkClient, change: Change) -> bool:
    """Tell whether ``change``, which is committed, is in force on this node.

    ``False`` means that the exchange was away or slow; it publishes by itself when it is back. Never undoes anything.
    """
    if change.id == 0:
        return True
    try:
        answer: _Published = await link.request("publish", result=_Published, timeout_s=WAIT_S)
    except (LinkDownError, LinkError) as error:
        _log.warning("publish_not_confirmed change=%d error=%s", change.id, error)
        return False
    return answer.version >= change.id
