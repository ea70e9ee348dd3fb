"""What the engine tests share: one installed Asterisk, one running instance of it, quiet between tests."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from signalbox.engine import dialplan
from signalbox.engine.dialplan import Lifeline
from signalbox.engine.install import Installation, install
from signalbox.engine.publish.model import Route
from signalbox.features.testcalls.model import TEST_NUMBERS
from signalbox.kernel.ids import TenantId
from tests.engine.asterisk import Asterisk, Extension, publish, settings_in
from tests.engine.baresip import Baresip
from tests.engine.phones import Phone
from tests.engine.scripts import Scripts
from tests.scenarios.model import TRUNKS

ROOT = Path(os.environ.get("SIGNALBOX__ENGINE__ROOT") or Path(__file__).parent.parent.parent / ".cache/engine")
SECOND = TenantId(7)
LIFELINE = Lifeline(trunks=TRUNKS, dids={"+15550100": "101"}, emergency=("112", "911"))
SITE = {
    each.id: each
    for each in (
        Extension("100", "Anna"),
        Extension("101", "Ben"),
        Extension("102", "Carla"),
        Extension("103", "Dov"),
        Extension("104", "Eva", web=True),
        Extension("110", "Wide", endpoint={"allow": "g722"}),
        Extension("111", "Safe", endpoint={"media_encryption": "sdes"}),
        Extension("113", "", endpoint={"trust_id_inbound": "yes"}),
        Extension("114", "New Digest", algorithms=("SHA-256", "MD5")),
        # Carriers, played by phones that register: what matters is the context their calls come in by.
        *(Extension(name, "", endpoint={"context": dialplan.outside_context(TenantId(1))}) for name in TRUNKS),
        Extension("100", "Anna of Seven", tenant=SECOND),
        Extension("101", "Ben of Seven", tenant=SECOND),
    )
}


@pytest.fixture(scope="session")
def installation() -> Installation:
    """An Asterisk, fetched once for all runs."""
    return install(ROOT, print)


@pytest.fixture(scope="session")
def running(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """One Asterisk for the whole session, with ``SITE`` and the test numbers published."""
    settings = settings_in(tmp_path_factory.mktemp("engine"))
    asterisk = Asterisk(settings, installation, (TenantId(1), SECOND), {TenantId(1): LIFELINE})
    asterisk.configure()
    routes = [Route(1, each.number, each.kind, b"{}") for each in TEST_NUMBERS]
    publish(settings, SITE.values(), routes)
    try:
        asterisk.start()
        yield asterisk
    finally:
        asterisk.stop()


@pytest.fixture
async def asterisk(running: Asterisk) -> AsyncIterator[Asterisk]:
    """The session's Asterisk without calls and registrations of other tests."""
    yield running
    await running.quiet()
    await running.ask("database deltree registrar")


@pytest.fixture
async def scripts(asterisk: Asterisk) -> AsyncIterator[Scripts]:
    """Call scripts in this process."""
    async with Scripts(asterisk.settings) as scripts:
        yield scripts


class Desk:
    """Make test phones; all are closed at the end of the test."""

    def __init__(self, asterisk: Asterisk) -> None:
        self._asterisk = asterisk
        self._phones: list[Phone] = []

    async def phone(self, user: str, *, register: bool = True, password: str | None = None, **options: Any) -> Phone:
        """Open a phone of the extension with the endpoint id ``user`` and register it."""
        owner = SITE.get(user.removesuffix("-web"))
        secret = owner.password if password is None and owner else password or ""
        phone = Phone(self._asterisk.place, user, secret, **options)
        await phone.__aenter__()
        self._phones.append(phone)
        if register:
            response = await phone.register()
            assert response.status == 200, response.start
        return phone

    async def close(self) -> None:
        for phone in self._phones:
            await phone.__aexit__()


@pytest.fixture
async def desk(asterisk: Asterisk) -> AsyncIterator[Desk]:
    desk = Desk(asterisk)
    yield desk
    await desk.close()


@pytest.fixture
def baresip(tmp_path: Path) -> Iterator[Baresip]:
    phone = Baresip(tmp_path / "baresip")
    yield phone
    phone.stop()
