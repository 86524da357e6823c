"""Parked invocations: what waits for a paused trigger, and what a deleted one leaves cancelled."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
PARKED = sa.text("parked_due_at IS NOT NULL")
WITHHOLDING = sa.text("last_at IS NULL OR kind = 'deleted'")


def upgrade() -> None:
    op.add_column("invocations", sa.Column("by_hand", sa.Integer(), nullable=True))
    op.add_column("invocations", sa.Column("parked_due_at", sa.BigInteger(), nullable=True))
    op.add_column("invocations", sa.Column("cancel_reason", sa.Text(), nullable=True))
    op.create_index(
        "invocations_parked",
        "invocations",
        ["origin", "id"],
        sqlite_where=PARKED,
        postgresql_where=PARKED,
    )
    op.create_index(
        "decisions_withholding",
        "decisions",
        ["trigger_id"],
        sqlite_where=WITHHOLDING,
        postgresql_where=WITHHOLDING,
    )
    op.create_table(
        "parking_walks",
        sa.Column("trigger_id", ASCII, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("before_at", sa.BigInteger(), nullable=False),
        sa.Column("before_id", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("trigger_id"),
    )


def downgrade() -> None:
    op.drop_table("parking_walks")
    op.drop_index("decisions_withholding", "decisions")
    op.drop_index("invocations_parked", "invocations")
    op.drop_column("invocations", "cancel_reason")
    op.drop_column("invocations", "parked_due_at")
    op.drop_column("invocations", "by_hand")
