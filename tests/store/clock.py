"""A clock that the test sets."""

from datetime import UTC, datetime, timedelta


class SetClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def pass_time(self, **by: float) -> None:
        self.at += timedelta(**by)
