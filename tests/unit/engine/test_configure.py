import configparser
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from signalbox.engine import configure
from signalbox.kernel.secrets import Secrets
from signalbox.settings import Engine, Settings, SettingsError, Sip


@dataclass(frozen=True)
class Installed:
    version: str = "22.10.1"
    modules: Path = Path("/opt/modules")
    data: Path = Path("/opt/data")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=str(tmp_path), sip=Sip(external_address="203.0.114.7"))


def written(settings: Settings, installed: Installed | None = None) -> configure.ConfigVersion:
    return configure.write(settings, installed or Installed(), Secrets.open(settings.paths.secrets))


def test_nobody_else_reads_a_file(settings: Settings) -> None:
    settings.paths.tls.mkdir(parents=True)
    settings.paths.server_key.write_text("key")
    settings.paths.server_cert.write_text("certificate")
    written(settings)
    files = [file for file in settings.paths.asterisk_etc.rglob("*") if file.is_file()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert (settings.paths.asterisk_etc / "tls/server.key").read_text() == "key"
    assert not [file for file in files if file.name.endswith(".new")]


def test_a_second_write_changes_nothing(settings: Settings) -> None:
    first = written(settings)
    assert "manager.conf" in first.changed
    again = written(settings)
    assert (again.changed, again.checksum) == ((), first.checksum)


def test_whatever_a_running_asterisk_would_miss_is_another_version(settings: Settings) -> None:
    first = written(settings)
    (settings.paths.asterisk_etc / "rtp.conf").write_text("tampered")
    assert written(settings).changed == ("rtp.conf",)
    assert written(settings, Installed(version="22.11.0")).checksum != first.checksum
    moved = Settings(data=settings.data, sip=Sip(rtp_start=30000, rtp_end=30100))
    changed = written(moved)
    assert set(changed.changed) == {"rtp.conf", "pjsip.conf"}
    assert changed.checksum != first.checksum


def test_a_renewed_certificate_is_copied_and_is_no_other_version(settings: Settings) -> None:
    settings.paths.tls.mkdir(parents=True)
    settings.paths.server_key.write_text("key")
    settings.paths.server_cert.write_text("old")
    first = written(settings)
    settings.paths.server_cert.write_text("new")
    copy = configure.copy_certificate(settings) / "server.pem"
    assert (copy.read_text(), stat.S_IMODE(copy.stat().st_mode)) == ("new", 0o600)
    assert (written(settings).changed, written(settings).checksum) == ((), first.checksum)


def test_the_secret_is_in_one_file_and_random(settings: Settings) -> None:
    written(settings)
    secret = Secrets.open(settings.paths.secrets).text("ami")
    holders = [
        file.name for file in settings.paths.asterisk_etc.iterdir() if file.is_file() and secret in file.read_text()
    ]
    assert holders == ["manager.conf"]
    assert len(secret) >= 20


def test_control_ports_are_on_loopback(settings: Settings) -> None:
    files = configure.render(settings, Installed(), "secret")
    manager, http = _parsed(files["manager.conf"]), _parsed(files["http.conf"])
    assert manager["general"]["bindaddr"] == "127.0.0.1"
    assert http["general"]["bindaddr"] == "127.0.0.1"
    assert _parsed(files["hep.conf"])["general"]["capture_address"].startswith("127.0.0.1:")
    assert _parsed(files["asterisk.conf"])["options"]["live_dangerously"] == "no"


def test_every_module_has_a_reason() -> None:
    tables = {**configure.modules.ESSENTIAL, **configure.modules.WANTED}
    assert all(reason.strip() for reason in tables.values())
    assert not set(configure.modules.ESSENTIAL) & set(configure.modules.WANTED)
    assert not [name for name in tables if name.startswith(("res_ari", "func_shell", "app_system", "chan_iax2"))]


@pytest.mark.parametrize(
    ("sip", "key"),
    [
        (Sip(realm="a\nb"), "sip.realm"),
        (Sip(realm=""), "sip.realm"),
        (Sip(bind="everywhere"), "sip.bind"),
        (Sip(local_networks=("10.0.0.0/8", "office")), "sip.local_networks"),
        (Sip(external_address="a;b"), "sip.external_address"),
        (Sip(digest_algorithms=("MD4",)), "sip.digest_algorithms"),
        (Sip(rtp_start=20000, rtp_end=10000), "sip.rtp_end"),
    ],
)
def test_settings_that_would_break_a_file_are_refused(tmp_path: Path, sip: Sip, key: str) -> None:
    with pytest.raises(SettingsError, match=f"^{key}: "):
        written(Settings(data=str(tmp_path), sip=sip))
    assert not (tmp_path / "asterisk").exists()


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    wrong = Settings(data=str(deep), sip=Sip(realm="", bind="x"), engine=Engine(systemname="n-1"))
    with pytest.raises(SettingsError) as refused:
        written(wrong)
    assert [each.partition(":")[0] for each in refused.value.problems] == [
        "sip.realm",
        "engine.systemname",
        "sip.bind",
        "data",
    ]


def _parsed(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, allow_no_value=True, interpolation=None, comment_prefixes=(";",))
    parser.read_string(text)
    return parser
