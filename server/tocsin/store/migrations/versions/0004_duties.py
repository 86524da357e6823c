"""Retention, reconciliation, and nodes of two versions side by side."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
# The oldest schema that a node may know and still work beside those that know this one.
oldest_known = "0002"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "swept_ticks",
        sa.Column("trigger_id", ASCII, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trigger_id"),
    )
    op.create_table(
        "duties",
        sa.Column("name", ASCII, nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "compatibility",
        sa.Column("oldest_known", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("oldest_known"),
    )
    op.create_index(
        "invocations_finished",
        "invocations",
        ["state", "finished_at"],
        sqlite_where=sa.text("finished_at IS NOT NULL"),
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "invocations_lost",
        "invocations",
        ["id"],
        sqlite_where=sa.text("next_at IS NULL AND finished_at IS NULL"),
        postgresql_where=sa.text("next_at IS NULL AND finished_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("invocations_lost", table_name="invocations")
    op.drop_index("invocations_finished", table_name="invocations")
    op.drop_table("compatibility")
    op.drop_table("duties")
    op.drop_table("swept_ticks")
