"""The web's own table: answers kept for clients that repeat a request."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from signalbox.store.tables import SECRET, Base, Kind


class IdempotencyRow(Base):
    """One ``Idempotency-Key``; ``answer`` is null until the request has ended; sealed, for it may hold a secret."""

    __tablename__ = "idempotency_keys"
    kind = Kind.USER_STATE

    key_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_digest: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str | None] = mapped_column(Text, info=SECRET)
    expires_at: Mapped[datetime] = mapped_column(index=True)
