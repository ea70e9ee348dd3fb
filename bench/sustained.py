"""161 calls a second for a minute, which is a busy hour of 10,000 users: ``python -m bench.sustained``.

Layout P2: nothing is pinned; the whole system and SIPp share the machine. Signalling with ulaw in SDP, no media, every
INVITE challenged. CPU is that of the system's processes, generator not counted.
"""

import argparse
import tempfile
from pathlib import Path

from bench.calls import figures, platform_side
from bench.platform import report

LAYOUT = "P2: system and SIPp share all cores, nothing pinned; signalling only, SDP ulaw; SQLite"
RATE = 161.0


def main() -> None:
    """Warm up, then place calls at the rate asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seconds", type=float, default=60)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sb-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with platform_side(folder, pinned=False) as (_, side):
            side.window(min(chosen.rate, 20), 3)
            window = side.window(chosen.rate, chosen.seconds)
    report("calls.sustained", {"offered_per_s": chosen.rate, "seconds": chosen.seconds, **figures([window])}, LAYOUT)


if __name__ == "__main__":
    main()
