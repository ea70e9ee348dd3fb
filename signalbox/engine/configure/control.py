"""AMI: on loopback, one reader, a random secret, only the events that someone reads."""

from signalbox.engine.ami.events import BOARD_EVENTS
from signalbox.settings import Settings

USER = "signalbox"
SECRET = "ami"  # noqa: S105  the name of the secret, not the secret

EVENTS = (
    # Calls and registrations are BOARD_EVENTS: nine of the 26 events of a two-party call. Each more would cost the
    # exchange 6 us in every call, so an event is named here when a feature reads it.
    *BOARD_EVENTS,
    "BlindTransfer", "AttendedTransfer", "Pickup", "OriginateResponse",
    # queues, rooms, parking
    "QueueCallerJoin", "QueueCallerLeave", "QueueCallerAbandon", "QueueMemberStatus", "QueueMemberAdded",
    "QueueMemberRemoved", "QueueMemberPause", "AgentCalled", "AgentConnect", "AgentRingNoAnswer", "AgentComplete",
    "ConfbridgeStart", "ConfbridgeEnd", "ConfbridgeJoin", "ConfbridgeLeave", "ConfbridgeMute", "ConfbridgeUnmute",
    "ConfbridgeTalking", "ParkedCall", "UnParkedCall", "ParkedCallTimeOut", "ParkedCallGiveUp", "ParkedCallSwap",
    # keys, our own marks, the engine
    "DTMFBegin", "DTMFEnd", "UserEvent", "Reload", "Shutdown",
)  # fmt: skip
"""Named, so that nothing new in Asterisk floods the link; a name is matched by hash. Answers to lists pass anyway."""

NEVER = (
    "Newexten", "DeviceStateChange", "ExtensionStatus", "NewConnectedLine", "NewCallerid", "NewAccountCode",
    "DialBegin", "DialState", "DialEnd", "BridgeCreate", "BridgeLeave", "BridgeDestroy", "BridgeMerge",
    "BridgeVideoSourceUpdate", "HangupRequest", "SoftHangupRequest", "ChallengeSent", "SuccessfulAuth",
    "ChallengeResponseFailed", "InvalidPassword", "InvalidAccountID", "RTCPSent", "RTCPReceived",
    "MusicOnHoldStart", "MusicOnHoldStop", "PeerStatus", "HangupHandlerPush", "HangupHandlerPop", "HangupHandlerRun",
)  # fmt: skip
"""Frequent events that no session may have.

A session's filter is asked by the session's thread, which each event wakes by a signal first: not making them at all
saves 1 ms of Asterisk in every call.
"""


def manager(settings: Settings, secret: str) -> str:
    """Render ``manager.conf``; holds the secret."""
    filters = "\n".join(f"eventfilter(action(include),name({name})) =" for name in EVENTS)
    return f"""[general]
enabled = yes
webenabled = no
bindaddr = 127.0.0.1
port = {settings.engine.ami_port}
timestampevents = yes
; Two of ours at most: a successor connects while its predecessor drains.
authlimit = 5
authtimeout = 5
displayconnects = no
disabledevents = {",".join(NEVER)}

[{USER}]
secret = {secret}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
; All sessions share one list of events, freed when the slowest has read it: a reader stuck for 5 s is cut off, and
; the default of 0.1 s would cut off one that merely collects garbage.
writetimeout = 5000
; No 'reporting': RTCP and test events are in it. No 'dialplan': VarSet and Newexten are two thirds of all bytes.
read = system,call,agent,user,dtmf
write = system,call,agent,user,command,originate,reporting
{filters}
"""
