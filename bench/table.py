"""The kit's figures as one table, each beside what was expected of it. Nothing is measured here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Line = dict[str, Any]  # one line of JSON, as a measurement printed it


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: ``target`` is text for people, ``is_met`` None where nothing was promised."""

    figure: str
    value: str
    target: str = ""
    is_met: bool | None = None


def rows(lines: Iterable[Line]) -> list[Row]:
    """Make the rows of every line that has a reader, in the order measured; later runs of one name add theirs."""
    found: list[Row] = []
    for line in lines:
        name = line["bench"] if line["bench"] != "protocols" else f"protocols.{line['name']}"
        found += _READERS.get(name, _nothing)(line)
    return found


def markdown(found: Iterable[Row]) -> str:
    """Render the table."""
    verdict = {True: "met", False: "**missed**", None: ""}
    head = ["| figure | measured | expected | |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *(f"| {r.figure} | {r.value} | {r.target} | {verdict[r.is_met]} |" for r in found)]) + "\n"


def _nothing(_line: Line) -> list[Row]:
    return []


def _generator(line: Line) -> list[Row]:
    return [Row("generator alone, SIPp to SIPp", f"{line['calls_per_s']} calls/s, {line['failed']} failed")]


def _cost(line: Line) -> list[Row]:
    ours, bare = line["platform"], line["bare"]
    setup = " / ".join(f"{ours['ringing_ms'][q]:g}" for q in ("p50", "p95", "p99"))
    theirs = " / ".join(f"{bare['ringing_ms'][q]:g}" for q in ("p50", "p95", "p99"))
    ratio, python = line["cpu_bare_over_platform"], ours["python_ms_per_call"]
    rate = line["offered_per_s"]
    note = f" (void: the bare windows differ by {line['bare_drift']:.0%})" if line["void"] else ""
    return [
        Row(f"CPU of a call at {rate:g}/s, bare Asterisk", f"{bare['cpu_ms_per_call']['all']:.2f} ms{note}"),
        Row(f"CPU of a call at {rate:g}/s, whole system", _split(ours)),
        Row(
            f"CPU of a call at {rate:g}/s, bare / whole system",
            f"{ratio:.2f}{note}",
            ">= 0.60, goal 0.75",
            ratio >= 0.60,
        ),
        Row(f"Python in a call at {rate:g}/s", f"{python:.2f} ms", "<= 1.2 ms", python <= 1.2),
        Row(f"INVITE to 180 at {line['offered_per_s']:g}/s, p50 / p95 / p99", f"{setup} ms (bare {theirs})"),
    ]


def _split(side: Line) -> str:
    cpu = side["cpu_ms_per_call"]
    return f"{cpu['all']:.2f} ms: " + ", ".join(f"{name} {ms:.2f}" for name, ms in sorted(cpu.items()) if name != "all")


def _max_rate(line: Line) -> list[Row]:
    ratio = line["platform_over_bare"]
    value = f"{line['platform']['calls_per_s']:g} of {line['bare']['calls_per_s']:g} calls/s: {ratio:.2f}"
    return [Row("calls/s on one core, whole system of bare", value, ">= 0.60, goal 0.75", ratio >= 0.60)]


def _sustained(line: Line) -> list[Row]:
    python = line["python_ms_per_call"]
    setup = line["ringing_ms"]
    value = f"{line['calls_per_s']:g} calls/s, {line['failed']} failed"
    value += f"; INVITE to 180 p50 / p95 / p99 {setup['p50']:g} / {setup['p95']:g} / {setup['p99']:g} ms"
    is_met = line["failed"] == 0 and line["calls_per_s"] >= 0.95 * line["offered_per_s"]
    asked = f"{line['offered_per_s']:g} calls/s for {line['seconds']:g} s"
    return [
        Row(f"{asked}, generator beside it", value, "0 failed", is_met),
        Row("CPU of a call at that rate, whole system", _split(line)),
        Row("Python in a call at that rate", f"{line['python_ms_per_call']:.2f} ms", "<= 1.2 ms", python <= 1.2),
    ]


def _board(line: Line) -> list[Row]:
    late = line["event_to_console_ms"]
    value = " / ".join(f"{late[q]:g}" for q in ("p50", "p95", "p99")) + " ms"
    name = f"event to WebSocket, {line['consoles']} console{'s' if line['consoles'] > 1 else ''}, p50 / p95 / p99"
    return [Row(name, value, "p95 <= 75 ms", late["p95"] <= 75)]


def _publish(line: Line) -> list[Row]:
    names = ("rename", "new_secret", "add", "remove")
    worst = max(line[name]["p95_ms"] for name in names)
    value = ", ".join(f"{name.replace('_', ' ')} {line[name]['p95_ms']:g}" for name in names) + " ms"
    return [Row(f"a change to one of {line['extensions']} in force, p95", value, "<= 1000 ms", worst <= 1000)]


def _memory(line: Line) -> list[Row]:
    rest, call, extension = line["at_rest_mb"], line["kb_per_call"], line["kb_per_extension"]
    bare = line["bare_kb_per_call"]["asterisk"]
    return [
        Row("memory at rest", ", ".join(f"{name} {mb:g}" for name, mb in rest.items()) + " MB"),
        Row("memory of a held call", f"{sum(call.values()):.0f} kB (bare Asterisk {bare:.0f} kB)"),
        Row("memory of an extension", f"{sum(extension.values()):.0f} kB, desk and browser phone"),
    ]


def _rate(what: str, least: float) -> Callable[[Line], list[Row]]:
    def read(line: Line) -> list[Row]:
        together = line.get("pipelined", line.get("sessions"))
        value = f"{line['value']:,.0f} {line['unit']}"
        if together == 1:
            return [Row(f"{what}, one at a time", value)]
        return [Row(f"{what}, {together} at once", value, f">= {least:,.0f}", line["value"] >= least)]

    return read


_READERS: dict[str, Callable[[Line], list[Row]]] = {
    "calls.generator": _generator,
    "calls.cost": _cost,
    "calls.max_rate": _max_rate,
    "calls.sustained": _sustained,
    "board.latency": _board,
    "publish": _publish,
    "memory": _memory,
    "protocols.ami_actions": _rate("AMI actions on the engine", 10_000),
    "protocols.agi_commands": _rate("AGI commands on the engine", 10_000),
}
