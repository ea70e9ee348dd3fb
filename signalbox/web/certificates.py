"""The installation's own certificate authority and its server certificate; browsers give no microphone without TLS.

An administrator who has real certificates puts them into the same two files: what we did not sign we do not touch.
"""

import ipaddress
import logging
import os
import pwd
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signalbox.kernel.operator import OperatorError, explained
from signalbox.settings import Settings
from signalbox.web.addresses import local_addresses

CA_DAYS = 3650
SERVER_DAYS = 397  # browsers refuse more
RENEW_BEFORE = timedelta(days=30)
_PRIVATE = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "fc00::/7",
    "fe80::/10",
)
_PRIVATE_DOMAINS = ("localhost", "local", "lan", "internal", "home.arpa", "intranet", "test")
_DNS_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.(?!-)[a-z0-9-]{1,63})*", re.IGNORECASE)
_OURS = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Signalbox")]
_log = logging.getLogger(__name__)

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def ensure(settings: Settings, now: datetime | None = None) -> bool:
    """Make or renew what is missing, about to expire, or does not name this machine; tell whether anything changed.

    Raises ``OperatorError``.
    """
    paths = settings.paths
    now = now or datetime.now(UTC)
    try:
        paths.tls.mkdir(mode=0o755, parents=True, exist_ok=True)
        names = _names(settings)
        if not (paths.ca_cert.exists() and paths.ca_key.exists()):
            _make_authority(paths.ca_cert, paths.ca_key, names, now)
        authority = x509.load_pem_x509_certificate(paths.ca_cert.read_bytes())
        covered = [name for name in names if _covers(authority, name)]
        changed = not _serves(paths.server_cert, paths.server_key, authority, covered, now)
        if changed:
            _warn_of_uncovered(names, covered)
            _make_server(settings, authority, covered, now)
        _give_to_engine(paths.server_key, settings.engine.run_as)
    except OSError as error:
        raise explained(error, "certificates") from error
    except (ValueError, TypeError) as error:
        raise OperatorError(
            f"a certificate or key in {paths.tls} is damaged: {error}", "move the files there away; new ones are made"
        ) from error
    return changed


def fingerprint(settings: Settings) -> str:
    """The SHA-256 fingerprint of the authority, as browsers show it. Raises ``OSError`` and ``ValueError``."""
    certificate = x509.load_pem_x509_certificate(settings.paths.ca_cert.read_bytes())
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _names(settings: Settings) -> list[x509.GeneralName]:
    hosts = dict.fromkeys(
        (socket.gethostname(), socket.getfqdn(), "localhost", settings.web.hostname, settings.sip.external_address)
    )
    addresses: dict[_Address, None] = dict.fromkeys(local_addresses())
    domains: list[x509.GeneralName] = []
    for host in hosts:
        try:
            addresses[ipaddress.ip_address(host)] = None
        except ValueError:
            if _DNS_NAME.fullmatch(host):
                domains.append(x509.DNSName(host.lower()))
    return [*domains, *(x509.IPAddress(address) for address in sorted(addresses, key=lambda a: (a.version, int(a))))]


def _covers(authority: x509.Certificate, name: x509.GeneralName) -> bool:
    try:
        permitted = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    except x509.ExtensionNotFound:
        return True
    if isinstance(name, x509.IPAddress):
        networks = [tree.value for tree in permitted if isinstance(tree, x509.IPAddress)]
        return any(
            name.value in net for net in networks if isinstance(net, ipaddress.IPv4Network | ipaddress.IPv6Network)
        )
    value = f".{name.value}"
    return any(isinstance(tree, x509.DNSName) and value.endswith(f".{tree.value}") for tree in permitted)


def _warn_of_uncovered(names: list[x509.GeneralName], covered: list[x509.GeneralName]) -> None:
    missing = [str(name.value) for name in names if name not in covered]
    if missing:
        _log.warning("certificate_names_left_out names=%s cure='move tls/ca.pem away and start again'", missing)


def _serves(cert: Path, key: Path, authority: x509.Certificate, names: list[x509.GeneralName], now: datetime) -> bool:
    if not (cert.exists() and key.exists()):
        return False
    certificate = x509.load_pem_x509_certificate(cert.read_bytes())
    if certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME) != _OURS:
        return True  # someone else's: theirs to renew
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:
        return False
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return certificate.not_valid_after_utc - now > RENEW_BEFORE and set(names) <= set(named)


def _make_authority(cert: Path, key: Path, names: list[x509.GeneralName], now: datetime) -> None:
    # Whoever installs this authority must not have to trust it with the rest of the Internet, should its key be stolen.
    permitted: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_network(net)) for net in _PRIVATE]
    permitted += [x509.DNSName(domain) for domain in _PRIVATE_DOMAINS]
    for name in names:
        if isinstance(name, x509.IPAddress):
            permitted.append(x509.IPAddress(ipaddress.ip_network(name.value)))
        else:
            permitted.append(name)
    private = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    subject = x509.Name(
        [
            *_OURS,
            x509.NameAttribute(NameOID.COMMON_NAME, f"Signalbox on {socket.gethostname()}"[:64]),
        ]
    )
    certificate = (
        _builder(subject, subject, private.public_key(), now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
    _write(key, _pem(private), 0o600)
    _write(cert, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    _log.info("certificate_authority_made file=%s", cert)


def _make_server(settings: Settings, authority: x509.Certificate, names: list[x509.GeneralName], now: datetime) -> None:
    paths = settings.paths
    signer = serialization.load_pem_private_key(paths.ca_key.read_bytes(), password=None)
    if not isinstance(signer, rsa.RSAPrivateKey):
        raise TypeError("ca.key is not an RSA key")
    if not paths.server_key.exists():
        # RSA: many desk phones know no other kind. Kept when the certificate is renewed, so that the two always match.
        _write(paths.server_key, _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)), 0o600)
    private = serialization.load_pem_private_key(paths.server_key.read_bytes(), password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError("server.key is not an RSA key")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(names[0].value)[:64])])
    certificate = (
        _builder(subject, authority.subject, private.public_key(), now, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
        .sign(signer, hashes.SHA256())
    )
    chain = certificate.public_bytes(serialization.Encoding.PEM) + authority.public_bytes(serialization.Encoding.PEM)
    _write(paths.server_cert, chain, 0o644)
    _log.info("server_certificate_made names=%s until=%s", len(names), certificate.not_valid_after_utc.date())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    start = now - timedelta(hours=1)  # clocks of phones and browsers may be behind
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=not authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(file: Path, content: bytes, mode: int) -> None:
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)


def _give_to_engine(key: Path, run_as: str) -> None:
    """Let Asterisk read the key: started by root it runs as ``run_as``, otherwise as ourselves."""
    if os.geteuid() == 0:
        try:
            os.chown(key, pwd.getpwnam(run_as).pw_uid, -1)
        except KeyError:
            raise OperatorError(f"there is no user {run_as} on this machine", "set engine.run_as to one") from None
    key.chmod(0o600)
