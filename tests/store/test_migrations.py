"""Migrations: up and down on both databases, and what they make is what the code expects."""

import asyncio
import sqlite3
import stat

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Table, inspect, select, text

import signalbox.features.callrecords.tables
import signalbox.features.extensions.tables
import signalbox.features.people.tables
import signalbox.web.tables
from signalbox.kernel.ids import FIRST_TENANT
from signalbox.settings import Settings
from signalbox.store import Scope, Store
from signalbox.store.database import make_engine
from signalbox.store.errors import StoreCode, StoreError
from signalbox.store.migrate import migrate, upgrade
from signalbox.store.tables import Base, Configured, Kind, Tenant

FEATURES = (signalbox.features.callrecords, signalbox.features.extensions, signalbox.features.people, signalbox.web)
"""Whose tables are compared with the migrations."""


async def _names(settings: Settings) -> set[str]:
    engine = make_engine(settings.store_url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    await engine.dispose()
    return names - {"alembic_version", "sqlite_sequence"}


async def test_down_removes_everything_and_up_makes_it_again(settings: Settings) -> None:
    assert {"tenants", "extensions", "users", "change_sets"} <= await _names(settings)
    await migrate(settings.store_url, "base")
    assert await _names(settings) == set()
    await upgrade(settings)
    assert {"tenants", "extensions", "users", "change_sets"} <= await _names(settings)


async def test_each_step_goes_down_and_up(settings: Settings) -> None:
    for step in ("0003", "0002", "0001", "0002", "0003", "head"):
        await migrate(settings.store_url, step)
    assert "users" in await _names(settings)


async def test_the_tables_are_those_of_the_code(settings: Settings) -> None:
    engine = make_engine(settings.store_url)
    async with engine.connect() as connection:
        found = await connection.run_sync(_differences)
    await engine.dispose()
    assert found == []


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


async def test_the_first_tenant_is_there_from_the_start(store: Store) -> None:
    async with store.session(Scope.everything("test")) as session:
        (tenant,) = await session.scalars(select(Tenant))
    assert (tenant.id, tenant.path) == (FIRST_TENANT, "/1/")


async def test_processes_that_start_together_migrate_once(empty: Settings) -> None:
    await asyncio.gather(*(upgrade(empty) for _ in range(4)))
    assert "tenants" in await _names(empty)


async def test_a_database_of_a_newer_version_is_refused_with_its_cure(settings: Settings) -> None:
    engine = make_engine(settings.store_url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await engine.dispose()
    with pytest.raises(StoreError, match="newer Signalbox") as caught:
        await upgrade(settings)
    assert caught.value.code is StoreCode.NEWER


async def test_the_file_is_readable_by_us_alone_and_in_wal(tmp_path: str) -> None:
    settings = Settings(data=f"{tmp_path}/new")
    await upgrade(settings)
    assert stat.S_IMODE(settings.paths.store_file.stat().st_mode) == 0o600
    with sqlite3.connect(settings.paths.store_file) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def _mapped() -> list[type[Base]]:
    return [mapper.class_ for mapper in Base.registry.mappers]


@pytest.mark.parametrize("table", _mapped(), ids=lambda table: table.__tablename__)
def test_every_table_says_what_kind_it_is(table: type[Base]) -> None:
    assert isinstance(table.kind, Kind)
    assert (table.kind is Kind.CONFIGURATION) == issubclass(table, Configured)


@pytest.mark.parametrize("table", _mapped(), ids=lambda table: table.__tablename__)
def test_nothing_of_the_configuration_goes_by_a_cascade_that_a_change_set_would_miss(table: type[Base]) -> None:
    if table.kind is Kind.CONFIGURATION:
        assert isinstance(table.__table__, Table)
        assert [key.ondelete for key in table.__table__.foreign_keys if key.ondelete] == []
