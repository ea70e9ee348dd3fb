"""`Call` on Asterisk: each verb is one subroutine of the dialplan, started over FastAGI.

Nothing that came from SIP becomes part of a command: what is sent are our own stages, prompts, endpoint ids and digits,
each checked. See docs/design/call-flow.md for the dialplan's side.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from signalbox.calls.boundary import CallScripts
from signalbox.calls.call import Call, Caller, EngineLost, HungUp, Resumed, Stage, TakenAway
from signalbox.calls.outcome import DialOutcome, DialResult, HangupCause, dial_outcome
from signalbox.calls.prompts import Prompt
from signalbox.engine import dialplan
from signalbox.engine.agi.codec import AgiReply, AgiRequest
from signalbox.engine.agi.server import AgiSession
from signalbox.engine.errors import EngineLostError, EngineRejectedError, HungUpError
from signalbox.kernel.clock import Clock
from signalbox.kernel.ids import CallId, ChannelId, EndpointId

_ENDPOINT = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_DIGITS = re.compile(r"[0-9*#]{0,40}", re.ASCII)
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}", re.ASCII)
_NO_MORE_TRIES = "99"


async def run_session(session: AgiSession, scripts: CallScripts, clock: Clock) -> None:
    """Run the script of one AGI session to its end; the server closes the session afterwards."""
    await scripts.run(AgiCall(session, clock))


class AgiCall(Call):
    """A caller whose channel is in an AGI session.

    A caller who was redirected out of a verb is seen by ``SB_GOTO``, whoever did it; a command that redirects him
    announces itself with ``announce_taking`` so that the ending has its name.
    """

    def __init__(self, session: AgiSession, clock: Clock) -> None:
        request = session.request
        args = [*request.args, *[""] * 5]
        super().__init__(
            call_id=CallId(args[4] or request.uniqueid),
            channel_id=ChannelId(request.uniqueid),
            tenant=dialplan.tenant_of(request.context),
            caller=Caller(request.caller_number, request.caller_name, _endpoint(request)),
            dialled=request.extension,
            clock=clock,
            resumed=_resumed(args),
        )
        self._session = session
        session.on_over = self._over

    def _over(self, error: HungUpError | EngineLostError) -> None:
        self.end(HungUp() if isinstance(error, HungUpError) else EngineLost())

    async def _answer(self) -> None:
        await self._command("ANSWER")

    async def _play(self, prompt: Prompt, stage: Stage) -> None:
        await self._subroutine("sb-play", stage, prompt.value)

    async def _read_digits(self, prompt: Prompt, most: int, first_s: float, between_s: float, stage: Stage) -> str:
        left = await self._subroutine("sb-read", stage, prompt.value, str(most), f"{first_s:g}", f"{between_s:g}")
        return left.digits

    async def _dial(self, endpoints: Sequence[EndpointId], ring_s: int, stage: Stage) -> DialOutcome:
        if not endpoints:
            return DialOutcome(DialResult.UNAVAILABLE)
        ids = [_checked(_ENDPOINT, endpoint) for endpoint in endpoints]
        left = await self._subroutine("sb-dial", stage, str(ring_s), "", "|".join(ids), *ids, entry=str(len(ids)))
        return left.outcome

    async def _echo(self, stage: Stage) -> None:
        await self._subroutine("sb-echo", stage)

    async def _say_digits(self, digits: str, stage: Stage) -> None:
        await self._subroutine("sb-digits", stage, _checked(_DIGITS, digits))

    async def _say_time(self, at: datetime, timezone: str, stage: Stage) -> None:
        await self._subroutine("sb-time", stage, str(int(at.timestamp())), _checked(_ZONE, timezone))

    async def _hang_up(self, cause: HangupCause) -> None:
        # Not AGI's HANGUP, which knows no cause: the dialplan releases the caller when the session closes.
        await self._command("SET", "VARIABLE", "SB_END", str(cause.value))

    async def _hand_back(self) -> None:
        await self._command("SET", "VARIABLE", "SB_TRIES", _NO_MORE_TRIES)

    async def _subroutine(self, name: str, stage: Stage, *args: str, entry: str = "s") -> "_Left":
        """Run a verb of the dialplan; raises the ending when the caller hung up or was sent elsewhere meanwhile."""
        reply = await self._command("GOSUB", name, entry, "1", ",".join([stage.name, stage.then.value, *args]))
        if reply.result != "0":
            raise EngineRejectedError(f"{name}: {reply.data}")
        left = _Left.parsed((await self._command("GET", "FULL", "VARIABLE", _Left.ASK)).data)
        if left.goes_to:
            self.end(TakenAway(self._taken_by or "transfer"))
            assert self.ended is not None
            raise self.ended
        return left

    async def _command(self, *words: str) -> AgiReply:
        try:
            return await self._session.command(*words)
        except (HungUpError, EngineLostError) as error:
            self._over(error)
        assert self.ended is not None
        raise self.ended


@dataclass(frozen=True, slots=True)
class _Left:
    """What a verb left behind, asked for in one round trip."""

    ASK: ClassVar[str] = "${SB_GOTO};${DIALSTATUS};${HANGUPCAUSE};${SB_DIGITS}"

    goes_to: str
    outcome: DialOutcome
    digits: str

    @classmethod
    def parsed(cls, text: str) -> "_Left":
        goes_to, status, cause, digits = text.split(";")
        return cls(goes_to, _outcome(status, cause), digits)


def _outcome(status: str, cause: str) -> DialOutcome:
    return dial_outcome(status, int(cause) if cause.isdecimal() else 0)


def _checked(pattern: re.Pattern[str], text: str) -> str:
    if pattern.fullmatch(text) is None:
        raise ValueError(f"not fit for a command: {text[:40]!r}")
    return text


def _endpoint(request: AgiRequest) -> EndpointId:
    """``PJSIP/100-web-0000002a`` is a channel of ``100-web``; other technologies have no endpoint of ours."""
    technology, _, name = request.channel_name.partition("/")
    return EndpointId(name.rpartition("-")[0] if technology == "PJSIP" else "")


def _resumed(args: Sequence[str]) -> Resumed | None:
    stage, status, cause, digits = args[:4]
    if not stage:
        return None
    return Resumed(stage, _outcome(status, cause) if stage.endswith("-dial") else None, digits)
