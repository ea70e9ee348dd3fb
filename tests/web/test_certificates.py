"""The authority and the server certificate: what is in them, when they are made anew, who may read them."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from signalbox.kernel.operator import OperatorError
from signalbox.settings import Engine, Settings, Web
from signalbox.web import addresses, certificates
from signalbox.web.edge import Application
from tests.web import server
from tests.web.conftest import client_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def fresh(tmp_path: Path) -> Settings:
    return Settings(data=str(tmp_path), web=Web(hostname="pbx.example.org"))


def server_certificate(settings: Settings) -> x509.Certificate:
    return x509.load_pem_x509_certificates(settings.paths.server_cert.read_bytes())[0]


def is_valid_for(settings: Settings, subject: x509.DNSName | x509.IPAddress, at: datetime = NOW) -> bool:
    authority = x509.load_pem_x509_certificate(settings.paths.ca_cert.read_bytes())
    verifier = PolicyBuilder().store(Store([authority])).time(at).build_server_verifier(subject)
    try:
        verifier.verify(server_certificate(settings), [])
    except VerificationError:
        return False
    return True


def test_it_is_valid_for_every_name_and_address(fresh: Settings) -> None:
    assert certificates.ensure(fresh, NOW)
    for name in ("localhost", "pbx.example.org"):
        assert is_valid_for(fresh, x509.DNSName(name))
    for address in addresses.local_addresses():
        assert is_valid_for(fresh, x509.IPAddress(address))
    assert not is_valid_for(fresh, x509.DNSName("example.com"))


def test_browsers_accept_its_life(fresh: Settings) -> None:
    certificates.ensure(fresh, NOW)
    found = server_certificate(fresh)
    assert found.not_valid_after_utc - found.not_valid_before_utc <= timedelta(days=397)
    authority = x509.load_pem_x509_certificate(fresh.paths.ca_cert.read_bytes())
    assert authority.not_valid_after_utc - NOW > timedelta(days=3600)


def test_the_authority_cannot_vouch_for_other_sites(fresh: Settings) -> None:
    certificates.ensure(fresh, NOW)
    authority = x509.load_pem_x509_certificate(fresh.paths.ca_cert.read_bytes())
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    permitted = constraints.value.permitted_subtrees or []
    assert x509.DNSName("pbx.example.org") in permitted
    assert x509.DNSName("org") not in permitted
    assert x509.IPAddress(ipaddress.ip_network("0.0.0.0/0")) not in permitted


def test_keys_are_private(fresh: Settings) -> None:
    certificates.ensure(fresh, NOW)
    for key in (fresh.paths.ca_key, fresh.paths.server_key):
        assert key.stat().st_mode & 0o077 == 0


def test_nothing_changes_without_a_reason(fresh: Settings) -> None:
    certificates.ensure(fresh, NOW)
    before = {file: file.read_bytes() for file in fresh.paths.tls.iterdir()}
    assert not certificates.ensure(fresh, NOW + timedelta(days=300))
    assert {file: file.read_bytes() for file in fresh.paths.tls.iterdir()} == before


def test_it_is_renewed_thirty_days_before_its_end_with_the_same_key(fresh: Settings) -> None:
    certificates.ensure(fresh, NOW)
    key, authority = fresh.paths.server_key.read_bytes(), fresh.paths.ca_cert.read_bytes()
    later = NOW + timedelta(days=370)
    assert certificates.ensure(fresh, later)
    assert (fresh.paths.server_key.read_bytes(), fresh.paths.ca_cert.read_bytes()) == (key, authority)
    assert is_valid_for(fresh, x509.DNSName("localhost"), later + timedelta(days=300))


def test_it_is_renewed_when_the_addresses_change(fresh: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates.ensure(fresh, NOW)
    new = ipaddress.ip_address("192.168.77.3")
    monkeypatch.setattr(certificates, "local_addresses", lambda: [*addresses.local_addresses(), new])
    assert certificates.ensure(fresh, NOW)
    assert is_valid_for(fresh, x509.IPAddress(new))
    assert not certificates.ensure(fresh, NOW)


def test_an_address_that_the_authority_may_not_sign_is_left_out_and_said(
    fresh: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    certificates.ensure(fresh, NOW)
    public = ipaddress.ip_address("203.0.113.9")
    monkeypatch.setattr(certificates, "local_addresses", lambda: [public])
    assert not certificates.ensure(fresh, NOW)
    fresh.paths.server_cert.unlink()
    certificates.ensure(fresh, NOW)
    assert "203.0.113.9" in caplog.text
    assert not is_valid_for(fresh, x509.IPAddress(public))


def test_a_certificate_of_someone_else_is_left_alone(fresh: Settings, tmp_path: Path) -> None:
    certificates.ensure(fresh, NOW)
    theirs = (fresh.paths.ca_cert.read_bytes(), b"")
    foreign = foreign_certificate()
    fresh.paths.server_cert.write_bytes(foreign)
    assert not certificates.ensure(fresh, NOW + timedelta(days=5000))
    assert fresh.paths.server_cert.read_bytes() == foreign
    assert fresh.paths.ca_cert.read_bytes() == theirs[0]


def foreign_certificate() -> bytes:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "A public authority")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=90))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize("name", ["ca.pem", "ca.key", "server.pem"])
def test_a_damaged_file_is_named_with_the_cure(fresh: Settings, name: str) -> None:
    certificates.ensure(fresh, NOW)
    (fresh.paths.tls / name).write_bytes(b"garbage")
    if name == "ca.key":
        fresh.paths.server_cert.unlink()
    with pytest.raises(OperatorError, match="damaged"):
        certificates.ensure(fresh, NOW)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "tls").write_text("in the way")
    with pytest.raises(OperatorError, match="tls"):
        certificates.ensure(Settings(data=str(tmp_path)), NOW)


def test_an_unknown_user_of_the_engine_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    settings = Settings(data=str(tmp_path), engine=Engine(run_as="no-such-user"))
    with pytest.raises(OperatorError, match="no-such-user"):
        certificates.ensure(settings, NOW)


async def test_https_with_the_downloaded_authority(settings: Settings) -> None:
    async with server.running(settings):
        async with httpx.AsyncClient() as before:
            authority = (await before.get(f"http://{server.plain(settings)}/ca.crt")).text
        trust = ssl.create_default_context(cadata=authority)
        async with httpx.AsyncClient(verify=trust) as client:
            for host in ("localhost", "127.0.0.1"):
                answer = await client.get(f"https://{host}:{settings.web.https_port}/healthz")
                assert answer.status_code == 200
                # Strict transport for the name localhost would end plain HTTP on loopback, every port of it.
                assert ("strict-transport-security" in answer.headers) == (host != "localhost")


@pytest.mark.parametrize("base", ["http://localhost:8080", "https://pbx.example.org:8443"])
async def test_the_page_that_explains_it(app: Application, settings: Settings, base: str) -> None:
    async with client_of(app, base) as client:
        page = await client.get("/install-certificate")
        assert page.status_code == 200
        assert certificates.fingerprint(settings) in page.text
        for platform in ("Windows", "macOS", "iPhone", "Android", "Linux", "Firefox"):
            assert platform in page.text
        assert "<script" not in page.text
        assert (await client.get("/ca.crt")).headers["content-type"].startswith("application/x-x509-ca-cert")


def test_addresses_of_odd_tables(tmp_path: Path) -> None:
    (tmp_path / "if_inet6").write_text(
        "20010db8000000000000000000000005 02 40 00 80 eth0\nfe800000000000000000000000000001 02 40 20 80 eth0\n"
    )
    found = addresses.local_addresses(tmp_path)
    assert ipaddress.ip_address("2001:db8::5") in found
    assert not any(each.is_link_local for each in found)
