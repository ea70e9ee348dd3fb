"""What the very first start puts into an empty store: an administrator and two extensions to try."""

from dataclasses import dataclass, field

from sqlalchemy import func, select

from signalbox.features.extensions import edit
from signalbox.features.extensions.model import Draft
from signalbox.features.people import rules
from signalbox.features.people.tables import UserRow
from signalbox.features.people.users import NO_SCOPE_YET, create_user
from signalbox.kernel.ids import FIRST_TENANT
from signalbox.kernel.secrets import Secrets
from signalbox.settings import Settings
from signalbox.store.database import Store
from signalbox.store.scope import Scope

ADMINISTRATOR = "admin"
SAMPLES = (Draft(number="100", name="Alice"), Draft(number="101", name="Bob"))


@dataclass(frozen=True, slots=True)
class SampleExtension:
    """An extension with the secret of its phones."""

    number: str
    name: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What must be told once, for it is stored nowhere in clear."""

    username: str
    password: str = field(repr=False)
    extensions: tuple[SampleExtension, ...]


async def first_start(settings: Settings) -> FirstStart | None:
    """Fill an empty, migrated store; ``None`` when it has been used before.

    The administrator comes last: a start that is cut short in the middle is a first start again.
    """
    store = Store.open(settings)
    try:
        async with store.session(NO_SCOPE_YET) as session:
            if await session.scalar(select(func.count(UserRow.id))):
                return None
        extensions = await _samples(store, Secrets.open(settings.paths.secrets))
        password = rules.new_password()
        await create_user(store, ADMINISTRATOR, password)
        return FirstStart(ADMINISTRATOR, password, extensions)
    finally:
        await store.close()


async def _samples(store: Store, secrets: Secrets) -> tuple[SampleExtension, ...]:
    """Make the samples, in place of those of a first start that was cut short."""
    numbers = [draft.number for draft in SAMPLES]
    async with store.change(Scope.only(FIRST_TENANT), "system", "First start: two extensions to try") as change:
        for row in await edit.find(change.session, change.tenant, numbers):
            await change.session.delete(row)
        await change.session.flush()
        created = await edit.create_many(change, secrets.box, SAMPLES)
    return tuple(SampleExtension(each.row.number, each.row.name, each.secret) for each in created)
