"""The fold of events into records: what a person would say of the call, from the events alone."""

import json
from typing import Any

from signalbox.engine.eventlog import LoggedEvent
from signalbox.features.callrecords.model import CallRecord, Disposition, LegRole
from signalbox.features.callrecords.rules import RecordFold

A, B = "n1-1.1", "n1-1.2"


def event(kind: str, at: float, channel: str, **more: Any) -> LoggedEvent:
    name = {A: "PJSIP/100-00000001", B: "PJSIP/101-web-00000002"}.get(channel, f"Local/{channel}")
    return LoggedEvent(eventtype=kind, eventtime=at, uniqueid=channel, linkedid=A, channame=name, tenantid="1", **more)


def hangup(at: float, channel: str, cause: int, source: str = "", status: str = "") -> LoggedEvent:
    extra = {"hangupcause": cause, "hangupsource": source, "dialstatus": status}
    return event("HANGUP", at, channel, extra=json.dumps(extra))


def records_of(events: list[LoggedEvent]) -> list[CallRecord]:
    fold = RecordFold()
    records = [record for each in events for record in fold.apply(each)]
    assert not fold.calls
    return records


ANSWERED = [
    event("CHAN_START", 10.0, A, exten="101", cidnum="100", cidname="Ann"),
    event("CHAN_START", 10.1, B),
    event("ANSWER", 12.0, B, cidnum="101", cidname="Bob"),
    event("ANSWER", 12.01, A),
    event("BRIDGE_ENTER", 12.02, B),
    event("BRIDGE_ENTER", 12.02, A),
    event("BRIDGE_EXIT", 20.0, B),
    hangup(20.0, B, 16, "PJSIP/101-web-00000002"),
    event("CHAN_END", 20.0, B),
    event("BRIDGE_EXIT", 20.01, A),
    hangup(20.01, A, 16, "PJSIP/101-web-00000002", "ANSWER"),
    event("CHAN_END", 20.02, A),
    event("LINKEDID_END", 20.02, A),
]


def test_an_answered_call() -> None:
    (record,) = records_of(ANSWERED)
    assert record.call_id == A
    assert (record.from_number, record.from_name) == ("100", "Ann")
    assert (record.to_number, record.to_name, record.dialled) == ("101", "Bob", "101")
    assert (record.started, record.answered, record.ended) == (10.0, 12.01, 20.02)
    assert (record.disposition, record.cause) == (Disposition.ANSWERED, 16)
    assert [(leg.role, leg.extension) for leg in record.legs] == [(LegRole.CALLER, "100"), (LegRole.CALLEE, "101")]


def test_reading_twice_what_overlaps_changes_nothing() -> None:
    for overlap in range(len(ANSWERED) - 3):
        fold = RecordFold()
        events = [*ANSWERED[: overlap + 1], *ANSWERED[max(0, overlap - 2) : overlap + 1], *ANSWERED[overlap + 1 :]]
        records = [record for each in events for record in fold.apply(each)]
        assert records == records_of(ANSWERED), overlap


def _unanswered(status: str, cause: int, source: str = "") -> CallRecord:
    (record,) = records_of(
        [
            event("CHAN_START", 10.0, A, exten="101", cidnum="100"),
            event("CHAN_START", 10.1, B),
            hangup(15.0, B, cause),
            event("CHAN_END", 15.0, B),
            hangup(15.1, A, cause, source, status),
            event("CHAN_END", 15.1, A),
        ]
    )
    return record


def test_how_an_unanswered_call_ended() -> None:
    assert _unanswered("BUSY", 17).disposition is Disposition.BUSY
    assert _unanswered("NOANSWER", 19).disposition is Disposition.NO_ANSWER
    assert _unanswered("CANCEL", 127).disposition is Disposition.CANCELLED
    assert _unanswered("CHANUNAVAIL", 20).disposition is Disposition.FAILED
    assert _unanswered("", 1).disposition is Disposition.FAILED
    assert _unanswered("BUSY", 17).to_number == "101"


def test_the_engine_s_death_closes_running_calls_where_it_died() -> None:
    fold = RecordFold()
    for each in ANSWERED[:6]:
        assert fold.apply(each) == []
    (record,) = fold.apply(LoggedEvent(event="ENGINE_EXITED", at=17.0))
    assert (record.disposition, record.answered, record.ended) == (Disposition.ENGINE_LOST, 12.01, 17.0)
    assert fold.apply(LoggedEvent(event="ENGINE_STARTED", at=18.0)) == []


def test_a_power_cut_closes_them_at_the_last_sign_of_life() -> None:
    fold = RecordFold()
    for each in ANSWERED[:6]:
        fold.apply(each)
    (record,) = fold.apply(LoggedEvent(event="ENGINE_STARTED", at=900.0))
    assert record.ended == 12.02


def test_halves_of_local_channels_are_no_party_but_keep_the_call_open() -> None:
    local = event("CHAN_START", 10.05, "n1-1.9")
    fold = RecordFold()
    events = [*ANSWERED[:1], local, *ANSWERED[1:12]]
    assert [record for each in events for record in fold.apply(each)] == []
    (record,) = fold.apply(event("CHAN_END", 21.0, "n1-1.9"))
    assert (len(record.legs), record.ended) == (2, 21.0)


def test_an_engine_that_is_back_in_the_same_second_repeats_ids_and_loses_no_record() -> None:
    fold = RecordFold()
    lost = [record for each in ANSWERED[:6] for record in fold.apply(each)]
    lost += fold.apply(LoggedEvent(event="ENGINE_EXITED", at=11.0))
    lost += fold.apply(LoggedEvent(event="ENGINE_STARTED", at=11.1))
    records = lost + [record for each in ANSWERED for record in fold.apply(each)]
    assert [record.disposition for record in records] == [Disposition.ENGINE_LOST, Disposition.ANSWERED]
    assert len({record.call_id for record in records}) == 2
    assert len(records[1].legs) == 2
