"""The tenant tree with its first tenant, and the change sets."""

import sqlalchemy as sa
from alembic import op

from signalbox.store.types import PlainJson, Utc

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and the first tenant."""
    tenants = op.create_table(
        "tenants",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("parent", sa.Integer, sa.ForeignKey("tenants.id", name="fk_tenants_parent")),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("path", sa.String(500), nullable=False),
        sa.UniqueConstraint("path", name="uq_tenants_path"),
    )
    op.bulk_insert(tenants, [{"parent": None, "kind": "provider", "name": "Signalbox", "path": "/1/"}])
    op.create_table(
        "change_sets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.Integer, sa.ForeignKey("tenants.id", name="fk_change_sets_tenant"), nullable=False),
        sa.Column("author", sa.String(100), nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("undoes", sa.Integer, sa.ForeignKey("change_sets.id", name="fk_change_sets_undoes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_change_sets_tenant", "change_sets", ["tenant"])
    op.create_table(
        "change_entries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.Integer, sa.ForeignKey("tenants.id", name="fk_change_entries_tenant"), nullable=False),
        sa.Column(
            "change_id", sa.Integer, sa.ForeignKey("change_sets.id", name="fk_change_entries_change_id"), nullable=False
        ),
        sa.Column("table_name", sa.String(63), nullable=False),
        sa.Column("row_key", sa.Integer, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("before", PlainJson),
        sa.Column("after", PlainJson),
    )
    op.create_index("ix_change_entries_tenant", "change_entries", ["tenant"])
    op.create_index("ix_change_entries_change_id", "change_entries", ["change_id"])
    op.create_index("ix_change_entries_row", "change_entries", ["table_name", "row_key", "change_id"])


def downgrade() -> None:
    """Drop everything."""
    op.drop_table("change_entries")
    op.drop_table("change_sets")
    op.drop_table("tenants")
