"""From the store to the published files, without Asterisk."""

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from signalbox.calls.routing import Routing
from signalbox.engine.publish import Publisher, PublishError
from signalbox.features.extensions import edit
from signalbox.features.extensions.model import Codec, Draft, DtmfMode, ExtensionRoute
from signalbox.features.publish import StoreSource
from signalbox.kernel.ids import FIRST_TENANT, Number, TenantId
from signalbox.kernel.secrets import Secrets
from signalbox.settings import Settings, Sip
from signalbox.store import migrate
from signalbox.store.database import Store
from signalbox.store.scope import Scope
from signalbox.store.tenants import add_tenant


@dataclass
class Home:
    settings: Settings
    store: Store
    secrets: Secrets

    def publisher(self, sip: Sip | None = None) -> Publisher:
        settings = Settings(data=self.settings.data, sip=sip or self.settings.sip)
        return Publisher(settings, StoreSource(settings, self.store, self.secrets.box), None)

    async def add(self, *drafts: Draft, tenant: TenantId = FIRST_TENANT) -> list[str]:
        async with self.store.change(Scope.only(tenant), "tests", "add") as change:
            return [each.secret for each in await edit.create_many(change, self.secrets.box, drafts)]

    def row(self, kind: str, object_id: str) -> dict[str, str]:
        database = sqlite3.connect(self.settings.paths.engine_db)
        database.row_factory = sqlite3.Row
        found = database.execute(f"SELECT * FROM ps_{kind}s WHERE id = ?", (object_id,)).fetchone()
        database.close()
        return dict(found) if found else {}

    def route(self, number: str, tenant: TenantId = FIRST_TENANT) -> tuple[str, bytes] | None:
        routing = Routing.open(self.settings.paths.routing_db)
        found = routing.find(tenant, Number(number))
        routing.close()
        return (found.kind, found.value) if found else None


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    settings = Settings(data=str(tmp_path))
    await migrate.upgrade(settings)
    store = Store.open(settings)
    yield Home(settings, store, Secrets.open(settings.paths.secrets))
    await store.close()


async def test_an_empty_store_publishes_the_test_numbers(home: Home) -> None:
    assert await home.publisher().publish() == 0
    assert home.route("*43") == ("echo", b"{}")
    assert home.route("100") is None


async def test_an_extension_is_two_endpoints_and_a_route(home: Home) -> None:
    draft = Draft(
        number="100",
        name="Anna",
        codecs=(Codec.GSM, Codec.ALAW),
        srtp=True,
        nat=False,
        dtmf_mode=DtmfMode.INFO,
        register_expiry_s=600,
        max_contacts=3,
        ring_s=17,
    )
    (secret,) = await home.add(draft)
    version = await home.publisher().publish()
    phone, web = home.row("endpoint", "100"), home.row("endpoint", "100-web")
    assert (phone["allow"], phone["media_encryption"], phone["webrtc"]) == ("gsm,alaw", "sdes", "no")
    assert (phone["rewrite_contact"], phone["dtmf_mode"], phone["direct_media"]) == ("no", "info", "no")
    assert (web["allow"], web["webrtc"], web["context"], web["tenantid"]) == ("alaw", "yes", "tenant-1", "1")
    assert home.row("aor", "100")["max_contacts"] == "3"
    assert home.row("aor", "100")["default_expiration"] == "600"
    digest = hashlib.md5(f"100:signalbox:{secret}".encode()).hexdigest()
    assert home.row("auth", "100")["password_digest"] == f"MD5:{digest}"
    assert home.row("auth", "100-web")["password_digest"] != f"MD5:{digest}"
    kind, value = home.route("100") or ("", b"")
    route = msgspec.json.decode(value, type=ExtensionRoute)
    assert (kind, route.endpoints, route.ring_s) == ("extension", ("100", "100-web"), 17)
    routing = Routing.open(home.settings.paths.routing_db)
    assert routing.version == version
    routing.close()


async def test_a_phone_without_a_browser_is_one_endpoint(home: Home) -> None:
    await home.add(Draft(number="100", web_phone=False))
    await home.publisher().publish()
    assert home.row("endpoint", "100")
    assert not home.row("endpoint", "100-web")


async def test_no_secret_is_published_as_text(home: Home) -> None:
    secrets = await home.add(Draft(number="100"), Draft(number="101"))
    await home.publisher().publish()
    for file in (home.settings.paths.engine_db, home.settings.paths.routing_db):
        raw = b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
        assert not [secret for secret in secrets if secret.encode() in raw]


async def test_tenants_with_the_same_numbers_stay_apart(home: Home) -> None:
    async with home.store.session(Scope.everything("a test adds a tenant"), write=True) as session:
        second = await add_tenant(session, FIRST_TENANT, "company", "Second")
    await home.add(Draft(number="100", name="First"))
    await home.add(Draft(number="100", name="Second"), tenant=second)
    await home.publisher().publish()
    assert home.row("endpoint", "100")["context"] == "tenant-1"
    assert home.row("endpoint", f"t{second}-100")["context"] == f"tenant-{second}"
    assert home.row("endpoint", f"t{second}-100")["tenantid"] == str(second)
    first, other = home.route("100"), home.route("100", second)
    assert first is not None
    assert other is not None
    assert (b"First" in first[1], b"Second" in other[1]) == (True, True)
    assert home.route("*43", second) == ("echo", b"{}")


async def test_changes_and_removals_are_published_by_change_set(home: Home) -> None:
    await home.add(Draft(number="100", name="Anna"), Draft(number="101", name="Ben"))
    publisher = home.publisher()
    first = await publisher.publish()
    async with home.store.change(Scope.only(FIRST_TENANT), "tests", "edit") as change:
        await edit.update(change, "100", {"number": "102", "name": "Moved"})
        await edit.delete(change, "101")
    assert await publisher.publish() > first
    assert home.route("100") is None
    assert home.route("101") is None
    assert b"Moved" in (home.route("102") or ("", b""))[1]


async def test_another_realm_publishes_every_secret_anew(home: Home) -> None:
    (secret,) = await home.add(Draft(number="100"))
    await home.publisher().publish()
    await home.publisher(Sip(realm="other", digest_algorithms=("SHA-256", "MD5"))).publish()
    auth = home.row("auth", "100")
    digests = dict(each.split(":") for each in auth["password_digest"].split(","))
    assert digests["MD5"] == hashlib.md5(f"100:other:{secret}".encode()).hexdigest()
    assert digests["SHA-256"] == hashlib.sha256(f"100:other:{secret}".encode()).hexdigest()
    assert auth["supported_algorithms_uas"] == auth["supported_algorithms_uac"] == "SHA-256,MD5"


async def test_a_store_put_back_from_a_backup_is_published_whole(home: Home) -> None:
    await home.add(Draft(number="100"))
    await home.publisher().publish()
    database = sqlite3.connect(home.settings.paths.routing_db)
    with database:
        database.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
        database.execute("DELETE FROM numbers")
    database.close()
    engine = sqlite3.connect(home.settings.paths.engine_db)
    with engine:
        engine.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    engine.close()
    assert await home.publisher().publish() == 1
    assert home.route("100")


async def test_many_publish_at_once_in_turn(home: Home) -> None:
    publisher = home.publisher()
    await home.add(*(Draft(number=str(number)) for number in range(100, 140)))
    assert set(await asyncio.gather(*(publisher.publish() for _ in range(5)))) == {1}


async def test_a_driver_that_would_see_nothing_is_refused(home: Home) -> None:
    home.settings.paths.asterisk_etc.mkdir(parents=True)
    file = home.settings.paths.asterisk_etc / "res_config_sqlite3.conf"
    file.write_text("[engine]\nbatch = 100\n")
    with pytest.raises(PublishError, match="batch = 0"):
        await home.publisher().publish()
    file.write_text("[engine]\nbatch => 0\n")
    await home.publisher().publish()
