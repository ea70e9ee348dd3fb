"""Bring the database to this version's shape. Migrations are one line of numbered files in ``migrations/versions``."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from signalbox.settings import Settings
from signalbox.store.database import file_of, make_engine, name_of
from signalbox.store.errors import StoreCode, StoreError, translated

_MIGRATE_LOCK = 0x5B0D


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


async def upgrade(settings: Settings) -> None:
    """Create or upgrade the database; does nothing when it is current. Raises ``StoreError``.

    Safe when several processes start together: one migrates, the others wait and find it done.
    """
    try:
        _prepare_file(settings.store_url)
        await migrate(settings.store_url, "head")
    except StoreError as error:  # at a start nobody knows yet which database it is
        raise StoreError(error.code, f"{name_of(settings.store_url)}: {error.detail}") from error


async def migrate(url: str, revision: str) -> None:
    """Move the database at ``url`` to ``revision``, up or down; ``base`` is the empty database."""
    engine = make_engine(url)
    try:
        with translated():
            async with engine.execution_options(signalbox_writes=True).begin() as connection:
                await connection.run_sync(_moved_to(revision))
    finally:
        await engine.dispose()


def _moved_to(revision: str) -> Callable[[Connection], None]:
    def move(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATE_LOCK})
        config = _config()
        script = ScriptDirectory.from_config(config)
        current = MigrationContext.configure(connection).get_current_revision()
        known = {each.revision for each in script.walk_revisions()}
        if current is not None and current not in known:
            raise StoreError(StoreCode.NEWER, f"The database is at version {current}, unknown here.")
        if current == script.get_current_head() and revision == "head":
            return
        config.attributes["connection"] = connection
        goes_down = revision == "base" or (current is not None and _is_below(script, revision, current))
        (command.downgrade if goes_down else command.upgrade)(config, revision)

    return move


def _is_below(script: ScriptDirectory, revision: str, current: str) -> bool:
    below = {each.revision for each in script.iterate_revisions(current, "base")}
    return revision != current and revision in below


def _prepare_file(url: str) -> None:
    """Make a new SQLite file readable by us alone; its journal files inherit the mode."""
    file = file_of(url)
    if file is None:
        return
    with translated(), contextlib.suppress(FileExistsError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=False)
