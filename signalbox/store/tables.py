"""The base of every table, the tenant tree and the change sets' own tables."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, MetaData, String, Text, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from signalbox.store.types import PlainJson, Utc

SECRET = {"secret": True}
"""``info`` of a column whose value (always sealed or hashed) must not be shown to anyone."""


class Kind(StrEnum):
    """What a table holds, and with it who may write it and how.

    ``CONFIGURATION`` is written inside a change set; ``USER_STATE`` and ``REGISTER`` in an ordinary writing session.
    """

    CONFIGURATION = "configuration"
    USER_STATE = "user_state"
    REGISTER = "register"


class Base(DeclarativeBase):
    """Every table says what ``kind`` it is."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Utc(), list[str]: PlainJson, dict[str, Any]: PlainJson}

    kind: ClassVar[Kind]

    @staticmethod
    def committed(row: object) -> Mapping[str, Any]:
        """The values that ``row`` had in the database and that were changed since."""
        values: Mapping[str, Any] = inspect(row, raiseerr=True).committed_state
        return values


class TenantOwned:
    """A row that belongs to one tenant; the session's scope filters it."""

    tenant: Mapped[int] = mapped_column(ForeignKey("tenants.id"), index=True)


class Configured(TenantOwned, Base):
    """A row of configuration: recorded in change sets; ``revision`` grows with each change (the ETag)."""

    __abstract__ = True
    kind = Kind.CONFIGURATION

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(nullable=False)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": revision, "version_id_generator": False}  # noqa: RUF012  SQLAlchemy's own convention

    def label(self) -> str:
        """What a person calls this row in a list of changes."""
        return str(self.id)


class Tenant(Base):
    """A node of the tree of provider, companies and sites. ``path`` is ``/1/7/``: its ancestors and itself."""

    __tablename__ = "tenants"
    kind = Kind.REGISTER

    id: Mapped[int] = mapped_column(primary_key=True)
    parent: Mapped[int | None] = mapped_column(ForeignKey("tenants.id"))
    tenant_kind: Mapped[str] = mapped_column("kind", String(20))
    name: Mapped[str] = mapped_column(String(100))
    path: Mapped[str] = mapped_column(String(500), unique=True)


class ChangeSet(TenantOwned, Base):
    """One published version of the configuration: who changed what, when. Ids grow in the order of commit."""

    __tablename__ = "change_sets"
    __table_args__ = ({"sqlite_autoincrement": True},)
    kind = Kind.REGISTER

    id: Mapped[int] = mapped_column(primary_key=True)
    author: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]
    title: Mapped[str] = mapped_column(String(300))
    size: Mapped[int]
    undoes: Mapped[int | None] = mapped_column(ForeignKey("change_sets.id"))


class ChangeEntry(TenantOwned, Base):
    """One row of a change set. Secrets are in it only sealed; ``before`` or ``after`` is null for new or gone."""

    __tablename__ = "change_entries"
    __table_args__ = (Index("ix_change_entries_row", "table_name", "row_key", "change_id"),)
    kind = Kind.REGISTER

    id: Mapped[int] = mapped_column(primary_key=True)
    change_id: Mapped[int] = mapped_column(ForeignKey("change_sets.id"), index=True)
    table_name: Mapped[str] = mapped_column(String(63))
    row_key: Mapped[int]
    label: Mapped[str] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
