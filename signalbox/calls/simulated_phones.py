"""The phones of a rehearsal, and what ringing several of them comes to in the words of ``Dial()``."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from signalbox.calls.outcome import HangupCause
from signalbox.calls.phones import Answers, Behaviour, Busy, Offline, Rejects
from signalbox.kernel.ids import EndpointId


@dataclass(slots=True)
class SimulatedPhone:
    """One device; while it has a call it is busy."""

    endpoint: EndpointId
    behaves: Behaviour
    device: str = ""
    is_in_call: bool = False

    @property
    def label(self) -> str:
        return f"{self.endpoint} ({self.device})" if self.device else self.endpoint

    @property
    def is_registered(self) -> bool:
        return not isinstance(self.behaves, Offline)

    @property
    def is_busy(self) -> bool:
        return self.is_in_call or isinstance(self.behaves, Busy)

    @property
    def talks_s(self) -> float | None:
        """How long it talks before it hangs up; None: until the other side does."""
        return self.behaves.talks_s if isinstance(self.behaves, Answers) else None

    @property
    def decides_s(self) -> float:
        """After how many seconds it says something final; infinite when it only rings."""
        if self.is_busy:
            return 0.0
        match self.behaves:
            case Answers(after_s) | Rejects(after_s):
                return after_s
        return float("inf")


@dataclass(frozen=True, slots=True)
class Rung:
    """What ringing came to; ``status`` is ``DIALSTATUS``."""

    status: str
    cause: HangupCause
    winner: SimulatedPhone | None = None


async def ring(phones: Sequence[SimulatedPhone], ring_s: float, tell: Callable[[str], None]) -> Rung:
    """Ring all of ``phones`` (at least one) until one answers, all have refused, or the time is up."""
    was_busy = False
    passed_s = 0.0
    for phone in sorted(phones, key=lambda phone: phone.decides_s):
        at_s = phone.decides_s
        if at_s > ring_s:
            await asyncio.sleep(ring_s - passed_s)
            return Rung("NOANSWER", HangupCause.NO_ANSWER)
        await asyncio.sleep(at_s - passed_s)
        passed_s = at_s
        if phone.is_busy:
            was_busy = True
            tell(f"{phone.label} is busy")
        elif isinstance(phone.behaves, Rejects):
            tell(f"{phone.label} declines")
        else:
            return Rung("ANSWER", HangupCause.NORMAL, phone)
    return Rung("BUSY", HangupCause.USER_BUSY) if was_busy else Rung("CHANUNAVAIL", HangupCause.REJECTED)
