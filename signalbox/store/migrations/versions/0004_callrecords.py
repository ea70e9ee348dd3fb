"""Call records, their steps, and where the importer stands."""

import sqlalchemy as sa
from alembic import op

from signalbox.store.types import PlainJson, Utc

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "call_records",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.Integer, sa.ForeignKey("tenants.id", name="fk_call_records_tenant"), nullable=False),
        sa.Column("call_id", sa.String(80), nullable=False),
        sa.Column("started_at", Utc, nullable=False),
        sa.Column("answered_at", Utc),
        sa.Column("ended_at", Utc, nullable=False),
        sa.Column("from_number", sa.String(80), nullable=False),
        sa.Column("from_name", sa.Text, nullable=False),
        sa.Column("to_number", sa.String(80), nullable=False),
        sa.Column("to_name", sa.Text, nullable=False),
        sa.Column("dialled", sa.String(80), nullable=False),
        sa.Column("disposition", sa.String(20), nullable=False),
        sa.Column("cause", sa.Integer, nullable=False),
        sa.Column("legs", PlainJson, nullable=False),
        sa.UniqueConstraint("call_id", name="uq_call_records_call_id"),
    )
    op.create_index("ix_call_records_tenant", "call_records", ["tenant"])
    op.create_index("ix_call_records_page", "call_records", ["tenant", "started_at", "id"])
    for column in ("from_number", "to_number", "disposition"):
        op.create_index(f"ix_call_records_{column}", "call_records", [column])
    op.create_table(
        "call_steps",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("call_id", sa.String(80), nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("journal", sa.Text, nullable=False),
    )
    op.create_index("ix_call_steps_call_id", "call_steps", ["call_id"])
    op.create_table(
        "open_calls",
        sa.Column("call_id", sa.String(80), primary_key=True),
        sa.Column("state", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "import_positions",
        sa.Column("log", sa.String(40), primary_key=True),
        sa.Column("inode", sa.BigInteger, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("import_positions", "open_calls", "call_steps", "call_records"):
        op.drop_table(table)
