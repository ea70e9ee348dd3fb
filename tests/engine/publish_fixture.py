"""A real Asterisk with a real store behind it: extensions are made and changed as the API does it, then published."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import structs

from signalbox.engine.ami.codec import AmiMessage
from signalbox.engine.ami.link import AmiLink
from signalbox.engine.configure.control import USER
from signalbox.engine.errors import EngineRejectedError
from signalbox.engine.install import Installation
from signalbox.engine.publish import Publisher
from signalbox.features.extensions import edit
from signalbox.features.extensions.model import Draft
from signalbox.features.publish import StoreSource
from signalbox.kernel.ids import FIRST_TENANT
from signalbox.kernel.secrets import Secrets
from signalbox.settings import Settings
from signalbox.store import migrate
from signalbox.store.database import Store
from signalbox.store.scope import Scope
from tests.engine.asterisk import Asterisk, place_of, settings_in
from tests.engine.phones import Phone

SCOPE = Scope.only(FIRST_TENANT)


@dataclass
class Site:
    """One installation under test; ``events`` are the AMI events seen so far."""

    settings: Settings
    store: Store
    secrets: Secrets
    asterisk: Asterisk
    link: AmiLink
    publisher: Publisher
    events: list[AmiMessage] = field(default_factory=list)

    async def add(self, *drafts: Draft) -> dict[str, str]:
        """Create extensions; gives the secret by number."""
        async with self.store.change(SCOPE, "tests", "add") as change:
            created = await edit.create_many(change, self.secrets.box, drafts)
        return {each.row.number: each.secret for each in created}

    async def set(self, number: str, **fields: Any) -> None:
        async with self.store.change(SCOPE, "tests", "set") as change:
            await edit.update(change, number, fields)

    async def new_secret(self, number: str) -> str:
        async with self.store.change(SCOPE, "tests", "secret") as change:
            return (await edit.replace_secret(change, self.secrets.box, number)).secret

    async def web_secret(self, number: str) -> str:
        """What the API hands to the browser's own phone."""
        async with self.store.session(SCOPE) as session:
            row = await edit.get(session, FIRST_TENANT, number)
            return self.secrets.box.open(row.web_secret)

    async def remove(self, *numbers: str) -> None:
        async with self.store.change(SCOPE, "tests", "remove") as change:
            for number in numbers:
                await edit.delete(change, number)

    async def state(self, endpoint: str) -> str:
        """Asterisk's device state of an endpoint."""
        for device in await self.link.collect("DeviceStateList"):
            if device.get("Device") == f"PJSIP/{endpoint}":
                return device.get("State")
        return ""

    async def contacts(self, endpoint: str) -> list[str]:
        """The contacts that Asterisk holds for an endpoint's AOR."""
        try:
            listed = await self.link.collect("PJSIPShowContacts")
        except EngineRejectedError:  # none at all
            return []
        return [each.get("Uri") for each in listed if each.get("ObjectName").startswith(f"{endpoint};@")]

    @contextlib.asynccontextmanager
    async def phone(self, user: str, secret: str, **options: Any) -> AsyncIterator[Phone]:
        async with Phone(place_of(self.settings), user, secret, **options) as phone:
            yield phone

    async def registers(self, user: str, secret: str) -> int:
        """The status that a phone of its own gets for a REGISTER."""
        async with self.phone(user, secret) as phone:
            return (await phone.register()).status


@contextlib.contextmanager
def running(installation: Installation, folder: Path, **sip: Any) -> Iterator[Asterisk]:
    """Start Asterisk on an empty store, published; ``sip`` replaces settings of that section."""
    settings = settings_in(folder)
    settings = structs.replace(settings, sip=structs.replace(settings.sip, **sip))
    Secrets.open(settings.paths.secrets)
    asyncio.run(_first_publish(settings))
    asterisk = Asterisk(settings, installation, tenants=(FIRST_TENANT,))
    asterisk.configure()
    try:
        asterisk.start()
        yield asterisk
    finally:
        asterisk.stop()


async def _first_publish(settings: Settings) -> None:
    await migrate.upgrade(settings)
    store = Store.open(settings)
    source = StoreSource(settings, store, Secrets.open(settings.paths.secrets).box)
    await Publisher(settings, source, None).publish()
    await store.close()


@contextlib.asynccontextmanager
async def site(asterisk: Asterisk) -> AsyncIterator[Site]:
    """Open store, link and publisher beside a running Asterisk."""
    settings = asterisk.settings
    secrets = Secrets.open(settings.paths.secrets)
    store = Store.open(settings)
    events: list[AmiMessage] = []
    link = AmiLink("127.0.0.1", settings.engine.ami_port, USER, secrets.text("ami"), events.append)
    publisher = Publisher(settings, StoreSource(settings, store, secrets.box), link)
    try:
        await link.start()
        await link.wait_live(15)
        yield Site(settings, store, secrets, asterisk, link, publisher, events)
    finally:
        await link.stop()
        await store.close()
