"""``signalbox rehearse``: from the published routing to lines a person reads."""

from pathlib import Path

import msgspec
import pytest

from signalbox import cli
from signalbox.calls.outcome import DialResult, dial_outcome
from signalbox.calls.phones import Answers, Behaviour, Busy, Offline, Rejects, RingsOut, behaviour
from signalbox.calls.rehearse_command import rehearse_call
from signalbox.features import CALL_FEATURES
from signalbox.kernel.operator import OperatorError
from signalbox.settings import Settings, SettingsError, load
from tests.scenarios.all import SCENARIOS
from tests.scenarios.world import numbers_of, write_routing


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "signalbox.toml").write_text('[calls]\ntimezone = "Europe/Berlin"\n')
    found = load(tmp_path, {})
    write_routing(found.paths.routing_db, numbers_of(SCENARIOS[0]), version=12)
    return found


def test_every_step_has_its_time_and_its_rule(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["rehearse", "--from", "100", "--to", "101", "--at", "2026-12-25 10:00", "--phone", "101=answers:1:20"]
    cli.app([*command, "--data", settings.data], result_action="return_value")
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "100 dials 101 on 2026-12-25 10:00:00 CET, published version 12",
        "",
        "    0.0 s  number    101 is extension 101 Ben  [published version 12]",
        "    0.0 s  dial      rings 101 for 2 s         [ring time of the extension]",
        "    0.0 s  phone     101 rings                 [decided by Asterisk]",
        "    1.0 s  phone     101 answers               [the tester's input]",
        "   21.0 s  phone     101 hangs up              [the tester's input]",
        "   21.0 s  outcome   answered                  [decided by Asterisk]",
        "",
        "After 21.0 s the other side hung up: cause 16, dial status ANSWER",
    ]


def test_the_same_as_json(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["rehearse", "--from", "100", "--to", "101", "--phone", "101=busy", "--json", "--data", settings.data]
    cli.app(command, result_action="return_value")
    told = msgspec.json.decode(capsys.readouterr().out)
    assert (told["ended_by"], told["cause"], told["dial_status"], told["version"]) == ("exchange", 17, "BUSY", 12)


def test_the_clock_of_the_story_is_the_one_asked_for(settings: Settings) -> None:
    told = rehearse_call(settings, CALL_FEATURES, from_="100", to="*44", at="2026-12-25 10:00")
    assert told.steps[0].at_ms == 1798189200000  # 09:00 UTC


def test_the_caller_gives_up_when_the_tester_says_so(settings: Settings) -> None:
    told = rehearse_call(settings, CALL_FEATURES, from_="100", to="*43", stays_s=7)
    assert (told.lasted_s, told.ended_by) == (7, "caller")


@pytest.mark.parametrize(
    ("at", "phones", "problem"),
    [
        ("noon", [], "'noon' is no time"),
        ("", ["101=dead"], "'dead' is no phone's behaviour"),
        ("", ["101"], "'' is no phone's behaviour"),
    ],
)
def test_bad_input_names_itself(settings: Settings, at: str, phones: list[str], problem: str) -> None:
    with pytest.raises(OperatorError, match=problem):
        rehearse_call(settings, CALL_FEATURES, from_="100", to="101", at=at, phones=phones)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "../etc/passwd", "UTC,x)", ""])
def test_a_zone_that_nobody_knows_stops_the_start(tmp_path: Path, zone: str) -> None:
    with pytest.raises(SettingsError, match=r"calls\.timezone: .* is no time zone"):
        load(tmp_path, {"SIGNALBOX__CALLS__TIMEZONE": zone})


def test_nothing_published_names_the_cure(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="Nothing is published here"):
        rehearse_call(load(tmp_path, {}), CALL_FEATURES, from_="100", to="101")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("busy", Busy()),
        ("no-answer", RingsOut()),
        ("offline", Offline()),
        ("rejects:2", Rejects(2)),
        ("answers", Answers()),
        ("answers:3:20.5", Answers(3, 20.5)),
    ],
)
def test_behaviours_are_read(text: str, meant: Behaviour) -> None:
    assert behaviour(text) == meant


@pytest.mark.parametrize("text", ["busy:1", "answers:-1", "answers:nan", "answers:1:2:3", "rejects:x", "offline:"])
def test_other_behaviours_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="use one of"):
        behaviour(text)


@pytest.mark.parametrize(
    ("status", "cause", "result"),
    [
        ("ANSWER", 16, DialResult.ANSWERED),
        ("BUSY", 17, DialResult.BUSY),
        ("NOANSWER", 19, DialResult.NO_ANSWER),
        ("CANCEL", 0, DialResult.CANCELLED),
        ("CHANUNAVAIL", 21, DialResult.REJECTED),
        ("CHANUNAVAIL", 20, DialResult.UNAVAILABLE),
        ("CONGESTION", 34, DialResult.UNAVAILABLE),
        ("", 0, DialResult.UNAVAILABLE),
    ],
)
def test_what_asterisk_says_of_a_dial(status: str, cause: int, result: DialResult) -> None:
    assert dial_outcome(status, cause).result is result
