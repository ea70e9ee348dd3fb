"""CPU seconds and memory of processes, as the kernel counts them."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """User and system seconds that ``pid`` has used, all threads, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def pss_mb(pid: int) -> float:
    """Proportional memory of ``pid`` in MB; needs to be its owner or root."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


@dataclass(frozen=True)
class Used:
    """CPU seconds by process name between two readings."""

    by_process: dict[str, float]

    def per_call_ms(self, calls: int) -> dict[str, float]:
        return {name: round(seconds * 1000 / max(calls, 1), 3) for name, seconds in self.by_process.items()}


class CpuMeter:
    """Read the CPU of named processes now and later."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._pids = pids
        self._start = {name: cpu_s(pid) for name, pid in pids.items()}

    def used(self) -> Used:
        return Used({name: cpu_s(pid) - self._start[name] for name, pid in self._pids.items()})
