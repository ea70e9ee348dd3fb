"""A little Asterisk that lives at random: the events it sends, and what is true at each moment."""

import random
from dataclasses import dataclass, field

from signalbox.engine.ami.codec import AmiMessage

ENDPOINTS = ("100", "100-web", "101", "t7-100", "trunk")
STATES = {"down": 0, "ring": 4, "ringing": 5, "up": 6}


@dataclass
class Channel:
    uniqueid: str
    name: str
    state: str
    number: str
    exten: str
    linkedid: str
    context: str = "tenant-1"
    bridge: str = ""
    holds: bool = False


@dataclass
class World:
    """``events`` grows with every ``step``; time is ``now`` in seconds."""

    seed: int
    events: list[AmiMessage] = field(default_factory=list)
    channels: dict[str, Channel] = field(default_factory=dict)
    contacts: dict[tuple[str, str], bool] = field(default_factory=dict)
    now: float = 1_800_000_000.0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._serial = 0

    def step(self) -> None:
        self.now += self.random.choice((0.001, 0.2, 3.0))
        act = self.random.choice(
            (
                *(self.call, self.call, self.ring, self.answer, self.answer, self.hold, self.hang_up),
                *(self.transfer, self.register, self.masquerade, self.local),
            )
        )
        act()

    def call(self) -> None:
        caller = self._born(self.random.choice(ENDPOINTS), "ring", self.random.choice(("100", "101", "*43", "s")))
        for endpoint in self.random.sample(ENDPOINTS, self.random.randrange(3)):
            self._born(endpoint, "down", caller.exten, caller.linkedid)

    def ring(self) -> None:
        if channel := self._any("down"):
            channel.state = "ringing"
            self._tell("Newstate", channel)

    def answer(self) -> None:
        callee = self._any("ringing", "down")
        if callee is None:
            return
        callers = [each for each in self.channels.values() if each.linkedid == callee.linkedid and each.state == "ring"]
        bridge = f"bridge-{callee.uniqueid}"
        for channel in [callee, *callers[:1]]:
            channel.state = "up"
            self._tell("Newstate", channel)
            channel.bridge = bridge
            self._tell("BridgeEnter", channel, BridgeUniqueid=bridge)

    def hold(self) -> None:
        if channel := self._any("up"):
            channel.holds = not channel.holds
            self._tell("Hold" if channel.holds else "Unhold", channel)

    def hang_up(self) -> None:
        if channel := self._any(*STATES):
            del self.channels[channel.uniqueid]
            self._tell("Hangup", channel, Cause="16")

    def transfer(self) -> None:
        """Bridge two channels of different calls: all of both calls get the older linked id."""
        one, other = self._any("up"), self._any("up")
        if one is None or other is None or one is other:
            return
        oldest = min(one.linkedid, other.linkedid)
        for channel in (one, other):
            channel.linkedid = oldest
            channel.bridge = f"bridge-{one.uniqueid}"
            self._tell("BridgeEnter", channel, BridgeUniqueid=channel.bridge)

    def register(self) -> None:
        key = self.random.choice(ENDPOINTS), f"sip:{self.random.randrange(3)}@192.0.2.1"
        status = self.random.choice(("Reachable", "NonQualified", "Unreachable", "Removed"))
        self.contacts[key] = status in ("Reachable", "NonQualified")
        self._send(
            {"Event": "ContactStatus", "URI": key[1], "AOR": key[0], "EndpointName": key[0], "ContactStatus": status}
        )

    def masquerade(self) -> None:
        if channel := self._any("up"):
            old = channel.name
            channel.name = self._name(self.random.choice(ENDPOINTS))
            self._tell("Rename", channel, Channel=old, Newname=channel.name)

    def local(self) -> None:
        """A half of a Local channel: nothing of it may be seen."""
        self._serial += 1
        hidden = Channel(f"n1-{int(self.now)}.{self._serial}", f"Local/101@x-{self._serial:08x};1", "up", "", "s", "x")
        hidden.linkedid = hidden.uniqueid
        for name in ("Newchannel", "Newstate", "BridgeEnter", "Hangup"):
            self._tell(name, hidden)

    # What the lists of a snapshot answer

    def core_show_channels(self) -> list[AmiMessage]:
        return [AmiMessage({**self._fields(each), "BridgeId": each.bridge}) for each in self.channels.values()]

    def contact_list(self) -> list[AmiMessage]:
        return [
            AmiMessage({"Endpoint": endpoint, "Uri": uri, "Status": "Reachable" if usable else "Unreachable"})
            for (endpoint, uri), usable in self.contacts.items()
        ]

    def holders(self) -> list[str]:
        return [each.uniqueid for each in self.channels.values() if each.holds]

    # Inside

    def _born(self, endpoint: str, state: str, exten: str, linkedid: str = "") -> Channel:
        self._serial += 1
        uniqueid = f"n1-{int(self.now)}.{self._serial}"
        channel = Channel(uniqueid, self._name(endpoint), state, f"9{self._serial}", exten, linkedid or uniqueid)
        channel.context = "tenant-7" if endpoint.startswith("t7-") else "tenant-1"
        self.channels[uniqueid] = channel
        self._tell("Newchannel", channel)
        return channel

    def _name(self, endpoint: str) -> str:
        self._serial += 1
        return f"PJSIP/{endpoint}-{self._serial:08x}"

    def _any(self, *states: str) -> Channel | None:
        able = [each for each in self.channels.values() if each.state in states]
        return self.random.choice(able) if able else None

    def _fields(self, channel: Channel) -> dict[str, str]:
        return {
            "Channel": channel.name,
            "ChannelState": str(STATES[channel.state]),
            "CallerIDNum": channel.number,
            "CallerIDName": "<unknown>",
            "Context": channel.context,
            "Exten": channel.exten,
            "Uniqueid": channel.uniqueid,
            "Linkedid": channel.linkedid,
        }

    def _tell(self, name: str, channel: Channel, **more: str) -> None:
        self._send({"Event": name, **self._fields(channel), **more})

    def _send(self, fields: dict[str, str]) -> None:
        self.events.append(AmiMessage({**fields, "Timestamp": f"{self.now:.6f}"}))
