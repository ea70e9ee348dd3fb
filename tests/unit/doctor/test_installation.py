"""What the doctor says of a data directory: nothing there yet, all well, and each thing spoilt in turn."""

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signalbox.doctor import installation
from signalbox.doctor.command import as_json, as_text, examine
from signalbox.doctor.model import Check, Level
from signalbox.features.first_start import first_start
from signalbox.settings import Settings
from signalbox.settings import Store as StoreSettings
from signalbox.store import migrate
from signalbox.web import certificates

NOW = datetime.now(UTC)


async def stored(settings: Settings) -> dict[str, Check]:
    return {check.topic: check async for check in installation.store(settings)}


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    made = Settings(data=str(tmp_path))
    await migrate.upgrade(made)
    await first_start(made)
    return made


async def test_nothing_is_there_yet(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path / "new"))
    checks = [*installation.certificates(settings, NOW), *(await stored(settings)).values()]
    assert {check.level for check in checks} == {Level.NOTE}
    assert not (tmp_path / "new").exists(), "looking made something"


async def test_a_used_store_is_well(settings: Settings) -> None:
    checks = await stored(settings)
    assert {check.level for check in checks.values()} == {Level.OK}
    assert "2 extensions" in checks["store"].found


async def test_a_store_of_another_version(settings: Settings) -> None:
    with sqlite3.connect(settings.paths.store_file) as database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    database.close()
    assert (await stored(settings))["store"].level is Level.WARNING


async def test_a_damaged_store(settings: Settings) -> None:
    settings.paths.store_file.write_bytes(b"not a database" * 1000)
    check = (await stored(settings))["store"]
    assert check.level is Level.PROBLEM
    assert "backup" in check.cure


async def test_a_database_server_that_is_away(tmp_path: Path) -> None:
    url = "postgresql+asyncpg://nobody@127.0.0.1:1/none"
    check = (await stored(Settings(data=str(tmp_path), store=StoreSettings(url=url))))["store"]
    assert check.level is Level.PROBLEM
    assert "nobody" not in check.found


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "others"])
async def test_keys_that_do_not_fit_the_store(settings: Settings, tmp_path: Path, lost: bool) -> None:
    keys = settings.paths.secrets / "box.keys"
    keys.unlink()
    if not lost:
        from cryptography.fernet import Fernet

        keys.write_bytes(Fernet.generate_key())
    assert (await stored(settings))["secrets"].level is Level.PROBLEM
    assert keys.exists() is not lost, "looking made something"


@pytest.mark.parametrize(
    ("days", "level"), [(0, Level.OK), (380, Level.WARNING), (500, Level.PROBLEM), (-2, Level.PROBLEM)]
)
def test_certificates_by_their_dates(tmp_path: Path, days: int, level: Level) -> None:
    settings = Settings(data=str(tmp_path))
    settings = Settings(data=str(tmp_path), engine=type(settings.engine)(run_as=_me()))
    certificates.ensure(settings)
    server, _authority = installation.certificates(settings, NOW + timedelta(days=days))
    assert server.level is level


def _me() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def test_a_spoilt_certificate(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path))
    settings.paths.tls.mkdir()
    settings.paths.server_cert.write_text("nothing of a certificate")
    server, _ = installation.certificates(settings, NOW)
    assert server.level is Level.PROBLEM


async def test_settings_that_cannot_be_used_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "signalbox.toml").write_text("[sip]\nudp_port = 70000\n[fax]\n")
    report = await examine(tmp_path)
    assert not report.healthy
    text = as_text(report)
    assert "unknown section: fax" in text
    assert "sip.udp_port" in text
    assert "2 problems to mend" in text
    assert '"healthy": false' in as_json(report)
