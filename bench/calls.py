"""Two-leg calls: the platform against a bare Asterisk, interleaved in one run. ``python -m bench.calls``.

Layout: everything under test on core 0, SIPp on core 1. Signalling with ulaw in SDP, no media. Every INVITE is
challenged, on both. CPU is that of the named processes, generator not counted.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.bare import BareAsterisk
from bench.cpu import CpuMeter
from bench.platform import Platform, free_ports, report
from bench.sipp import Sipp, SippResult, callee
from signalbox.engine import install

PAIRS = 50
CALLERS = [str(200 + n) for n in range(PAIRS)]
CALLEES = [str(300 + n) for n in range(PAIRS)]
LAYOUT = "P1: under test on core 0, SIPp on core 1; signalling only, SDP ulaw; SQLite; CPU without the generator"


@dataclass
class Side:
    """One system under test with its own generator ports and users."""

    name: str
    target: str
    pids: Callable[[], dict[str, int]]
    sipp: Sipp
    users: Path
    port: int

    def window(self, rate: float, seconds: float) -> tuple[SippResult, dict[str, float]]:
        """Place calls; give the result and each process's CPU milliseconds per call."""
        meter = CpuMeter(self.pids())
        result = self.sipp.call(self.users, rate, seconds, self.port, self.target)
        return result, meter.used().per_call_ms(result.calls)


def user_files(folder: Path, secrets: dict[str, str]) -> tuple[Path, Path]:
    """Write SIPp's lists: those who register, those who call."""
    folder.mkdir(parents=True, exist_ok=True)
    registering, calling = folder / "register.csv", folder / "call.csv"
    auth = {number: f"[authentication username={number} password={secret}]" for number, secret in secrets.items()}
    registering.write_text("SEQUENTIAL\n" + "".join(f"{number};{auth[number]}\n" for number in CALLEES))
    pairs = zip(CALLERS, CALLEES, strict=True)
    calling.write_text("SEQUENTIAL\n" + "".join(f"{a};{auth[a]};{b}\n" for a, b in pairs))
    return registering, calling


def prepare(name: str, folder: Path, target: str, secrets: dict[str, str], pids: Callable[[], dict[str, int]]) -> Side:
    """Register the callees and start the SIPp that answers for them."""
    sipp = Sipp(folder / f"sipp-{name}", core=1)
    answering, registering, calling = free_ports(3)
    register_file, call_file = user_files(sipp.folder, secrets)
    sipp.start("callee", callee(100), answering)
    sipp.register(register_file, PAIRS, registering, answering, target)
    return Side(name, target, pids, sipp, call_file, calling)


def figures(windows: list[tuple[SippResult, dict[str, float]]]) -> dict[str, object]:
    """Sum the windows of one side up: medians, and every failure."""
    processes = windows[0][1].keys()
    cpu = {name: round(statistics.median(window[1][name] for window in windows), 3) for name in processes}
    return {
        "calls": sum(result.calls for result, _ in windows),
        "failed": sum(result.failed for result, _ in windows),
        "retransmissions": sum(result.retransmissions for result, _ in windows),
        "calls_per_s": statistics.median(result.rate for result, _ in windows),
        "cpu_ms_per_call": {**cpu, "all": round(sum(cpu.values()), 3)},
        "ringing_ms": {
            f"p{round(q * 100)}": statistics.median(result.ringing(q) for result, _ in windows)
            for q in (0.5, 0.95, 0.99)
        },
    }


def main() -> None:
    """Measure cost per call at one rate, A-B-B-A, then the highest rate without a failure if asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=80)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--search", action="store_true", help="find the highest rate that both carry")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sb-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        platform = Platform(folder / "platform", core=0)
        bare_port = free_ports(1)[0]
        installation = install.install(platform.settings.paths.engine_root, lambda _: None)
        bare = BareAsterisk(installation, folder / "bare", bare_port, core=0)
        sides: list[Side] = []
        secrets = platform.seed([*CALLERS, *CALLEES], web_phone=False, nat=False, qualify_s=0, codecs=("ulaw",))
        try:
            platform.start()
            bare.start(secrets)
            ours = prepare("platform", folder, platform.sip, secrets, lambda: platform.pids)
            theirs = prepare("bare", folder, f"127.0.0.1:{bare_port}", secrets, lambda: {"asterisk": bare.pid})
            sides += [ours, theirs]
            measure(ours, theirs, chosen.rate, chosen.seconds, chosen.rounds)
            if chosen.search:
                for side in (theirs, ours):
                    report("calls.max_rate", {"side": side.name, **search(side)}, LAYOUT)
        finally:
            for side in sides:
                side.sipp.stop()
            platform.stop()
            bare.stop()


def measure(ours: Side, theirs: Side, rate: float, seconds: float, rounds: int) -> None:
    """Interleave windows of both sides and report cost per call and the ratio."""
    windows: dict[str, list[tuple[SippResult, dict[str, float]]]] = {ours.name: [], theirs.name: []}
    for side in (ours, theirs):
        side.window(min(rate, 20), 3)
    for side in [theirs, ours, ours, theirs] * rounds:
        windows[side.name].append(side.window(rate, seconds))
    found = {name: figures(each) for name, each in windows.items()}
    cost = {name: each["cpu_ms_per_call"]["all"] for name, each in found.items()}  # type: ignore[index]
    ratio = {"cpu_bare_over_platform": round(cost["bare"] / cost["platform"], 3)}
    report("calls.cost", {"offered_per_s": rate, **found, "ratio": ratio}, LAYOUT)


def search(side: Side, seconds: float = 15) -> dict[str, object]:
    """Raise the rate by 20 % until a call fails or is late, then halve the step; report the last good one."""
    rate, step, good = 60.0, 1.2, 0.0
    while step > 1.02:
        result, _ = side.window(rate, seconds)
        if result.failed == 0 and result.rate >= rate * 0.9 and result.ringing(0.95) <= 100:
            good, rate = rate, rate * step
        else:
            step = 1 + (step - 1) / 2
            rate = good * step if good else rate / 2
    return {"calls_per_s": round(good, 1)}


if __name__ == "__main__":
    main()
