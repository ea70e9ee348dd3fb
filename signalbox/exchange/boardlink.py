"""Asterisk's manager and the board: events in, a snapshot after each connect, and the acts that end a call."""

import asyncio
import logging

from signalbox.engine.ami.codec import AmiMessage
from signalbox.engine.ami.events import ChannelGone, board_event, endpoint_of, listed_channel, listed_contact
from signalbox.engine.ami.link import AmiLink
from signalbox.engine.errors import EngineRejectedError
from signalbox.kernel.clock import Clock
from signalbox.live.feed import Feed
from signalbox.live.fold import Board

GONE_WITHIN_S = 3.0

_log = logging.getLogger(__name__)


class BoardLink:
    """Keep ``board`` in step with Asterisk. ``version`` is what Asterisk calls itself, empty before the first sync."""

    def __init__(self, board: Board, feed: Feed, clock: Clock) -> None:
        self.version = ""
        self._board = board
        self._feed = feed
        self._clock = clock
        self._leaving: dict[str, asyncio.Future[None]] = {}
        self._is_broken = False

    def received(self, message: AmiMessage) -> None:
        """Fold one event; a bug in the fold costs a fresh snapshot, never the link's reader."""
        event = board_event(message)
        if event is None:
            return
        try:
            self._board.apply(event)
        except Exception:
            _log.exception("board_fold_failed event=%s", message.event)
            self._is_broken = True
        self._feed.touch()
        if self._leaving and isinstance(event, ChannelGone):
            waiting = self._leaving.pop(event.channel_id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    def take_broken(self) -> bool:
        """Tell whether the board must be rebuilt, and take note that it will be."""
        was, self._is_broken = self._is_broken, False
        return was

    async def sync(self, link: AmiLink) -> None:
        """Take a snapshot of Asterisk; events that arrive meanwhile are folded in after it."""
        self._board.begin_snapshot()
        self.version = (await link.action("CoreSettings")).get("AsteriskVersion")
        now_ms = self._now_ms()
        channels = await link.collect("CoreShowChannels")
        held = _holders(channels, await link.collect("DeviceStateList")) if channels else []
        contacts = [listed_contact(each, now_ms) for each in await _contacts(link)]
        seen = [each for each in (listed_channel(message, now_ms) for message in channels) if each is not None]
        self._board.replace(seen, contacts, held, now_ms)
        self._feed.touch()

    async def hang_up(self, link: AmiLink, channels: dict[str, str]) -> int:
        """End channels (id to name) and wait for the events that prove it; gives how many ended.

        Raises ``EngineUnavailableError``.
        """
        loop = asyncio.get_running_loop()
        waiting = {channel_id: self._leaving.setdefault(channel_id, loop.create_future()) for channel_id in channels}
        try:
            for channel_id, name in channels.items():
                try:
                    await link.action("Hangup", {"Channel": name, "Cause": "16"})
                except EngineRejectedError:
                    waiting.pop(channel_id)  # it ended with the one before
            if not waiting:
                return len(channels)
            _, late = await asyncio.wait(waiting.values(), timeout=GONE_WITHIN_S)
            return len(channels) - len(late)
        finally:
            for channel_id in channels:
                self._leaving.pop(channel_id, None)

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


async def _contacts(link: AmiLink) -> list[AmiMessage]:
    try:
        return await link.collect("PJSIPShowContacts")
    except EngineRejectedError:  # its way to say that there are none
        return []


def _holders(channels: list[AmiMessage], devices: list[AmiMessage]) -> list[str]:
    """Name the channels that put their peer on hold: Asterisk gives the state ``ONHOLD`` to the device that is held."""
    held = {each.get("Device").removeprefix("PJSIP/") for each in devices if each.get("State") == "ONHOLD"}
    bridged: dict[str, list[AmiMessage]] = {}
    for channel in channels:
        if bridge := channel.get("BridgeId"):
            bridged.setdefault(bridge, []).append(channel)
    return [
        other.get("Uniqueid")
        for parties in bridged.values()
        for party in parties
        if endpoint_of(party.get("Channel")) in held
        for other in parties
        if other is not party
    ]
