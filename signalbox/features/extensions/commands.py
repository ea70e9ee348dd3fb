"""What may be done to the running calls of an extension."""

import logging
from collections.abc import Iterable

import msgspec

from signalbox.kernel.ids import EndpointId
from signalbox.kernel.link import LinkClient, LinkDownError, LinkError

_log = logging.getLogger(__name__)


class _Ended(msgspec.Struct):
    channels: int


async def end_calls(link: LinkClient, endpoints: Iterable[EndpointId]) -> int | None:
    """End every leg of these devices and tell how many; None when the exchange does not confirm all of it."""
    channels = 0
    try:
        for endpoint in endpoints:
            ended: _Ended = await link.request("call.hangup", {"endpoint": endpoint}, result=_Ended)
            channels += ended.channels
    except (LinkDownError, LinkError) as error:
        _log.warning("calls_not_ended error=%s", error)
        return None
    return channels
