"""Change sets: everything that writes configuration is recorded with it, in order, and can be undone."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from signalbox.features.extensions import edit
from signalbox.features.extensions.model import Draft
from signalbox.features.extensions.ranges import check
from signalbox.features.extensions.tables import ExtensionRow
from signalbox.kernel.errors import ConflictError, NotFoundError, StaleError
from signalbox.kernel.secrets import Box
from signalbox.store import Scope, Store
from signalbox.store.changes import version
from signalbox.store.history import differences, undo
from signalbox.store.scope import ScopeError
from signalbox.store.tables import ChangeEntry, ChangeSet
from tests.store.clock import SetClock


async def _create(store: Store, box: Box, scope: Scope, *numbers: str, **fields: Any) -> int:
    async with store.change(scope, "ann", f"Create {numbers}") as change:
        await edit.create_many(change, box, [Draft(number=number, **fields) for number in numbers])
    return change.id


async def _rename(store: Store, scope: Scope, number: str, name: str) -> int:
    async with store.change(scope, "ben", f"Rename {number}") as change:
        await edit.update(change, number, {"name": name})
    return change.id


async def _delete(store: Store, scope: Scope, number: str) -> int:
    async with store.change(scope, "ben", f"Delete {number}") as change:
        await edit.delete(change, number)
    return change.id


async def _undo(store: Store, scope: Scope, change_id: int) -> int:
    async with store.change(scope, "cat", "Undo") as change:
        await undo(change, change_id, [check])
    return change.id


async def _rows(store: Store, scope: Scope) -> dict[str, ExtensionRow]:
    async with store.session(scope) as session:
        return {row.number: row for row in await session.scalars(select(ExtensionRow))}


async def _entries(store: Store, scope: Scope, change_id: int) -> list[ChangeEntry]:
    async with store.session(scope) as session:
        found = select(ChangeEntry).where(ChangeEntry.change_id == change_id).order_by(ChangeEntry.id)
        return list(await session.scalars(found))


async def test_a_change_set_tells_who_changed_what_and_when(
    store: Store, box: Box, first: Scope, clock: SetClock
) -> None:
    await _create(store, box, first, "100", name="Ann")
    clock.pass_time(minutes=1)
    change_id = await _rename(store, first, "100", "Bea")
    async with store.session(first) as session:
        change = await session.get(ChangeSet, change_id)
        assert change is not None
        assert (change.author, change.title, change.at, change.size) == ("ben", "Rename 100", clock.at, 1)
        assert await version(session) == change_id
    (entry,) = await _entries(store, first, change_id)
    assert (entry.label, list(differences(entry))) == ("extension 100", [("name", "Ann", "Bea")])
    row = (await _rows(store, first))["100"]
    assert (row.revision, row.updated_at, row.created_at < row.updated_at) == (2, clock.at, True)


async def test_several_flushes_are_one_entry_with_the_first_and_the_last_state(
    store: Store, box: Box, first: Scope
) -> None:
    await _create(store, box, first, "100", name="Ann")
    async with store.change(first, "ann", "twice") as change:
        await edit.update(change, "100", {"name": "between"})
        await edit.update(change, "100", {"name": "Zoe"})
        created = await edit.create(change, box, Draft(number="101"))
        await change.session.delete(created.row)
        await change.session.flush()
    (entry,) = await _entries(store, first, change.id)
    assert list(differences(entry)) == [("name", "Ann", "Zoe")]


async def test_a_change_that_alters_nothing_is_not_recorded(store: Store, box: Box, first: Scope) -> None:
    newest = await _create(store, box, first, "100", name="Ann")
    assert await _rename(store, first, "100", "Ann") == 0
    async with store.session(first) as session:
        assert await version(session) == newest


async def _create_and_fail(store: Store, box: Box, scope: Scope) -> None:
    async with store.change(scope, "ann", "fails") as change:
        await edit.create(change, box, Draft(number="100"))
        raise RuntimeError("in the middle")


async def test_an_exception_leaves_everything_as_it_was(store: Store, box: Box, first: Scope) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        await _create_and_fail(store, box, first)
    assert await _rows(store, first) == {}
    async with store.session(first) as session:
        assert await version(session) == 0


async def test_configuration_is_written_inside_a_change_set_only(store: Store, box: Box, first: Scope) -> None:
    await _create(store, box, first, "100")
    with pytest.raises(ScopeError):
        async with store.session(first, write=True) as session:
            (await edit.get(session, first.home, "100")).name = "quietly"
    for statement in (update(ExtensionRow).values(name="quietly"), delete(ExtensionRow)):
        with pytest.raises(ScopeError):
            async with store.change(Scope.everything("test"), "ann", "by statement") as change:
                await change.session.execute(statement)


async def test_secrets_are_in_a_change_set_only_sealed_and_are_not_shown(store: Store, box: Box, first: Scope) -> None:
    async with store.change(first, "ann", "one") as change:
        created = await edit.create(change, box, Draft(number="100"))
    async with store.change(first, "ann", "new secret") as again:
        renewed = await edit.replace_secret(again, box, "100")
    assert renewed.secret != created.secret
    (entry,) = await _entries(store, first, again.id)
    assert list(differences(entry)) == [("phone_secret", "***", "***")]
    text = json.dumps([entry.before, entry.after])
    assert created.secret not in text
    assert renewed.secret not in text


async def test_ten_writers_at_once_make_ten_versions_in_the_order_of_their_commits(
    store: Store, box: Box, first: Scope
) -> None:
    seen: list[int] = []

    async def write(index: int) -> None:
        for step in range(5):
            async with store.change(first, f"writer {index}", "one") as change:
                await edit.create(change, box, Draft(number=str(1000 + index * 10 + step)))
            seen.append(change.id)

    async with asyncio.TaskGroup() as group:
        for index in range(10):
            group.create_task(write(index))
    assert len(await _rows(store, first)) == len(set(seen)) == 50
    async with store.session(first) as session:
        counted = select(ChangeEntry.change_id, func.count()).group_by(ChangeEntry.change_id)
        assert {tuple(row) for row in await session.execute(counted)} == {(change_id, 1) for change_id in seen}


async def test_a_reader_never_sees_a_version_before_one_with_a_smaller_number(
    store: Store, box: Box, first: Scope
) -> None:
    slow_began, fast_asked = asyncio.Event(), asyncio.Event()

    async def slow() -> int:
        async with store.change(first, "slow", "slow") as change:
            await edit.create(change, box, Draft(number="100"))
            slow_began.set()
            await fast_asked.wait()
        return change.id

    async def fast() -> int:
        await slow_began.wait()
        fast_asked.set()
        return await _create(store, box, first, "101")

    slow_id, fast_id = await asyncio.gather(slow(), fast())
    assert slow_id < fast_id


async def test_the_later_of_two_changes_of_one_row_is_refused(store: Store, box: Box, first: Scope) -> None:
    await _create(store, box, first, "100")
    async with store.session(first) as session:
        read = (await edit.get(session, first.home, "100")).revision
    await _rename(store, first, "100", "Bea")
    with pytest.raises(StaleError):
        async with store.change(first, "cat", "late") as change:
            await edit.update(change, "100", {"name": "Cat"}, revision=read)
    assert (await _rows(store, first))["100"].name == "Bea"


async def test_undo_puts_back_what_was_changed_created_and_deleted(
    store: Store, box: Box, first: Scope, clock: SetClock
) -> None:
    await _create(store, box, first, "100", name="Ann")
    before = (await _rows(store, first))["100"]
    clock.pass_time(hours=1)
    renamed = await _rename(store, first, "100", "Bea")
    await _undo(store, first, renamed)
    assert (await _rows(store, first))["100"].value().name == "Ann"
    made = await _create(store, box, first, "101", "102")
    await _undo(store, first, made)
    assert set(await _rows(store, first)) == {"100"}
    gone = await _delete(store, first, "100")
    assert await _rows(store, first) == {}
    await _undo(store, first, gone)
    back = (await _rows(store, first))["100"]
    assert (back.id, back.phone_secret, back.created_at) == (before.id, before.phone_secret, before.created_at)
    assert back.revision > before.revision + 1


async def test_an_undo_is_a_change_set_and_can_be_undone(store: Store, box: Box, first: Scope) -> None:
    made = await _create(store, box, first, "100", name="Ann")
    undone = await _undo(store, first, made)
    async with store.session(first) as session:
        change = await session.get(ChangeSet, undone)
        assert change is not None
        assert change.undoes == made
    await _undo(store, first, undone)
    assert set(await _rows(store, first)) == {"100"}


async def test_undo_is_refused_when_a_later_change_touched_the_same_row(store: Store, box: Box, first: Scope) -> None:
    made = await _create(store, box, first, "100", "101")
    later = await _rename(store, first, "101", "Bea")
    with pytest.raises(ConflictError, match=f"Change {later} touched extension 101"):
        await _undo(store, first, made)
    assert set(await _rows(store, first)) == {"100", "101"}


async def test_undo_is_refused_when_the_number_was_taken_since(store: Store, box: Box, first: Scope) -> None:
    await _create(store, box, first, "100", name="Ann")
    gone = await _delete(store, first, "100")
    await _create(store, box, first, "100", name="Bea")
    with pytest.raises(ConflictError):
        await _undo(store, first, gone)
    assert (await _rows(store, first))["100"].name == "Bea"


async def test_undo_of_what_another_tenant_did_finds_nothing(
    store: Store, box: Box, first: Scope, other: Scope
) -> None:
    made = await _create(store, box, first, "100")
    with pytest.raises(NotFoundError):
        await _undo(store, other, made)
    assert set(await _rows(store, first)) == {"100"}


async def test_undo_never_does_half_of_a_change_that_reaches_beyond_the_scope(
    store: Store, box: Box, first: Scope, other: Scope
) -> None:
    both = Scope(first.tenants | other.tenants, first.home)
    async with store.change(both, "ann", "in two tenants") as change:
        await edit.create(change, box, Draft(number="100"))
        theirs = await edit.create(change, box, Draft(number="101"))
        theirs.row.tenant = first.home
        twin = ExtensionRow(**{key: getattr(theirs.row, key) for key in _plain_columns()}, tenant=other.home)
        change.session.add(twin)
    with pytest.raises(ConflictError, match="beyond"):
        await _undo(store, first, change.id)
    assert set(await _rows(store, first)) == {"100", "101"}


def _plain_columns() -> list[str]:
    ours = {"id", "tenant", "revision", "created_at", "updated_at"}
    return [column.key for column in ExtensionRow.__table__.columns if column.key not in ours]
