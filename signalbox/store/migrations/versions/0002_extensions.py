"""Extensions and number ranges."""

import sqlalchemy as sa
from alembic import op

from signalbox.store.types import PlainJson, Utc

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _configured(table: str, *columns: "sa.Column[object] | sa.UniqueConstraint") -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.Integer, sa.ForeignKey("tenants.id", name=f"fk_{table}_tenant"), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("updated_at", Utc, nullable=False),
        *columns,
    )
    op.create_index(f"ix_{table}_tenant", table, ["tenant"])


def upgrade() -> None:
    """Create the tables."""
    _configured(
        "extensions",
        sa.Column("number", sa.String(11), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("ring_s", sa.Integer, nullable=False),
        sa.Column("max_contacts", sa.Integer, nullable=False),
        sa.Column("register_expiry_s", sa.Integer, nullable=False),
        sa.Column("web_phone", sa.Boolean, nullable=False),
        sa.Column("srtp", sa.Boolean, nullable=False),
        sa.Column("codecs", PlainJson, nullable=False),
        sa.Column("dtmf_mode", sa.String(10), nullable=False),
        sa.Column("nat", sa.Boolean, nullable=False),
        sa.Column("qualify_s", sa.Integer, nullable=False),
        sa.Column("permit_ip", PlainJson, nullable=False),
        sa.Column("rtp_timeout_s", sa.Integer, nullable=False),
        sa.Column("music_on_hold", sa.String(40), nullable=False),
        sa.Column("phone_secret", sa.Text, nullable=False),
        sa.Column("web_secret", sa.Text, nullable=False),
        sa.UniqueConstraint("tenant", "number", name="uq_extensions_number"),
    )
    _configured(
        "number_ranges",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("first", sa.String(11), nullable=False),
        sa.Column("last", sa.String(11), nullable=False),
        sa.UniqueConstraint("tenant", "name", name="uq_number_ranges_name"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("number_ranges")
    op.drop_table("extensions")
