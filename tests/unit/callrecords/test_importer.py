"""The importer on a real store: each record exactly once, wherever the worker is killed and whatever the store does."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select, text

from signalbox.engine.cel import FIELDS
from signalbox.engine.eventlog import LoggedEvent, rotate
from signalbox.features.callrecords.jobs import Importer
from signalbox.features.callrecords.tables import CallRecordRow, CallStepsRow, OpenCallRow
from signalbox.settings import Paths, Settings
from signalbox.store.database import Store
from signalbox.store.errors import StoreError
from signalbox.store.migrate import upgrade
from signalbox.store.scope import Scope

EVERYTHING = Scope.everything("a test looks at all")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    settings = Settings(data=str(tmp_path))
    await upgrade(settings)
    settings.paths.events.mkdir()
    store = Store.open(settings)
    yield store
    await store.close()


def _written(event: LoggedEvent) -> bytes:
    values = {**msgspec.to_builtins(event), "eventtime": f"{event.eventtime:.6f}"}
    return (",".join('"' + str(values[field]).replace('"', '""') + '"' for field in FIELDS) + "\n").encode()


def a_call(number: int, name: str = "Ann") -> list[bytes]:
    """One answered call of two seconds."""
    a, b = f"n1-{number}.1", f"n1-{number}.2"

    def event(kind: str, at: float, channel: str, **more: Any) -> bytes:
        channame = "PJSIP/100-00000001" if channel == a else "PJSIP/101-00000002"
        fields: dict[str, Any] = {
            "eventtype": kind,
            "eventtime": number + at,
            "uniqueid": channel,
            "linkedid": a,
            "channame": channame,
        }
        return _written(LoggedEvent(**fields, tenantid="1", **more))

    return [
        event("CHAN_START", 0.0, a, exten="101", cidnum="100", cidname=name),
        event("CHAN_START", 0.1, b),
        event("ANSWER", 1.0, b, cidnum="101"),
        event("ANSWER", 1.0, a),
        event("HANGUP", 2.0, b, extra='{"hangupcause":16}'),
        event("CHAN_END", 2.0, b),
        event("HANGUP", 2.0, a, extra='{"hangupcause":16,"dialstatus":"ANSWER"}'),
        event("CHAN_END", 2.0, a),
    ]


async def _drain(importer: Importer) -> None:
    while await importer.step():
        pass


async def _call_ids(store: Store) -> list[str]:
    async with store.session(EVERYTHING) as session:
        return list(await session.scalars(select(CallRecordRow.call_id).order_by(CallRecordRow.id)))


async def test_a_worker_killed_between_any_two_events_neither_loses_nor_doubles(store: Store, tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    written = [line for pair in zip(a_call(1000), a_call(2000, 'A "b"\n,c'), strict=True) for line in pair]
    for line in written:
        with paths.event_log.open("ab") as log:
            log.write(line)
        await _drain(Importer(store, paths))  # each time a new worker
    assert await _call_ids(store) == ["n1-1000.1", "n1-2000.1"]
    async with store.session(EVERYTHING) as session:
        record = await session.scalar(select(CallRecordRow).where(CallRecordRow.call_id == "n1-2000.1"))
        assert record is not None
        assert (record.from_name, record.disposition, record.tenant) == ('A "b"\n,c', "answered", 1)
        assert await session.scalar(select(func.count()).select_from(OpenCallRow)) == 0


async def test_a_failed_commit_is_tried_again_from_what_is_stored(store: Store, tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    call = a_call(1000)
    paths.event_log.write_bytes(b"".join(call[:3]))
    importer = Importer(store, paths)
    await _drain(importer)
    with paths.event_log.open("ab") as log:
        log.write(b"".join(call[3:]))
    async with store.session(EVERYTHING, write=True) as session:
        await session.execute(text("ALTER TABLE open_calls RENAME TO hidden"))
    with pytest.raises(StoreError):
        await importer.step()
    assert await _call_ids(store) == []
    async with store.session(EVERYTHING, write=True) as session:
        await session.execute(text("ALTER TABLE hidden RENAME TO open_calls"))
    await _drain(importer)
    assert await _call_ids(store) == ["n1-1000.1"]


async def test_import_goes_on_over_rotation_and_a_bad_line(store: Store, tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    importer = Importer(store, paths)
    paths.event_log.write_bytes(b"".join(a_call(1000)[:4]))
    await _drain(importer)
    with paths.event_log.open("ab") as log:
        log.write(b"".join(a_call(1000)[4:]))
    rotate(paths.event_log, 1)
    paths.event_log.write_bytes(b'"TORN","\n' + b"".join(a_call(2000)))
    await _drain(importer)
    assert await _call_ids(store) == ["n1-1000.1", "n1-2000.1"]


async def test_the_journal_s_steps_are_kept_with_their_call(store: Store, tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    line = b'{"call_id":"n1-1000.1","started_ms":5,"steps":[{"at_ms":5,"verb":"decide","text":"x","rule":"r"}]}\n'
    paths.steps_log.write_bytes(line + b"{broken\n" + line)
    await _drain(Importer(store, paths))
    async with store.session(EVERYTHING) as session:
        journals = list(await session.scalars(select(CallStepsRow.journal)))
    assert [journal.encode() + b"\n" for journal in journals] == [line, line]
