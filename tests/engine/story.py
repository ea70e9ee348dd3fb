"""Play a scenario of tests/scenarios on a real Asterisk and tell what was seen.

People are test phones; what Asterisk did is read from its event log and from the applications it executed.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec

from signalbox.calls.phones import Answers, Behaviour, Busy, Moment, Offline, Rejects, RingsOut
from signalbox.calls.simulated import EndedBy
from signalbox.engine.eventlog import LoggedEvent, LogReader, Position, parse_record
from signalbox.features.callrecords.model import CallRecord
from signalbox.features.callrecords.rules import RecordFold
from signalbox.kernel.ids import ChannelId
from signalbox.settings import Calls, Settings
from tests.engine.asterisk import Asterisk, until
from tests.engine.conversation import Conversation
from tests.engine.phones import Phone
from tests.engine.scripts import ScriptProcess, Scripts
from tests.scenarios.model import (
    MAX_HOPS,
    CallerHangsUp,
    ExchangeKilled,
    Happening,
    Redirected,
    Scenario,
    ScriptStuck,
    Seen,
)
from tests.scenarios.world import kinds_of

STORY_S = 25.0


class Exchange:
    """The call scripts of a story: in this process, or in one that can be killed when the story kills it."""

    def __init__(self, scenario: Scenario, settings: Settings, routing: Path) -> None:
        settings = msgspec.structs.replace(settings, calls=Calls(ring_s=settings.calls.ring_s, max_hops=MAX_HOPS))
        self.reached = asyncio.Event()
        self._is_killed = any(isinstance(happening, ExchangeKilled) for happening in scenario.happens)
        self._is_away = any(happening.at is Moment.BEFORE_THE_CALL for happening in scenario.happens)
        self._holds = any(happening.at is Moment.BEFORE_DECISION for happening in scenario.happens)
        self._steps = settings.paths.steps_log
        self.process = ScriptProcess(settings, routing)
        self.scripts: Scripts | None = None
        if not self._is_killed:
            self.scripts = Scripts(settings, kinds_of(scenario, self.reached.set), routing)

    async def __aenter__(self) -> "Exchange":
        self._steps.unlink(missing_ok=True)
        if self.scripts is not None:
            await self.scripts.__aenter__()
        elif not self._is_away:
            await self.process.start(hold=self._holds)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.process.stop()
        if self.scripts is not None:
            await self.scripts.__aexit__()

    async def holds_a_caller(self) -> None:
        if self.scripts is not None:
            await self.reached.wait()
        else:
            await self.process.holds_a_caller()

    def announce_taking(self, channel: ChannelId, by: str) -> None:
        assert self.scripts is not None
        self.scripts.scripts.announce_taking(channel, by)

    def endings(self, channel: str) -> list[str]:
        """How the scripts of one channel ended, in order."""
        if self.scripts is not None:
            return [record.ending for record in self.scripts.records if record.channel_id == channel]
        lines = self._steps.read_text().splitlines() if self._steps.exists() else []
        records = [json.loads(line) for line in lines]
        return [record["ending"] for record in records if record["channel_id"] == channel]


class EventLog:
    """What Asterisk logs from now on."""

    def __init__(self, log: Path) -> None:
        self._reader = LogReader(log, Position())
        self.events: list[LoggedEvent] = []
        self.records: dict[str, CallRecord] = {}
        self._fold = RecordFold()
        self.read()
        self.events.clear()

    def read(self) -> None:
        while (chunk := self._reader.read()) is not None:
            self._reader.position = chunk.after
            for record in chunk.records:
                event = parse_record(record)
                assert event is not None, record
                self.events.append(event)
                self.records.update({done.call_id: done for done in self._fold.apply(event)})

    def has_record(self, call_id: str) -> bool:
        self.read()
        return call_id in self.records


class Story:
    """One scenario in the making."""

    def __init__(self, scenario: Scenario, asterisk: Asterisk, exchange: Exchange) -> None:
        self._scenario = scenario
        self._asterisk = asterisk
        self._exchange = exchange
        self._log = EventLog(asterisk.settings.paths.event_log)
        self._phones: list[Phone] = []
        self._rang: set[str] = set()
        self._talked = ""
        self._callee_ended = False
        self._caller_ended = False
        self._rings = asyncio.Event()
        self._talks = asyncio.Event()
        self._call: Conversation
        self._channel = ""
        self._uniqueid = ""

    async def play(self) -> Seen:
        """Tell it to its end; raises ``TimeoutError`` when it has none."""
        scenario = self._scenario
        try:
            async with asyncio.timeout(STORY_S), asyncio.TaskGroup() as people:
                acting = [people.create_task(self._device(each.extension, each.behaves)) for each in scenario.phones]
                await until(lambda: len(self._phones) == len(scenario.phones), "the phones")
                await self._before()
                await self._dial()
                acting += [
                    people.create_task(self._happen(happening))
                    for happening in scenario.happens
                    if happening.at is not Moment.BEFORE_THE_CALL
                ]
                await self._call.ended(STORY_S)
                for task in acting:
                    task.cancel()
        finally:
            for phone in self._phones:
                await phone.__aexit__()
        await until(lambda: self._log.has_record(self._uniqueid), "the call's record")
        # A script hears of the hang-up when the event log has it already.
        expected = len(scenario.expected.endings)
        await until(lambda: len(self._exchange.endings(self._uniqueid)) >= expected, "the scripts' records")
        # Asterisk's log is written behind its back: the last word is that of the "h" extension.
        await until(lambda: self._asterisk.last_dial_status(self._channel) is not None, "the last word of the log")
        return self._seen()

    async def _before(self) -> None:
        if self._scenario.already_talking is None:
            return
        caller, callee = self._scenario.already_talking
        phone = next(phone for phone in self._phones if phone.user == caller)
        call = await phone.call(callee)
        await call.answered()
        self._rang.clear()
        self._talked = ""
        self._rings.clear()
        self._talks.clear()
        next(phone for phone in self._phones if phone.user == callee).is_busy = True

    async def _dial(self) -> None:
        scenario = self._scenario
        phone = await self._phone(scenario.caller, name=scenario.caller_name)
        self._call = await phone.call(scenario.dials)
        await until(self._is_logged, "the caller's channel in the event log")

    def _is_logged(self) -> bool:
        self._log.read()
        prefix = f"PJSIP/{self._scenario.caller}-"
        for event in self._log.events:
            if event.eventtype == "CHAN_START" and event.channame.startswith(prefix):
                self._channel, self._uniqueid = event.channame, event.uniqueid
        return bool(self._uniqueid)

    async def _phone(self, extension: str, **options: Any) -> Phone:
        phone = Phone(self._asterisk.place, extension, f"secret-{extension}", **options)
        await phone.__aenter__()
        response = await phone.register()
        assert response.status == 200, response.start
        self._phones.append(phone)
        return phone

    async def _device(self, extension: str, behaves: Behaviour) -> None:
        if isinstance(behaves, Offline):
            phone = Phone(self._asterisk.place, extension, "")
            self._phones.append(await phone.__aenter__())
            return
        phone = await self._phone(extension)
        phone.is_busy = isinstance(behaves, Busy)
        while True:
            call = await phone.rings(STORY_S)
            self._rang.add(extension)
            self._rings.set()
            await self._act(call, behaves)

    async def _act(self, call: Conversation, behaves: Behaviour) -> None:
        match behaves:
            case Answers(after_s=after_s, talks_s=talks_s):
                await asyncio.sleep(after_s)
                if call.ended_by:
                    return
                await call.answer()
                self._talked = call.phone.user
                self._talks.set()
                if talks_s is not None:
                    await asyncio.sleep(talks_s)
                    if not call.ended_by:
                        self._callee_ended = True
                        await call.hang_up()
            case Rejects(after_s=after_s):
                await asyncio.sleep(after_s)
                call.reject(603, "Decline")
            case RingsOut() | Busy() | Offline():
                pass

    async def _happen(self, happening: Happening) -> None:
        if isinstance(happening, ScriptStuck):
            return
        await self._moment(happening.at)
        await asyncio.sleep(happening.after_s)
        match happening:
            case CallerHangsUp():
                self._caller_ended = True
                await self._call.hang_up()
            case Redirected(to=to, by=by):
                self._exchange.announce_taking(ChannelId(self._uniqueid), by)
                await self._asterisk.redirect(self._channel, to)
            case ExchangeKilled(returns_after_s=returns_after_s):
                self._exchange.process.kill()
                if returns_after_s is not None:
                    await asyncio.sleep(returns_after_s)
                    await self._exchange.process.start()

    async def _moment(self, moment: Moment) -> None:
        match moment:
            case Moment.BEFORE_DECISION:
                await self._exchange.holds_a_caller()
            case Moment.RINGING:
                await self._rings.wait()
            case Moment.TALKING:
                await self._talks.wait()
            case Moment.LISTENING:
                await until(lambda: "Playback" in dict(self._asterisk.executed(self._channel)), "an announcement", 15)
            case Moment.BEFORE_THE_CALL:
                raise AssertionError("that is before the call")

    def _seen(self) -> Seen:
        record = self._log.records[self._uniqueid]
        return Seen(
            rang=self._rang,
            talked=self._talked,
            heard=self._heard(),
            dial_status=self._asterisk.last_dial_status(self._channel) or "",
            ended_by=self._ended_by(),
            cause=record.cause,
            disposition=record.disposition.value,
            endings=self._exchange.endings(self._uniqueid),
        )

    def _ended_by(self) -> EndedBy:
        if self._caller_ended:
            return EndedBy.CALLER
        return EndedBy.CALLEE if self._callee_ended else EndedBy.EXCHANGE

    def _heard(self) -> list[str]:
        heard = []
        for application, text in self._asterisk.executed(self._channel):
            if application in ("Playback", "Read"):
                heard.append(text.split(",")[0 if application == "Playback" else 1])
            elif application == "SayDigits":
                heard.append(f"digits:{text}")
            elif application == "SayUnixTime":
                heard.append("time")
        return heard
