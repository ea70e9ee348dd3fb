"""Two-leg calls: the platform against a bare Asterisk, interleaved in one run. ``python -m bench.calls``.

Layout P1: everything under test on core 0, SIPp on core 1. Signalling with ulaw in SDP, no media. Every INVITE is
challenged, on both. CPU is that of the named processes, generator not counted.
"""

import argparse
import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
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
EXTENSION = {"web_phone": False, "nat": False, "qualify_s": 0, "codecs": ("ulaw",)}
"""Callers and callees are as plain as the bare Asterisk's, so that the difference is that of the systems."""

BARE_MAY_DRIFT = 0.05
LATE_MS = 100.0
RECOVERY_S = 10.0
SEARCH_S = 8.0


@dataclass(frozen=True)
class Window:
    """One measurement of one side."""

    result: SippResult
    cpu_ms: dict[str, float]

    @property
    def all_ms(self) -> float:
        return sum(self.cpu_ms.values())


@dataclass
class Side:
    """One system under test with its own generator ports and users."""

    name: str
    target: str
    pids: Callable[[], dict[str, int]]
    sipp: Sipp
    users: Path
    port: int

    def window(self, rate: float, seconds: float) -> Window:
        """Place calls; give the result and each process's CPU milliseconds per call."""
        meter = CpuMeter(self.pids())
        result = self.sipp.call(self.users, rate, seconds, self.port, self.target)
        return Window(result, meter.used().per_call_ms(result.calls))


def user_files(folder: Path, secrets: dict[str, str]) -> tuple[Path, Path]:
    """Write SIPp's lists: those who register, those who call."""
    folder.mkdir(parents=True, exist_ok=True)
    registering, calling = folder / "register.csv", folder / "call.csv"
    auth = {number: f"[authentication username={number} password={secret}]" for number, secret in secrets.items()}
    registering.write_text("SEQUENTIAL\n" + "".join(f"{number};{auth[number]}\n" for number in CALLEES))
    pairs = zip(CALLERS, CALLEES, strict=True)
    calling.write_text("SEQUENTIAL\n" + "".join(f"{a};{auth[a]};{b}\n" for a, b in pairs))
    return registering, calling


def prepare(
    name: str,
    folder: Path,
    target: str,
    secrets: dict[str, str],
    pids: Callable[[], dict[str, int]],
    core: int | None = 1,
) -> Side:
    """Register the callees and start the SIPp that answers for them, on ``core``."""
    sipp = Sipp(folder / f"sipp-{name}", core=core)
    answering, registering, calling = free_ports(3)
    register_file, call_file = user_files(sipp.folder, secrets)
    sipp.start("callee", callee(100), answering)
    sipp.register(register_file, PAIRS, registering, answering, target)
    return Side(name, target, pids, sipp, call_file, calling)


@contextlib.contextmanager
def platform_side(folder: Path, *, pinned: bool = True) -> Iterator[tuple[Platform, Side]]:
    """Run the whole system; pinned as in layout P1, else free to use every core."""
    platform = Platform(folder / "platform", core=0 if pinned else None)
    secrets = platform.seed([*CALLERS, *CALLEES], **EXTENSION)
    side = None
    try:
        platform.start()
        side = prepare("platform", folder, platform.sip, secrets, lambda: platform.pids, 1 if pinned else None)
        yield platform, side
    finally:
        if side is not None:
            side.sipp.stop()
        platform.stop()


@contextlib.contextmanager
def bare_side(folder: Path, *, pinned: bool = True) -> Iterator[Side]:
    """Run the bare Asterisk beside it."""
    port = free_ports(1)[0]
    installation = install.install(Platform(folder / "unused").settings.paths.engine_root, lambda _: None)
    bare = BareAsterisk(installation, folder / "bare", port, core=0 if pinned else None)
    secrets = {number: f"secret-of-{number}" for number in (*CALLERS, *CALLEES)}
    side = None
    try:
        bare.start(secrets)
        target = f"127.0.0.1:{port}"
        side = prepare("bare", folder, target, secrets, lambda: {"asterisk": bare.pid}, 1 if pinned else None)
        yield side
    finally:
        if side is not None:
            side.sipp.stop()
        bare.stop()


def figures(windows: list[Window]) -> dict[str, object]:
    """Sum the windows of one side up: medians, and every failure."""
    cpu = {name: round(statistics.median(each.cpu_ms[name] for each in windows), 3) for name in windows[0].cpu_ms}
    return {
        "calls": sum(each.result.calls for each in windows),
        "failed": sum(each.result.failed for each in windows),
        "retransmissions": sum(each.result.retransmissions for each in windows),
        "calls_per_s": round(statistics.median(each.result.rate for each in windows), 1),
        "cpu_ms_per_call": {**cpu, "all": round(sum(cpu.values()), 3)},
        "python_ms_per_call": round(sum(value for name, value in cpu.items() if name != "asterisk"), 3),
        "ringing_ms": {
            f"p{round(q * 100)}": statistics.median(each.result.ringing(q) for each in windows)
            for q in (0.5, 0.95, 0.99)
        },
    }


def measure(ours: Side, theirs: Side, rate: float, seconds: float, rounds: int) -> dict[str, object]:
    """Interleave windows of both sides, A-B-B-A; void when the bare ones differ by more than ``BARE_MAY_DRIFT``."""
    windows: dict[str, list[Window]] = {ours.name: [], theirs.name: []}
    for side in (ours, theirs):
        side.window(min(rate, 20), 3)
    for side in [theirs, ours, ours, theirs] * rounds:
        windows[side.name].append(side.window(rate, seconds))
    cost = {name: statistics.median(each.all_ms for each in found) for name, found in windows.items()}
    bare = [each.all_ms for each in windows["bare"]]
    drift = (max(bare) - min(bare)) / statistics.median(bare)
    return {
        "offered_per_s": rate,
        **{name: figures(found) for name, found in windows.items()},
        "cpu_bare_over_platform": round(cost["bare"] / cost["platform"], 3),
        "bare_drift": round(drift, 3),
        "void": drift > BARE_MAY_DRIFT,
    }


def search(side: Side, seconds: float) -> dict[str, object]:
    """Raise the rate by half until a call fails or is late, then by ever less; report the last good one."""
    rate, step, good = 40.0, 1.5, 0.0
    while step > 1.05 and rate > 5:
        result = side.window(rate, seconds).result
        if result.failed == 0 and result.rate >= rate * 0.9 and result.ringing(0.95) <= LATE_MS:
            good = rate
        else:
            step = 1 + (step - 1) / 2
            time.sleep(RECOVERY_S)
        rate = good * step if good else rate / 2
    return {"calls_per_s": round(good, 1)}


def generator(folder: Path, rate: float = 400, seconds: float = 5) -> dict[str, object]:
    """Place calls from SIPp to SIPp on the generator's core: what it can do itself bounds every other figure."""
    sipp = Sipp(folder / "sipp-alone", core=1)
    answering, calling = free_ports(2)
    _, users = user_files(sipp.folder, dict.fromkeys([*CALLERS, *CALLEES], "unused"))
    try:
        sipp.start("callee", callee(100), answering)
        result = sipp.call(users, rate, seconds, calling, f"127.0.0.1:{answering}", challenged=False)
    finally:
        sipp.stop()
    return {"offered_per_s": rate, "calls_per_s": result.rate, "failed": result.failed}


def main() -> None:
    """Check the generator, measure cost per call at one rate, and if asked the highest rate of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=40)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--search", action="store_true", help="find the highest rate of each")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sb-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        report("calls.generator", generator(folder), "SIPp to SIPp, both on core 1; no challenge")
        with platform_side(folder) as (_, ours), bare_side(folder) as theirs:
            report("calls.cost", measure(ours, theirs, chosen.rate, chosen.seconds, chosen.rounds), LAYOUT)
            if chosen.search:
                most = {side.name: search(side, SEARCH_S) for side in (theirs, ours)}
                bare, platform = (float(str(most[name]["calls_per_s"])) for name in ("bare", "platform"))
                report(
                    "calls.max_rate", {**most, "platform_over_bare": round(platform / bare, 3) if bare else 0}, LAYOUT
                )


if __name__ == "__main__":
    main()
