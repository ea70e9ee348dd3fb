"""SIPp as caller, callee and registrar's client: scenario files, runs, and what their statistics say."""

import csv
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

TALK_MS = 200
GIVE_UP_S = 20.0
"""How long after the last call was placed the run is ended."""

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_REQUEST = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[field0]@[remote_ip]>;tag=[pid]t[call_number]
To: <sip:{to}@[remote_ip]>{to_tag}
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:[field0]@{contact}>
Max-Forwards: 70
{more}Content-Length: {length}
"""
_SDP = """
v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""

_OK = (
    "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n"
    "Contact: <sip:[local_ip]:[local_port]>\n"
)


def _send(method: str, uri: str, **fields: str) -> str:
    sdp = fields.pop("sdp", "")
    values = {"to_tag": "", "contact": "[local_ip]:[local_port]", "more": "", "length": "[len]" if sdp else "0"}
    request = _REQUEST.format(method=method, **{**values, **fields})
    retransmitted = "" if method == "ACK" else ' retrans="500"'
    return f"<send{retransmitted}{{rtd}}><![CDATA[\n{method} {uri} SIP/2.0\n{request}{sdp}\n]]></send>\n"


def caller(talk_ms: int, *, challenged: bool = True) -> str:
    """Call the number in field 2 as field 0 with the secret in field 1; ``rtd 1`` is INVITE to 180, ``2`` to 200."""
    uri = "sip:[field2]@[remote_ip]:[remote_port]"
    media = "Content-Type: application/sdp\n"
    authenticated = "[field1]\n" + media
    answered = ' rtd="2"' if challenged else ""
    first = (
        _send("INVITE", uri, to="[field2]", cseq="1", more=media, sdp=_SDP).format(rtd=' start_rtd="1"')
        + '<recv response="100" optional="true"/><recv response="401" auth="true"/>\n'
        + _send("ACK", uri, to="[field2]", to_tag="[peer_tag_param]", cseq="1").format(rtd="")
    )
    return (
        _HEAD
        + '<scenario name="caller">\n'
        + (first if challenged else "")
        + _send("INVITE", uri, to="[field2]", cseq="2", more=authenticated if challenged else media, sdp=_SDP).format(
            rtd=' start_rtd="2"' if challenged else ' start_rtd="1"'
        )
        + '<recv response="100" optional="true"/><recv response="180" rtd="1" optional="true"/>'
        + '<recv response="183" optional="true"/>'
        + f'<recv response="200"{answered} rrs="true"/>\n'
        + _send("ACK", "[next_url]", to="[field2]", to_tag="[peer_tag_param]", cseq="2", more="[routes]\n").format(
            rtd=""
        )
        # A busy Asterisk tells a name that came late by another INVITE, as to any phone; it ends the talk early.
        + f'<recv request="INVITE" timeout="{talk_ms}" ontimeout="1"/>\n'
        + f"<send><![CDATA[\n{_OK}Content-Type: application/sdp\nContent-Length: [len]\n{_SDP}\n]]></send>\n"
        + '<recv request="ACK"/>\n<label id="1"/>\n'
        + _send("BYE", "[next_url]", to="[field2]", to_tag="[peer_tag_param]", cseq="3", more="[routes]\n").format(
            rtd=""
        )
        # The two may cross on the way.
        + '<recv request="INVITE" optional="true" next="2"/>\n<recv response="200" next="3"/>\n<label id="2"/>\n'
        + f"<send><![CDATA[\n{_OK.replace('200 OK', '481 Gone')}Content-Length: 0\n\n]]></send>\n"
        + '<recv request="ACK" optional="true"/><recv response="200"/>\n<label id="3"/>\n</scenario>\n'
    )


def registrar(contact_port: int, host: str = "127.0.0.1") -> str:
    """Register field 0 with the secret in field 1 at a contact where another SIPp answers."""
    more = "Expires: 3600\n"
    contact = f"{host}:{contact_port}"
    return (
        _HEAD
        + '<scenario name="register">\n'
        + _send("REGISTER", "sip:[remote_ip]", to="[field0]", cseq="1", contact=contact, more=more).format(rtd="")
        + '<recv response="401" auth="true"/>\n'
        + _send(
            "REGISTER", "sip:[remote_ip]", to="[field0]", cseq="2", contact=contact, more="[field1]\n" + more
        ).format(rtd="")
        + '<recv response="200"/>\n</scenario>\n'
    )


def callee(answer_ms: int) -> str:
    """Ring at once, answer after ``answer_ms``, wait for the BYE."""
    reply = (
        "SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]c[call_number]\n[last_Call-ID:]\n"
        "[last_CSeq:]\nContact: <sip:[local_ip]:[local_port]>\n"
    )
    ok = reply.format(status="200 OK")
    return (
        _HEAD
        + '<scenario name="callee">\n<recv request="INVITE" crlf="true"/>\n'
        + f"<send><![CDATA[\n{reply.format(status='180 Ringing')}Content-Length: 0\n\n]]></send>\n"
        + f'<pause milliseconds="{answer_ms}"/>\n'
        + f'<send retrans="500"><![CDATA[\n{ok}Content-Type: application/sdp\n'
        + f"Content-Length: [len]\n{_SDP}\n]]></send>\n"
        + '<recv request="ACK"/>\n<recv request="BYE"/>\n'
        + f"<send><![CDATA[\n{ok.replace(';tag=[pid]c[call_number]', '')}Content-Length: 0\n\n]]></send>\n</scenario>\n"
    )


@dataclass(frozen=True)
class SippResult:
    """What SIPp counted; times in milliseconds, sorted; ``rate`` in calls a second over the run."""

    calls: int
    failed: int
    retransmissions: int
    seconds: float
    ringing_ms: tuple[float, ...]

    @property
    def rate(self) -> float:
        return round(self.calls / self.seconds, 1) if self.seconds else 0.0

    def ringing(self, quantile: float) -> float:
        """Time from INVITE to 180 that ``quantile`` of the calls do not exceed."""
        if not self.ringing_ms:
            return 0.0
        return round(self.ringing_ms[min(len(self.ringing_ms) - 1, int(len(self.ringing_ms) * quantile))], 1)


class Sipp:
    """Run SIPp in ``folder``, on ``core`` of the machine when given."""

    def __init__(self, folder: Path, core: int | None = None) -> None:
        self.folder = folder
        self._prefix = [] if core is None else ["taskset", "-c", str(core)]
        self._started: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def stop(self) -> None:
        """End every SIPp that still runs."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.wait()

    def start(self, name: str, scenario: str, port: int, *more: str) -> subprocess.Popen[bytes]:
        """Start SIPp with a scenario; its statistics go to ``<name>_stat.csv`` and ``<name>_rtt.csv``."""
        file = self.folder / f"{name}.xml"
        file.write_text(scenario)
        for old in self.folder.glob(f"{name}_*.csv"):
            old.unlink()
        command = [*self._prefix, "sipp", "-sf", str(file), "-i", "127.0.0.1", "-p", str(port), "-nostdin", *more]
        with (self.folder / f"{name}.out").open("wb") as output:
            process = subprocess.Popen(command, cwd=self.folder, stdout=output, stderr=subprocess.STDOUT)
        self._started.append(process)
        return process

    def register(self, users: Path, count: int, port: int, contact_port: int, target: str) -> None:
        """Register every line of ``users``. Raises ``RuntimeError`` when one is refused."""
        run = self.start(
            "register", registrar(contact_port), port, "-inf", str(users), "-m", str(count), "-r", "200", target
        )
        if run.wait(60) != 0:
            raise RuntimeError(f"registration failed, see {self.folder}/register.out")

    def call(
        self, users: Path, rate: float, seconds: float, port: int, target: str, *, challenged: bool = True
    ) -> SippResult:
        """Place ``rate`` calls a second for ``seconds`` and wait for the last to end; one that is stuck has failed."""
        count = round(rate * seconds)
        limits = ["-l", "3000", "-recv_timeout", "8000", "-timeout", f"{seconds + GIVE_UP_S:.0f}s"]
        stats = ["-trace_stat", "-fd", "1", "-stf", "call_stat.csv", "-trace_rtt", "-rtt_freq", "10"]
        more = ["-inf", str(users), "-r", str(rate), "-m", str(count), *limits, *stats, target]
        self.start("call", caller(TALK_MS, challenged=challenged), port, *more).wait(seconds + 2 * GIVE_UP_S)
        return self._result(count)

    def _result(self, placed: int) -> SippResult:
        with (self.folder / "call_stat.csv").open() as opened:
            last = list(csv.DictReader(opened, delimiter=";"))[-1]
        rtts: list[float] = []
        for file in self.folder.glob("call_*_rtt.csv"):
            with file.open() as opened:
                rtts += [float(row[1]) for row in csv.reader(opened, delimiter=";") if len(row) > 2 and row[2] == "1"]
        return SippResult(
            calls=int(last["SuccessfulCall(C)"]),
            failed=placed - int(last["SuccessfulCall(C)"]),
            retransmissions=int(last["Retransmissions(C)"]),
            seconds=_seconds(last["ElapsedTime(C)"]),
            ringing_ms=tuple(sorted(rtts)),
        )


def _seconds(clock: str) -> float:
    hours, minutes, rest = re.split(":", clock, maxsplit=2)
    seconds, _, micros = rest.replace(".", ":").partition(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float("0." + (micros or "0"))
