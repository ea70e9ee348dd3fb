"""Users, sessions, tokens and failed sign-ins."""

import sqlalchemy as sa
from alembic import op

from signalbox.store.types import Utc

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _reference(table: str, column: str, target: str) -> "sa.Column[int]":
    return sa.Column(column, sa.Integer, sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{column}"), nullable=False)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        _reference("users", "tenant", "tenants"),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("must_change_password", sa.Boolean, nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("password_at", Utc, nullable=False),
        sa.UniqueConstraint("username", name="uq_users_username"),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        _reference("sessions", "tenant", "tenants"),
        _reference("sessions", "user_id", "users"),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("expires_at", Utc, nullable=False),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer, primary_key=True),
        _reference("api_tokens", "tenant", "tenants"),
        _reference("api_tokens", "user_id", "users"),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("expires_at", Utc),
        sa.UniqueConstraint("digest", name="uq_api_tokens_digest"),
    )
    for table in ("users", "sessions", "api_tokens"):
        op.create_index(f"ix_{table}_tenant", table, ["tenant"])
    for table in ("sessions", "api_tokens"):
        op.create_index(f"ix_{table}_user_id", table, ["user_id"])
    op.create_table(
        "sign_in_failures",
        sa.Column("key", sa.String(100), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("last_at", Utc, nullable=False),
        sa.Column("locked_until", Utc, nullable=False),
    )
    op.create_index("ix_sign_in_failures_last_at", "sign_in_failures", ["last_at"])


def downgrade() -> None:
    """Drop them."""
    for table in ("sign_in_failures", "api_tokens", "sessions", "users"):
        op.drop_table(table)
