"""Which lines the board shows: the published extensions, read from ``routing.db``."""

import sqlite3
from pathlib import Path

import msgspec


class LineSpec(msgspec.Struct, frozen=True):
    """One extension as it was published: whose tile, and which endpoints are its phones."""

    tenant: int
    number: str
    name: str
    endpoints: tuple[str, ...]

    @property
    def key(self) -> str:
        """The line's key on the board."""
        return f"{self.tenant}/{self.number}"


class _Published(msgspec.Struct):
    number: str
    name: str
    endpoints: tuple[str, ...]


_decode = msgspec.json.Decoder(_Published).decode


def published_lines(routing_db: Path) -> tuple[LineSpec, ...]:
    """Read every published extension; none when nothing was ever published."""
    if not routing_db.exists():
        return ()
    connection = sqlite3.connect(f"file:{routing_db}?mode=ro", uri=True, timeout=1.0)
    try:
        rows = connection.execute("SELECT tenant, value FROM numbers WHERE kind = 'extension'").fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return ()
        raise
    finally:
        connection.close()
    return tuple(LineSpec(tenant, each.number, each.name, each.endpoints) for tenant, each in _decoded(rows))


def _decoded(rows: list[tuple[int, bytes]]) -> list[tuple[int, _Published]]:
    return [(tenant, _decode(value)) for tenant, value in rows]
