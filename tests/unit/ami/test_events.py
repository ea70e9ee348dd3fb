"""Events as the board reads them: names are told as their owners write them."""

import pytest

from signalbox.engine.ami.codec import AmiMessage
from signalbox.engine.ami.events import ChannelSeen, board_event

FIELDS = {
    "Event": "Newchannel",
    "Timestamp": "10.5",
    "Channel": "PJSIP/100-00000001",
    "ChannelState": "4",
    "CallerIDNum": "100",
    "Exten": "101",
    "Context": "tenant-1",
    "Uniqueid": "n1-1.1",
    "Linkedid": "n1-1.1",
}


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("O\\'Brien", "O'Brien"),
        ('\\"The Boss\\"', '"The Boss"'),
        ("back\\\\slash", "back\\slash"),
        ("really\\?", "really?"),
        ("two\\nlines", "two\nlines"),
        ("Zoë", "Zoë"),
        ("<unknown>", ""),
    ],
)
def test_names_lose_what_the_manager_interface_adds(sent: str, shown: str) -> None:
    seen = board_event(AmiMessage({**FIELDS, "CallerIDName": sent}))
    assert isinstance(seen, ChannelSeen)
    assert seen.name == shown
