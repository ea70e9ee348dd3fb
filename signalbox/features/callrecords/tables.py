"""The tables of call records, their steps, and where the importer stands."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from signalbox.store.tables import Base, Kind, TenantOwned
from signalbox.store.types import PlainJson


class CallRecordRow(TenantOwned, Base):
    """A finished call. Written once by the importer, never changed."""

    __tablename__ = "call_records"
    __table_args__ = (Index("ix_call_records_page", "tenant", "started_at", "id"),)
    kind = Kind.REGISTER

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(80), unique=True)
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime]
    from_number: Mapped[str] = mapped_column(String(80), index=True)
    from_name: Mapped[str] = mapped_column(Text)
    to_number: Mapped[str] = mapped_column(String(80), index=True)
    to_name: Mapped[str] = mapped_column(Text)
    dialled: Mapped[str] = mapped_column(String(80))
    disposition: Mapped[str] = mapped_column(String(20), index=True)
    cause: Mapped[int]
    legs: Mapped[list[dict[str, Any]]] = mapped_column(PlainJson)


class CallStepsRow(Base):
    """What a call's scripts decided, as the exchange's journal told it. Shown only with the call's record."""

    __tablename__ = "call_steps"
    __table_args__ = (Index("ix_call_steps_call_id", "call_id"),)
    kind = Kind.REGISTER

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(80))
    started_ms: Mapped[int] = mapped_column(BigInteger)
    journal: Mapped[str] = mapped_column(Text)


class OpenCallRow(Base):
    """A call in progress as the importer knew it when it last committed."""

    __tablename__ = "open_calls"
    kind = Kind.REGISTER

    call_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    state: Mapped[bytes] = mapped_column(LargeBinary)


class ImportPositionRow(Base):
    """Where the importer stands in a log; moved in the transaction that imports."""

    __tablename__ = "import_positions"
    kind = Kind.REGISTER

    log: Mapped[str] = mapped_column(String(40), primary_key=True)
    inode: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger)
