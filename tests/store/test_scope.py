"""The tenant filter: one place, every kind of statement, and no way around it by accident."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, exists, func, insert, literal_column, select, text, update
from sqlalchemy.orm import aliased

from signalbox.features.extensions import edit
from signalbox.features.extensions.model import Draft
from signalbox.features.extensions.tables import ExtensionRow
from signalbox.features.people.tables import UserRow
from signalbox.kernel.secrets import Box
from signalbox.store import Scope, Store
from signalbox.store.scope import ScopeError
from signalbox.store.tables import ChangeEntry, ChangeSet, Tenant


async def _one_each(store: Store, box: Box, *scopes: Scope) -> list[int]:
    keys = []
    for scope in scopes:
        async with store.change(scope, "test", "one") as change:
            created = await edit.create(change, box, Draft(number="100", name=f"of {scope.home}"))
        keys.append(created.row.id)
    return keys


E = aliased(ExtensionRow)
READS: dict[str, Callable[[], Any]] = {
    "rows": lambda: select(ExtensionRow),
    "columns": lambda: select(ExtensionRow.name),
    "alias": lambda: select(E.name),
    "join": lambda: (
        select(ChangeSet.title, ExtensionRow.name)
        .join(ChangeEntry, ChangeEntry.change_id == ChangeSet.id)
        .join(ExtensionRow, ChangeEntry.row_key == ExtensionRow.id)
    ),
    "subquery": lambda: select(select(ExtensionRow.name).subquery().c.name),
    "exists": lambda: select(Tenant.name).where(exists().where(ExtensionRow.name == "of 1")),
    "in": lambda: select(Tenant.name).where(Tenant.id.in_(select(ExtensionRow.tenant))),
    "union": lambda: select(ExtensionRow.name).union(select(ExtensionRow.number)),
    "expression": lambda: select(func.upper(ExtensionRow.name)),
}


@pytest.mark.parametrize("statement", READS.values(), ids=READS)
async def test_another_tenants_rows_are_not_read(
    store: Store, box: Box, first: Scope, other: Scope, statement: Callable[[], Any]
) -> None:
    await _one_each(store, box, first)
    async with store.session(other) as session:
        assert (await session.execute(statement())).all() == []
    async with store.session(first) as session:
        assert (await session.execute(statement())).all() != []


async def test_another_tenants_rows_are_not_counted_or_fetched_by_key(
    store: Store, box: Box, first: Scope, other: Scope
) -> None:
    mine, theirs = await _one_each(store, box, first, other)
    async with store.session(other) as session:
        assert await session.scalar(select(func.count()).select_from(ExtensionRow)) == 1
        assert await session.scalar(select(func.max(ExtensionRow.name))) == f"of {other.home}"
        assert await session.get(ExtensionRow, mine) is None
        assert await session.get(ExtensionRow, theirs) is not None
        assert [tenant.id for tenant in await session.scalars(select(Tenant))] == [other.home]


async def test_statements_change_only_rows_of_the_scope(store: Store, first: Scope, other: Scope) -> None:
    for scope in (first, other):
        async with store.session(scope, write=True) as session:
            session.add(_user(f"user{scope.home}", store))
    async with store.session(other, write=True) as session:
        await session.execute(update(UserRow).values(role="none"))
        await session.execute(delete(UserRow).where(UserRow.username == "user1"))
    async with store.session(Scope.everything("test")) as session:
        found = await session.execute(select(UserRow.username, UserRow.role).order_by(UserRow.username))
        assert [tuple(row) for row in found] == [("user1", "administrator"), (f"user{other.home}", "none")]


def _user(name: str, store: Store, **fields: Any) -> UserRow:
    now = store.clock.now()
    return UserRow(
        username=name,
        password_hash="x",
        role="administrator",
        must_change_password=False,
        created_at=now,
        password_at=now,
        **fields,
    )


async def test_rows_cannot_be_put_into_or_moved_to_another_tenant(store: Store, first: Scope, other: Scope) -> None:
    with pytest.raises(ScopeError, match="outside"):
        async with store.session(other, write=True) as session:
            session.add(_user("smuggled", store, tenant=first.home))
    both = Scope(first.tenants | other.tenants, first.home)
    async with store.session(both, write=True) as session:
        session.add(_user("stays", store))
    with pytest.raises(ScopeError, match="never moves"):
        async with store.session(both, write=True) as session:
            (await session.scalars(select(UserRow))).one().tenant = other.home


T = ExtensionRow.__table__
RAW: dict[str, Callable[[], Any]] = {
    "text": lambda: text("SELECT * FROM extensions"),
    "table": lambda: select(T),
    "table column beside a class": lambda: select(Tenant.id).where(Tenant.id.in_(select(T.c.tenant))),
    "joined table": lambda: select(Tenant.id).join(T, Tenant.id == T.c.tenant),
    "text inside": lambda: select(Tenant).from_statement(text("SELECT * FROM tenants")),
    "literal": lambda: select(Tenant.id, literal_column("(SELECT max(name) FROM extensions)")),
    "insert": lambda: insert(UserRow).values(username="x"),
}


@pytest.mark.parametrize("statement", RAW.values(), ids=RAW)
async def test_raw_sql_needs_the_scope_of_everything(store: Store, first: Scope, statement: Callable[[], Any]) -> None:
    with pytest.raises(ScopeError):
        async with store.session(first) as session:
            await session.execute(statement())


async def test_a_raw_connection_needs_the_scope_of_everything(store: Store, first: Scope) -> None:
    with pytest.raises(ScopeError):
        async with store.session(first) as session:
            await session.connection()
    async with store.session(Scope.everything("test")) as session:
        assert await (await session.connection()).scalar(text("SELECT count(*) FROM tenants")) == 1


async def test_everything_needs_a_reason() -> None:
    with pytest.raises(ScopeError):
        Scope.everything("")


async def test_a_reading_session_changes_nothing(store: Store, first: Scope) -> None:
    async with store.session(first) as session:
        session.add(_user("lost", store))
        await session.flush()
    async with store.session(first) as session:
        assert await session.scalar(select(func.count(UserRow.id))) == 0
