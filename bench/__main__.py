"""Measure everything, in order, and show it in one table: ``make bench``. Takes about a quarter of an hour.

Every part is a program of its own and runs alone, so that none disturbs another and one that fails costs its own
figures only. The table is also kept in ``test-results/bench.md``, the lines behind it in ``test-results/bench.jsonl``.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bench.platform import environment
from bench.table import Line, markdown, rows

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "test-results"
DOCUMENT = ROOT / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
PART_WITHIN_S = 600

PARTS: dict[str, tuple[str, ...]] = {
    "calls": ("bench.calls", "--search"),
    "sustained": ("bench.sustained",),
    "board": ("bench.board",),
    "publish": ("bench.publish",),
    "protocols": ("bench.protocols",),
    "memory": ("bench.memory",),
}


def run(name: str, number: int, of: int) -> tuple[list[Line], str]:
    """Run one part; gives its lines, and what is to be said of a failure."""
    print(f"[{number}/{of}] {name} ...", flush=True)
    began = time.monotonic()
    command = [sys.executable, "-m", *PARTS[name]]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as part:
        try:
            output, errors = part.communicate(timeout=PART_WITHIN_S)
        except subprocess.TimeoutExpired:
            part.send_signal(signal.SIGINT)  # it ends what it started
            output, errors = part.communicate()
    failure = errors.strip()[-500:] or "ended badly" if part.returncode else ""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith('{"bench"')]
    for line in lines:
        for row in rows([line]):
            print(f"      {row.figure}: {row.value}", flush=True)
    if failure:
        print(f"      failed: {failure}", flush=True)
    print(f"      {time.monotonic() - began:.0f} s", flush=True)
    return lines, failure and f"{name}: {failure.splitlines()[-1]}"


def conditions(began: dict[str, str]) -> str:
    """Say when and where the figures were measured."""
    load = f"{began['load']} at the start, {os.getloadavg()[0]:.1f} at the end"
    return (
        f"{began['at']}; {began['cores']} cores ({began['cpu']}), kernel {began['kernel']}, Python {began['python']}; "
        f"load of the machine {load}.\n"
    )


def write(text: str, *, document: bool) -> None:
    """Keep the table, and on request put it into the documentation."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "bench.md").write_text(text)
    if document:
        page = DOCUMENT.read_text()
        head, tail = page.partition(BEGIN)[0], page.partition(END)[2]
        DOCUMENT.write_text(f"{head}{BEGIN}\n\n{text}\n{END}{tail}")


def main() -> int:
    """Run the parts asked for, all of them by default; 1 when one failed. A missed target is no failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which to run; all of them by default")
    parser.add_argument("--document", action="store_true", help="put the table into docs/reference/performance.md")
    chosen = parser.parse_args()
    began = environment()
    lines: list[Line] = []
    failures: list[str] = []
    names = chosen.parts or list(PARTS)
    for number, name in enumerate(names, 1):
        found, failure = run(name, number, len(names))
        lines += found
        failures += [failure] if failure else []
    text = conditions(began) + "\n" + markdown(rows(lines)) + "".join(f"\nNot measured: {each}\n" for each in failures)
    write(text, document=chosen.document)
    print("\n" + text)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
