"""The sample site in the store: made, taken up again, removed; nobody else's extensions are touched."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from signalbox.features.demo.site import Site, alone
from signalbox.features.extensions import edit
from signalbox.features.extensions.model import Draft
from signalbox.features.extensions.tables import ExtensionRow
from signalbox.kernel.ids import FIRST_TENANT
from signalbox.kernel.link import LinkClient
from signalbox.kernel.operator import OperatorError
from signalbox.kernel.secrets import Box, Secrets
from signalbox.settings import Settings
from signalbox.store import migrate
from signalbox.store.database import Store
from signalbox.store.scope import Scope
from signalbox.store.tables import ChangeSet

OURS = Scope.only(FIRST_TENANT)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    settings = Settings(data=str(tmp_path))
    await migrate.upgrade(settings)
    opened = Store.open(settings)
    yield opened
    await opened.close()


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Secrets.open(tmp_path / "secrets").box


@pytest.fixture
def site(store: Store, box: Box, tmp_path: Path) -> Site:
    return Site(store, box, LinkClient(tmp_path / "none.sock"), tmp_path / "demo.json")


async def numbers(store: Store) -> list[str]:
    async with store.session(OURS) as session:
        return list(await session.scalars(select(ExtensionRow.number).order_by(ExtensionRow.number)))


async def make_own(store: Store, box: Box, *own: str) -> None:
    async with store.change(OURS, "admin", "Own extensions") as change:
        await edit.create_many(change, box, [Draft(number=number, name="Own") for number in own])


async def test_only_what_was_made_is_removed(site: Site, store: Store, box: Box) -> None:
    await make_own(store, box, "100", "202")
    people = await site.make(3, "127.0.0.1")
    assert [person.number for person in people] == ["201", "203", "204"]
    assert await site.remove() == 3
    assert await numbers(store) == ["100", "202"]
    async with store.session(OURS) as session:
        titles = list(await session.scalars(select(ChangeSet.title).where(ChangeSet.author == "demo")))
    assert titles == ["Demo: 3 sample extensions", "Demo: sample extensions removed"]


async def test_sample_phones_are_accepted_from_this_machine_only(site: Site, store: Store) -> None:
    await site.make(2, "127.0.0.1")
    async with store.session(OURS) as session:
        rows = (await session.scalars(select(ExtensionRow))).all()
    assert [row.permit_ip for row in rows] == [["127.0.0.1"]] * 2


async def test_a_killed_demo_is_taken_up_again_with_its_secrets(site: Site) -> None:
    made = await site.make(2, "127.0.0.1")
    assert await site.left_over() == made
    await site.remove()
    assert await site.left_over() == []


async def test_what_was_edited_meanwhile_goes_too_and_what_was_deleted_is_not_missed(site: Site, store: Store) -> None:
    await site.make(3, "127.0.0.1")
    async with store.change(OURS, "admin", "Edit") as change:
        await edit.update(change, "201", {"name": "Someone"})
        await edit.delete(change, "202")
    assert await site.remove() == 2
    assert await numbers(store) == []


async def test_a_new_extension_with_a_used_key_is_not_ours(site: Site, store: Store, box: Box) -> None:
    await site.make(2, "127.0.0.1")
    async with store.change(OURS, "admin", "Delete both") as change:
        await edit.delete(change, "201")
        await edit.delete(change, "202")
    await make_own(store, box, "500", "501")  # SQLite gives the freed keys again
    assert await site.remove() == 0
    assert await numbers(store) == ["500", "501"]


async def test_too_few_free_numbers_change_nothing(site: Site, store: Store, box: Box) -> None:
    own = [str(number) for number in range(100, 899)]
    await make_own(store, box, *own)
    with pytest.raises(OperatorError, match="Only 1 of 2"):
        await site.make(2, "127.0.0.1")
    assert await numbers(store) == own


async def test_a_spoilt_note_is_none(site: Site, tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text('{"change": [')
    assert await site.left_over() == []


def test_two_demos_do_not_run_at_once(tmp_path: Path) -> None:
    with alone(tmp_path / "note"), pytest.raises(OperatorError, match="already running"), alone(tmp_path / "note"):
        pass
