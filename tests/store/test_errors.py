"""A database that is away, held, full or damaged names itself and the cure, and nothing is half done."""

import re
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from signalbox.features.extensions import edit
from signalbox.features.extensions.model import Draft
from signalbox.features.extensions.tables import ExtensionRow
from signalbox.kernel.ids import FIRST_TENANT
from signalbox.kernel.secrets import Box
from signalbox.settings import Settings
from signalbox.settings import Store as StoreSettings
from signalbox.store import Scope, Store, database
from signalbox.store.errors import StoreCode, StoreError
from signalbox.store.migrate import upgrade
from signalbox.store.tables import ChangeSet

FIRST = Scope.only(FIRST_TENANT)


async def _error_of(url: str, tmp_path: Path) -> StoreError:
    with pytest.raises(StoreError) as caught:
        await upgrade(Settings(data=str(tmp_path), store=StoreSettings(url=url)))
    assert caught.value.cure in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://signalbox:secret@127.0.0.1:1/signalbox",
        "postgresql+asyncpg://signalbox@/signalbox?host=/nowhere",
        "sqlite+aiosqlite:////proc/nowhere/store.db",
        "nonsense",
        "mysql+aiomysql://localhost/signalbox",
    ],
)
async def test_an_unreachable_database_says_so_and_tells_no_password(url: str, tmp_path: Path) -> None:
    error = await _error_of(url, tmp_path)
    assert error.code is StoreCode.UNREACHABLE
    assert "secret" not in str(error)


@pytest.mark.postgres
async def test_a_database_that_was_not_created_says_so(server: Path, tmp_path: Path) -> None:
    error = await _error_of(f"postgresql+asyncpg://postgres@/missing?host={server}", tmp_path)
    assert error.code is StoreCode.UNREACHABLE


async def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"This is a letter, not a database. " * 100)
    error = await _error_of("", tmp_path)
    assert error.code is StoreCode.CORRUPT


@pytest.fixture
async def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(database, "WAIT_S", 0.1)
    settings = Settings(data=str(tmp_path))
    await upgrade(settings)
    return settings


async def test_a_database_held_by_another_process_says_so_and_readers_go_on(held: Settings, box: Box) -> None:
    store = Store.open(held)
    other = sqlite3.connect(held.paths.store_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError) as caught:
        await _fill(store, box)
    assert caught.value.code is StoreCode.LOCKED
    async with store.session(FIRST) as session:
        assert await session.scalar(select(func.count(ExtensionRow.id))) == 0
    other.close()
    await store.close()


async def test_a_full_disk_says_so_and_leaves_no_half_of_a_change(held: Settings, box: Box) -> None:
    store = Store.open(held)
    async with store.session(Scope.everything("test"), write=True) as session:
        await session.execute(text("PRAGMA max_page_count = 50"))
    with pytest.raises(StoreError) as caught:
        await _fill(store, box)
    assert caught.value.code is StoreCode.FULL
    async with store.session(FIRST) as session:
        assert await session.scalar(select(func.count(ExtensionRow.id))) == 0
        assert await session.scalar(select(func.count(ChangeSet.id))) == 0
    await store.close()


async def _fill(store: Store, box: Box) -> None:
    async with store.change(FIRST, "ann", "too much") as change:
        await edit.create_many(change, box, [Draft(number=str(number)) for number in range(1000, 2000)])


async def test_instants_come_back_aware_and_in_utc(store: Store, box: Box) -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 654321, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    async with store.change(FIRST, "ann", "one") as change:
        created = await edit.create(change, box, Draft(number="100"))
        created.row.created_at = at
    async with store.session(FIRST) as session:
        (row,) = await session.scalars(select(ExtensionRow))
    assert (row.created_at, row.created_at.tzinfo) == (at, UTC)
    with pytest.raises(Exception, match="time zone"):
        async with store.session(FIRST) as session:
            await session.scalars(select(ExtensionRow).where(ExtensionRow.created_at < datetime(2026, 1, 1)))  # noqa: DTZ001


async def test_search_ignores_the_case_of_every_alphabet(store: Store, box: Box) -> None:
    async with store.change(FIRST, "ann", "one") as change:
        await edit.create(change, box, Draft(number="100", name="Jürgen ÖZ"))
    async with store.session(FIRST) as session:
        found = await session.scalars(select(ExtensionRow.number).where(ExtensionRow.name.icontains("öz")))
        assert found.all() == ["100"]


def test_every_code_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "design" / "store.md").read_text()
    assert re.findall(r"^\| `(store_\w+)` \|", page, re.MULTILINE) == [code.value for code in StoreCode]
