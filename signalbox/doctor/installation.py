"""Checks of what is installed and stored: Asterisk, certificates, database and secrets."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
from alembic.script import ScriptDirectory
from cryptography import x509
from sqlalchemy import func, select, text

from signalbox.doctor.model import Check, note, ok, problem, warning
from signalbox.engine import install
from signalbox.engine.install import probe
from signalbox.features.extensions.tables import ExtensionRow
from signalbox.kernel.secrets import Secrets, SecretsError
from signalbox.settings import Settings
from signalbox.store import migrate
from signalbox.store.database import Store, file_of
from signalbox.store.errors import StoreError
from signalbox.store.scope import Scope
from signalbox.web.certificates import RENEW_BEFORE

_EVERYTHING = Scope.everything("the doctor looks at the whole database")
_WITHIN_S = 8.0


def engine(settings: Settings) -> Iterator[Check]:
    """Is there a supported Asterisk, and has it passed its probe?"""
    root = settings.paths.engine_root
    found = install.current(root)
    if found is None:
        yield note(
            "engine", "No Asterisk is installed yet.", "run `signalbox engine install`; `signalbox up` does it too"
        )
        return
    record = root / found.label / probe.RECORD if found.is_private else root / f"{found.label}.probe.json"
    try:
        proven = msgspec.json.decode(record.read_bytes(), type=probe.ProbeResult)
    except (OSError, msgspec.DecodeError):
        yield warning("engine", f"Asterisk {found.version} was not probed.", "run `signalbox engine install`")
        return
    where = "private root" if found.is_private else found.program[0]
    if proven.missing:
        cure = "install an Asterisk that has them, when you need what they do"
        yield warning("engine", f"Asterisk {found.version} lacks {', '.join(proven.missing)}.", cure)
    else:
        yield ok("engine", f"Asterisk {found.version}, probed {proven.probed_at:%Y-%m-%d} ({where})")


def certificates(settings: Settings, now: datetime) -> Iterator[Check]:
    """Are the certificates valid, and for how long?"""
    paths = settings.paths
    for topic, file in (("certificate", paths.server_cert), ("authority", paths.ca_cert)):
        if not file.exists():
            yield note(topic, f"{file.name} is not there yet.", "the first `signalbox up` makes it")
            continue
        try:
            found = x509.load_pem_x509_certificate(file.read_bytes())
        except (OSError, ValueError) as error:
            cure = f"move the files in {paths.tls} away and start again; new ones are made"
            yield problem(topic, f"{file} cannot be read: {error}", cure)
            continue
        yield _validity(topic, found, now)


def _validity(topic: str, found: x509.Certificate, now: datetime) -> Check:
    until = found.not_valid_after_utc
    cure = "start Signalbox again: it renews its own; one that you brought is yours to renew"
    if until <= now:
        return problem(topic, f"expired on {until:%Y-%m-%d}", cure)
    if found.not_valid_before_utc > now:
        return problem(
            topic, f"valid only from {found.not_valid_before_utc:%Y-%m-%d %H:%M} on", "set this machine's clock"
        )
    if until - now < RENEW_BEFORE:
        return warning(topic, f"expires on {until:%Y-%m-%d}", cure)
    return ok(topic, f"valid until {until:%Y-%m-%d}")


async def store(settings: Settings) -> AsyncIterator[Check]:
    """Is the database reachable and of this version, and do its sealed secrets open?"""
    try:
        file = file_of(settings.store_url)
        if file is not None and not file.exists():
            yield note("store", f"{file.name} is not there yet.", "the first `signalbox up` makes it")
            return
        opened = Store.open(settings)
    except StoreError as error:
        yield problem("store", str(error), error.cure)
        return
    try:
        async with asyncio.timeout(_WITHIN_S):
            async for check in _looked_into(opened, settings.paths.secrets):
                yield check
    except StoreError as error:
        yield problem("store", str(error), error.cure)
    except TimeoutError:
        yield problem(
            "store", f"The database gave no answer within {_WITHIN_S:g} s.", "see whether its server is overloaded"
        )
    finally:
        await opened.close()


async def _looked_into(opened: Store, secrets: Path) -> AsyncIterator[Check]:
    newest = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations")).get_current_head()
    async with opened.session(_EVERYTHING) as session:
        shape = await session.scalar(text("SELECT version_num FROM alembic_version"))
        if shape != newest:
            cure = "start Signalbox: it brings the database up to date; one that is newer needs the newer Signalbox"
            yield warning("store", f"The database has the shape {shape}, this version wants {newest}.", cure)
            return
        count = await session.scalar(select(func.count(ExtensionRow.id)))
        row = await session.scalar(select(ExtensionRow).limit(1))
    yield ok("store", f"{opened.kind}, shape {shape}, {count} extensions")
    if row is not None:
        yield _sealed(row.phone_secret, secrets)


def _sealed(secret: str, folder: Path) -> Check:
    if not (folder / "box.keys").exists():
        cure = "restore the folder from a backup; without it every phone needs a new secret"
        return problem("secrets", f"{folder} is missing, and the database's secrets open with it only.", cure)
    try:
        Secrets.open(folder).box.open(secret)
    except (SecretsError, OSError) as error:
        return problem("secrets", str(error), "restore secrets/box.keys from the backup that belongs to this database")
    return ok("secrets", "the database's secrets open")
