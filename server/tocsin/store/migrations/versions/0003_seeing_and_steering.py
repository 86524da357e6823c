"""Seeing and steering: lists of invocations, and what was decided about ticks."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
# The oldest schema that a node may know and still work beside those that know this one.
oldest_known = "0002"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TROUBLED = sa.text("state != 'pending' AND state != 'running' AND state != 'succeeded'")
EXECUTION = sa.text("message IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", ASCII, nullable=False),
        sa.Column("trigger_id", ASCII, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("decisions_of_trigger", "decisions", ["trigger_id", "kind", "first_at", "id"])
    op.create_index("decisions_by_end", "decisions", ["last_at"])
    op.drop_index("invocations_listed", table_name="invocations")
    op.create_index(
        "invocations_listed",
        "invocations",
        ["parent", "id", "finished_at"],
        sqlite_where=EXECUTION,
        postgresql_where=EXECUTION,
    )
    op.create_index("invocations_of_origin", "invocations", ["origin", "scheduled_at", "id"])
    op.create_index("invocations_by_instant", "invocations", ["scheduled_at", "id"])
    op.create_index(
        "invocations_troubled",
        "invocations",
        ["state", "scheduled_at", "id"],
        sqlite_where=TROUBLED,
        postgresql_where=TROUBLED,
    )
    op.create_index(
        "invocations_troubled_of_origin",
        "invocations",
        ["origin", "state", "scheduled_at", "id"],
        sqlite_where=TROUBLED,
        postgresql_where=TROUBLED,
    )


def downgrade() -> None:
    for name in (
        "invocations_troubled_of_origin",
        "invocations_troubled",
        "invocations_by_instant",
        "invocations_of_origin",
        "invocations_listed",
    ):
        op.drop_index(name, table_name="invocations")
    op.create_index("invocations_listed", "invocations", ["parent", "id", "finished_at"])
    op.drop_table("decisions")
