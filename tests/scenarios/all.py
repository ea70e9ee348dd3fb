"""The scenarios. Each is played by tests/rehearsal/test_scenarios.py and tests/engine/test_scenarios.py."""

from signalbox.calls.phones import Answers, Busy, Moment, Offline, Rejects, RingsOut
from signalbox.calls.simulated import EndedBy
from tests.scenarios.model import (
    CallerHangsUp,
    ExchangeKilled,
    Expected,
    Phone,
    Redirected,
    Scenario,
    ScriptStuck,
)

_BEN_TALKS = Phone("101", Answers(talks_s=1.0))
_BEN_STAYS = Phone("101", Answers())
_BEN_RINGS = Phone("101", RingsOut())

ORDINARY = (
    Scenario(
        name="callee_hangs_up",
        dials="101",
        phones=(_BEN_TALKS,),
        expected=Expected(
            rang=("101",), talked="101", dial_status="ANSWER", ended_by=EndedBy.CALLEE, cause=16, disposition="answered"
        ),
    ),
    Scenario(
        name="busy",
        dials="101",
        phones=(Phone("101", Busy()),),
        expected=Expected(dial_status="BUSY", ended_by=EndedBy.EXCHANGE, cause=17, disposition="busy"),
    ),
    Scenario(
        name="no_answer",
        dials="101",
        phones=(_BEN_RINGS,),
        expected=Expected(
            rang=("101",), dial_status="NOANSWER", ended_by=EndedBy.EXCHANGE, cause=19, disposition="no_answer"
        ),
    ),
    Scenario(
        name="rejected",
        dials="101",
        phones=(Phone("101", Rejects()),),
        expected=Expected(
            rang=("101",), dial_status="CHANUNAVAIL", ended_by=EndedBy.EXCHANGE, cause=21, disposition="failed"
        ),
    ),
    Scenario(
        name="callee_offline",
        dials="101",
        phones=(Phone("101", Offline()),),
        expected=Expected(dial_status="CHANUNAVAIL", ended_by=EndedBy.EXCHANGE, cause=20, disposition="failed"),
    ),
    Scenario(
        name="two_phones_ring_one_answers",
        dials="101",
        phones=(Phone("101", RingsOut(), "desk"), Phone("101", Answers(talks_s=1.0), "kitchen")),
        requirements=("PBX-GEN-09",),
        expected=Expected(
            rang=("101",), talked="101", dial_status="ANSWER", ended_by=EndedBy.CALLEE, cause=16, disposition="answered"
        ),
    ),
    Scenario(
        name="two_phones_one_rejects_one_answers",
        dials="101",
        phones=(Phone("101", Rejects(after_s=0.2), "desk"), Phone("101", Answers(after_s=1.0, talks_s=0.5), "kitchen")),
        requirements=("PBX-GEN-09",),
        expected=Expected(
            rang=("101",), talked="101", dial_status="ANSWER", ended_by=EndedBy.CALLEE, cause=16, disposition="answered"
        ),
    ),
    Scenario(
        name="unknown_number",
        dials="799",
        expected=Expected(heard=("ss-noservice",), ended_by=EndedBy.EXCHANGE, cause=1, disposition="failed"),
    ),
    Scenario(
        name="calls_itself",
        dials="100",
        expected=Expected(ended_by=EndedBy.EXCHANGE, cause=17, disposition="busy"),
    ),
    Scenario(
        name="second_call_to_a_busy_line",
        dials="101",
        phones=(_BEN_STAYS, Phone("102", RingsOut())),
        already_talking=("102", "101"),
        expected=Expected(dial_status="BUSY", ended_by=EndedBy.EXCHANGE, cause=17, disposition="busy"),
    ),
    Scenario(
        name="hostile_display_name",
        dials="101",
        caller_name='"; ${SHELL(id)} & <sip:x@y> \\ $[1/0] |,',
        phones=(_BEN_TALKS,),
        expected=Expected(
            rang=("101",), talked="101", dial_status="ANSWER", ended_by=EndedBy.CALLEE, cause=16, disposition="answered"
        ),
    ),
    Scenario(
        name="loop_is_cut",
        dials="7001",
        forwards={"7001": "7002", "7002": "7001"},
        expected=Expected(
            heard=("cannot-complete-as-dialed",), ended_by=EndedBy.EXCHANGE, cause=25, disposition="failed"
        ),
    ),
    Scenario(
        name="as_many_hops_as_allowed",
        dials="7001",
        forwards={"7001": "7002", "7002": "7003", "7003": "7004", "7004": "101"},
        phones=(_BEN_TALKS,),
        expected=Expected(
            rang=("101",), talked="101", dial_status="ANSWER", ended_by=EndedBy.CALLEE, cause=16, disposition="answered"
        ),
    ),
    Scenario(
        name="one_hop_too_many",
        dials="7001",
        forwards={"7001": "7002", "7002": "7003", "7003": "7004", "7004": "7005", "7005": "101"},
        phones=(_BEN_TALKS,),
        expected=Expected(
            heard=("cannot-complete-as-dialed",), ended_by=EndedBy.EXCHANGE, cause=25, disposition="failed"
        ),
    ),
    Scenario(
        name="forwarded_once",
        dials="7001",
        forwards={"7001": "101"},
        phones=(_BEN_TALKS,),
        expected=Expected(
            rang=("101",), talked="101", dial_status="ANSWER", ended_by=EndedBy.CALLEE, cause=16, disposition="answered"
        ),
    ),
)

TEST_NUMBERS = (
    Scenario(
        name="echo_test",
        dials="*43",
        happens=(CallerHangsUp(Moment.LISTENING, after_s=1.0),),
        expected=Expected(
            heard=("demo-echotest",), ended_by=EndedBy.CALLER, disposition="answered", endings=("hung_up",)
        ),
    ),
    Scenario(
        name="speaking_clock",
        dials="*44",
        expected=Expected(
            heard=("at-tone-time-exactly", "time", "beep"), ended_by=EndedBy.EXCHANGE, cause=16, disposition="answered"
        ),
    ),
    Scenario(
        name="own_number",
        dials="*65",
        requirements=("PBX-FC-36", "UC-NUM-07"),
        expected=Expected(
            heard=("vm-extension", "digits:100"), ended_by=EndedBy.EXCHANGE, cause=16, disposition="answered"
        ),
    ),
)

CALLER_GONE = (
    Scenario(
        name="caller_gone_before_decision",
        dials="101",
        phones=(_BEN_RINGS,),
        happens=(CallerHangsUp(Moment.BEFORE_DECISION),),
        expected=Expected(ended_by=EndedBy.CALLER, disposition="cancelled", endings=("hung_up",)),
    ),
    Scenario(
        name="caller_gone_while_ringing",
        dials="101",
        phones=(_BEN_RINGS,),
        happens=(CallerHangsUp(Moment.RINGING),),
        expected=Expected(
            rang=("101",),
            dial_status="CANCEL",
            ended_by=EndedBy.CALLER,
            disposition="cancelled",
            endings=("hung_up",),
        ),
    ),
    Scenario(
        name="caller_gone_while_talking",
        dials="101",
        phones=(_BEN_STAYS,),
        happens=(CallerHangsUp(Moment.TALKING),),
        expected=Expected(
            rang=("101",),
            talked="101",
            dial_status="ANSWER",
            ended_by=EndedBy.CALLER,
            cause=16,
            disposition="answered",
            endings=("hung_up",),
        ),
    ),
)

TAKEN_AWAY = (
    Scenario(
        name="redirected_before_decision",
        dials="101",
        phones=(_BEN_RINGS,),
        happens=(Redirected(Moment.BEFORE_DECISION), CallerHangsUp(Moment.LISTENING)),
        expected=Expected(
            heard=("demo-echotest",),
            ended_by=EndedBy.CALLER,
            disposition="answered",
            endings=("taken_away", "hung_up"),
        ),
    ),
    Scenario(
        name="redirected_while_ringing",
        dials="101",
        phones=(_BEN_RINGS,),
        happens=(Redirected(Moment.RINGING), CallerHangsUp(Moment.LISTENING)),
        expected=Expected(
            rang=("101",),
            heard=("demo-echotest",),
            ended_by=EndedBy.CALLER,
            disposition="answered",
            endings=("taken_away", "hung_up"),
        ),
    ),
    Scenario(
        name="redirected_while_talking",
        dials="101",
        phones=(_BEN_STAYS,),
        happens=(Redirected(Moment.TALKING), CallerHangsUp(Moment.LISTENING)),
        expected=Expected(
            rang=("101",),
            talked="101",
            heard=("demo-echotest",),
            ended_by=EndedBy.CALLER,
            disposition="answered",
            endings=("taken_away", "hung_up"),
        ),
    ),
)

EXCHANGE_KILLED = (
    Scenario(
        name="no_exchange_at_all",
        dials="101",
        phones=(_BEN_TALKS,),
        happens=(ExchangeKilled(Moment.BEFORE_THE_CALL),),
        expected=Expected(
            rang=("101",),
            talked="101",
            dial_status="ANSWER",
            ended_by=EndedBy.CALLEE,
            cause=16,
            disposition="answered",
            endings=(),
        ),
    ),
    Scenario(
        name="no_exchange_and_unknown_number",
        dials="799",
        happens=(ExchangeKilled(Moment.BEFORE_THE_CALL),),
        expected=Expected(
            heard=("ss-noservice",), ended_by=EndedBy.EXCHANGE, cause=1, disposition="failed", endings=()
        ),
    ),
    Scenario(
        name="killed_before_decision",
        dials="101",
        phones=(_BEN_TALKS,),
        happens=(ExchangeKilled(Moment.BEFORE_DECISION),),
        expected=Expected(
            rang=("101",),
            talked="101",
            dial_status="ANSWER",
            ended_by=EndedBy.CALLEE,
            cause=16,
            disposition="answered",
            endings=(),
        ),
    ),
    Scenario(
        name="killed_while_ringing_then_answered",
        dials="101",
        phones=(Phone("101", Answers(after_s=1.0, talks_s=1.0)),),
        happens=(ExchangeKilled(Moment.RINGING),),
        expected=Expected(
            rang=("101",),
            talked="101",
            dial_status="ANSWER",
            ended_by=EndedBy.CALLEE,
            cause=16,
            disposition="answered",
            endings=(),
        ),
    ),
    Scenario(
        name="killed_while_ringing_then_no_answer",
        dials="101",
        phones=(_BEN_RINGS,),
        happens=(ExchangeKilled(Moment.RINGING),),
        expected=Expected(
            rang=("101",),
            dial_status="NOANSWER",
            ended_by=EndedBy.EXCHANGE,
            cause=19,
            disposition="no_answer",
            endings=(),
        ),
    ),
    Scenario(
        name="killed_while_ringing_and_back_in_time",
        dials="103",
        phones=(Phone("103", RingsOut()),),
        happens=(ExchangeKilled(Moment.RINGING, returns_after_s=0.5),),
        expected=Expected(
            rang=("103",),
            dial_status="NOANSWER",
            ended_by=EndedBy.EXCHANGE,
            cause=19,
            disposition="no_answer",
            endings=("completed",),  # the resumed script took the outcome and released the caller; nothing rang twice
        ),
    ),
    Scenario(
        name="killed_during_echo_test",
        dials="*43",
        happens=(ExchangeKilled(Moment.LISTENING), CallerHangsUp(Moment.LISTENING, after_s=1.0)),
        expected=Expected(heard=("demo-echotest",), ended_by=EndedBy.CALLER, disposition="answered", endings=()),
    ),
    Scenario(
        name="killed_while_talking",
        dials="101",
        phones=(Phone("101", Answers(talks_s=1.5)),),
        happens=(ExchangeKilled(Moment.TALKING),),
        expected=Expected(
            rang=("101",),
            talked="101",
            dial_status="ANSWER",
            ended_by=EndedBy.CALLEE,
            cause=16,
            disposition="answered",
            endings=(),
        ),
    ),
)

STUCK = (
    Scenario(
        name="script_never_decides",
        dials="101",
        phones=(_BEN_TALKS,),
        happens=(ScriptStuck(),),
        expected=Expected(
            rang=("101",),
            talked="101",
            dial_status="ANSWER",
            ended_by=EndedBy.CALLEE,
            cause=16,
            disposition="answered",
            endings=("hung_up",),
        ),
    ),
)

EMERGENCY = (
    Scenario(
        name="emergency_by_the_second_trunk",
        dials="112",
        phones=(Phone("trunk-a", Busy()), Phone("trunk-b", Answers(talks_s=1.0))),
        expected=Expected(
            rang=("trunk-b",),
            talked="trunk-b",
            dial_status="ANSWER",
            ended_by=EndedBy.CALLEE,
            cause=16,
            disposition="answered",
        ),
    ),
    Scenario(
        name="emergency_with_the_exchange_away",
        dials="911",
        phones=(Phone("trunk-a", RingsOut()), Phone("trunk-b", Answers(talks_s=1.0))),
        happens=(ExchangeKilled(Moment.BEFORE_THE_CALL),),
        expected=Expected(
            rang=("trunk-a", "trunk-b"),
            talked="trunk-b",
            dial_status="ANSWER",
            ended_by=EndedBy.CALLEE,
            cause=16,
            disposition="answered",
            endings=(),
        ),
    ),
    Scenario(
        name="emergency_without_a_trunk_that_works",
        dials="112",
        expected=Expected(
            heard=("all-circuits-busy-now",),
            dial_status="CHANUNAVAIL",
            ended_by=EndedBy.EXCHANGE,
            cause=34,
            disposition="failed",
        ),
    ),
    Scenario(
        name="emergency_caller_gives_up",
        dials="112",
        phones=(Phone("trunk-a", RingsOut()),),
        happens=(CallerHangsUp(Moment.RINGING),),
        expected=Expected(
            rang=("trunk-a",),
            dial_status="CANCEL",
            ended_by=EndedBy.CALLER,
            disposition="cancelled",
        ),
    ),
)

SCENARIOS = ORDINARY + TEST_NUMBERS + CALLER_GONE + TAKEN_AWAY + EXCHANGE_KILLED + STUCK + EMERGENCY
