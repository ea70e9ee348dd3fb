"""Stores to test on: SQLite and PostgreSQL, migrated, each test with a database of its own."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from signalbox.kernel.ids import FIRST_TENANT, TenantId
from signalbox.kernel.secrets import Box, Secrets
from signalbox.settings import Settings
from signalbox.settings import Store as StoreSettings
from signalbox.store import Scope, Store
from signalbox.store.migrate import upgrade
from signalbox.store.tenants import add_tenant
from tests.store.clock import SetClock
from tests.store.postgres import running_server, url_of

_serial = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[Path]:
    with running_server() as folder:
        yield folder


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings that name an empty database."""
    if request.param == "sqlite":
        return Settings(data=str(tmp_path))
    folder: Path = request.getfixturevalue("server")
    name = f"test_{next(_serial)}"
    connection = await asyncpg.connect(host=str(folder), user="postgres", database="postgres")
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return Settings(data=str(tmp_path), store=StoreSettings(url=url_of(folder, name)))


@pytest.fixture
async def settings(empty: Settings) -> Settings:
    """Settings of a migrated database."""
    await upgrade(empty)
    return empty


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def store(settings: Settings, clock: SetClock) -> AsyncIterator[Store]:
    opened = Store.open(settings, clock)
    yield opened
    await opened.close()


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Secrets.open(tmp_path / "secrets").box


@pytest.fixture
def first() -> Scope:
    return Scope.only(FIRST_TENANT)


@pytest.fixture
async def other(store: Store) -> Scope:
    """The scope of a second tenant, a site below the first."""
    async with store.session(Scope.everything("test"), write=True) as session:
        return Scope.only(await add_tenant(session, TenantId(1), "site", "Other"))
