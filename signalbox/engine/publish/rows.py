"""Compare one unit with the rows that are stored, write what differs, and note what Asterisk must be told of it."""

import secrets
import sqlite3
from collections.abc import Mapping

from signalbox.engine.publish import schema
from signalbox.engine.publish.model import PublishError, SipKind, SipObject, Unit

NEW = "new"
"""Pending: the endpoint has no device state yet."""

KICK = "kick"
"""Pending: contacts that registered with a secret that is no longer valid must go."""


def write_objects(database: sqlite3.Connection, name: str, unit: Unit | None) -> None:
    """Bring the PJSIP rows of unit ``name`` up to date."""
    wanted = {each.id for each in unit.objects} if unit else set()
    owned = {each for (each,) in database.execute("SELECT id FROM owners WHERE unit = ?", (name,))}
    for gone in sorted(owned - wanted):
        _lock_out(database, gone)
    for each in unit.objects if unit else ():
        _write_object(database, each)
    database.executemany("INSERT OR REPLACE INTO owners VALUES (?, ?)", [(each, name) for each in sorted(wanted)])


def _lock_out(database: sqlite3.Connection, object_id: str) -> None:
    """Leave the rows, with a secret that nobody knows: the phone is refused while its contacts are removed."""
    digest = f"MD5:{secrets.token_hex(16)}"
    auth, endpoint = schema.TABLES[SipKind.AUTH], schema.TABLES[SipKind.ENDPOINT]
    rules = schema.COLUMNS[SipKind.ENDPOINT]
    database.execute(f"UPDATE {auth} SET password_digest = ? WHERE id = ?", (digest, object_id))  # noqa: S608
    database.execute(
        f"UPDATE {endpoint} SET deny = ?, permit = ? WHERE id = ?",  # noqa: S608  constants
        (rules["deny"], rules["permit"], object_id),
    )
    database.execute("DELETE FROM owners WHERE id = ?", (object_id,))
    _note(database, object_id, *SipKind, KICK)


def _write_object(database: sqlite3.Connection, wanted: SipObject) -> None:
    row = _complete(wanted)
    stored = _stored(database, wanted)
    if stored == row:
        return
    names = ", ".join(f'"{column}"' for column in row)
    marks = ", ".join("?" * len(row))
    statement = f"INSERT OR REPLACE INTO {schema.TABLES[wanted.kind]} ({names}) VALUES ({marks})"  # noqa: S608
    database.execute(statement, list(row.values()))
    _note(database, wanted.id, wanted.kind)
    if stored is None and wanted.kind is SipKind.ENDPOINT:
        _note(database, wanted.id, NEW)
    if stored is not None and wanted.kind is SipKind.AUTH:
        _note(database, wanted.id, KICK)


def _complete(wanted: SipObject) -> dict[str, str]:
    columns = schema.COLUMNS[wanted.kind]
    if unknown := set(wanted.values) - set(columns):
        raise PublishError(f"{wanted.kind} {wanted.id}: there are no columns {sorted(unknown)}")
    row = {"id": wanted.id, **columns, **wanted.values}
    if empty := [column for column, value in row.items() if not value]:
        raise PublishError(f"{wanted.kind} {wanted.id}: empty values in {empty}; Asterisk would drop the object")
    return row


def _stored(database: sqlite3.Connection, wanted: SipObject) -> Mapping[str, str] | None:
    names = ["id", *schema.COLUMNS[wanted.kind]]
    columns = ", ".join(f'"{name}"' for name in names)
    query = f"SELECT {columns} FROM {schema.TABLES[wanted.kind]} WHERE id = ?"  # noqa: S608  constants
    row = database.execute(query, (wanted.id,)).fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def _note(database: sqlite3.Connection, object_id: str, *marks: str) -> None:
    database.executemany("INSERT OR IGNORE INTO pending VALUES (?, ?)", [(object_id, str(mark)) for mark in marks])


def write_routes(database: sqlite3.Connection, name: str, unit: Unit | None) -> None:
    """Bring the numbers of unit ``name`` up to date."""
    routes = {(each.tenant, each.number): each for each in unit.routes} if unit else {}
    owned = set(database.execute("SELECT tenant, number FROM owners WHERE unit = ?", (name,)))
    gone = sorted(owned - set(routes))
    database.executemany("DELETE FROM numbers WHERE tenant = ? AND number = ?", gone)
    database.executemany("DELETE FROM owners WHERE tenant = ? AND number = ?", gone)
    rows = [(each.tenant, each.number, each.kind, each.value) for each in routes.values()]
    database.executemany("INSERT OR REPLACE INTO numbers VALUES (?, ?, ?, ?)", rows)
    database.executemany("INSERT OR REPLACE INTO owners VALUES (?, ?, ?)", [(*key, name) for key in routes])


def known_units(database: sqlite3.Connection) -> set[str]:
    """Name every unit that has rows in the file."""
    return {unit for (unit,) in database.execute("SELECT DISTINCT unit FROM owners")}
