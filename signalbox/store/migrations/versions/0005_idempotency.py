"""Answers kept for clients that repeat a request."""

import sqlalchemy as sa
from alembic import op

from signalbox.store.types import Utc

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "idempotency_keys",
        sa.Column("key_digest", sa.String(64), primary_key=True),
        sa.Column("request_digest", sa.String(64), nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("expires_at", Utc, nullable=False),
    )
    op.create_index("ix_idempotency_keys_expires_at", "idempotency_keys", ["expires_at"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("idempotency_keys")
