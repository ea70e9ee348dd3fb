"""Users, their sessions and tokens, and failed sign-ins. Nothing here reveals a password, a session or a token."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from signalbox.store.tables import SECRET, Base, Kind, TenantOwned


class UserRow(TenantOwned, Base):
    """Someone who may sign in; the name is unique in the whole installation."""

    __tablename__ = "users"
    kind = Kind.USER_STATE

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(Text, info=SECRET)
    role: Mapped[str] = mapped_column(String(20))
    must_change_password: Mapped[bool]
    created_at: Mapped[datetime]
    password_at: Mapped[datetime]


class SessionRow(TenantOwned, Base):
    """A signed-in browser."""

    __tablename__ = "sessions"
    kind = Kind.USER_STATE

    digest: Mapped[str] = mapped_column(String(64), primary_key=True, info=SECRET)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class TokenRow(TenantOwned, Base):
    """A machine's credential, acting for the user who made it."""

    __tablename__ = "api_tokens"
    kind = Kind.USER_STATE

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True, info=SECRET)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class FailureRow(Base):
    """Failed sign-ins in a row, counted by user and by source address."""

    __tablename__ = "sign_in_failures"
    kind = Kind.USER_STATE

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
    locked_until: Mapped[datetime]
