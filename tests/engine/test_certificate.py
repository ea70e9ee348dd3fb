"""A renewed certificate on a running Asterisk: TLS and WSS show it, and no call notices."""

import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from signalbox.engine.certificate import EngineCertificate, shown
from signalbox.engine.configure.control import USER
from signalbox.engine.health import EngineHealth
from tests.engine.asterisk import Asterisk, certify
from tests.engine.conftest import Desk
from tests.engine.conversation import Conversation
from tests.engine.phones import Phone

pytestmark = pytest.mark.engine


@pytest.fixture
async def health(asterisk: Asterisk) -> AsyncIterator[EngineHealth]:
    health = EngineHealth(asterisk.settings.engine.ami_port, USER, asterisk.ami_secret)
    yield health
    health.close()


@pytest.fixture
def keeper(asterisk: Asterisk, health: EngineHealth) -> Iterator[EngineCertificate]:
    """Leaves a pair that fits behind."""
    yield EngineCertificate(asterisk.settings, health, None)
    certify(asterisk.settings)


def on_disk(file: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(file.read_text())


async def listeners(asterisk: Asterisk) -> list[bytes]:
    sip = asterisk.settings.sip
    return [await shown(sip.bind, port) for port in (sip.tls_port, sip.wss_port)]


async def talk(caller: Phone, called: Phone) -> tuple[Conversation, Conversation]:
    call = await caller.call(called.user)
    rung = await called.rings()
    await rung.answer()
    await call.answered()
    return call, rung


async def test_no_call_ends(asterisk: Asterisk, desk: Desk, keeper: EngineCertificate) -> None:
    anna, ben = await desk.phone("100", hears_hz=440), await desk.phone("101", hears_hz=600)
    carla = await desk.phone("102", transport="tls", hears_hz=800)
    eva = await desk.phone("103", transport="wss", hears_hz=1000)
    held, _ = await talk(anna, ben)
    safe, safe_rung = await talk(carla, eva)
    await held.hold()
    before = await listeners(asterisk)

    certify(asterisk.settings)
    wanted = on_disk(asterisk.settings.paths.server_cert)
    assert before != [wanted, wanted]
    assert await keeper.look()
    assert await listeners(asterisk) == [wanted, wanted]

    await held.resume()
    assert await held.audio.hears(600)
    assert await safe.audio.hears(1000)
    assert await safe_rung.audio.hears(800)
    assert (await carla.register()).status == 200  # on the connection that was open
    await safe_rung.hang_up()
    assert await safe.ended() == "them"
    later = await desk.phone("111", transport="tls")
    assert (await later.register()).status == 200


async def test_a_key_that_does_not_fit_changes_nothing(asterisk: Asterisk, keeper: EngineCertificate) -> None:
    paths = asterisk.settings.paths
    certify(asterisk.settings)
    assert await keeper.look()
    before = await listeners(asterisk)
    key = paths.server_key.read_bytes()
    certify(asterisk.settings)
    paths.server_key.write_bytes(key)
    with pytest.raises(OSError, match="KEY_VALUES_MISMATCH"):
        await keeper.look()
    assert await listeners(asterisk) == before
    assert on_disk(paths.asterisk_etc / "tls/server.pem") == before[0]


async def test_what_is_in_force_is_not_reloaded(
    asterisk: Asterisk, keeper: EngineCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await keeper.look()
    reloaded: list[str] = []

    async def reload(_self: EngineHealth, module: str) -> None:
        reloaded.append(module)

    monkeypatch.setattr(EngineHealth, "reload", reload)
    assert await keeper.look()
    assert await EngineCertificate(asterisk.settings, keeper._health, None).look()
    assert reloaded == []
