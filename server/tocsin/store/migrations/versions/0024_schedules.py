"""Schedules, by which integrations run again and again."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "schedules",
        sa.Column("name", ASCII, primary_key=True),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("tick_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("waits_for", ASCII, nullable=True),
        sa.Column("last_tick_at", sa.BigInteger(), nullable=True),
        sa.Column("last_invocation", ASCII, nullable=True),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.Column("missed", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
    )
    op.create_index("schedules_in_location", "schedules", ["parent", "name"])
    for index, column in (("schedules_due", "due_at"), ("schedules_waiting", "waits_for")):
        condition = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            index,
            "schedules",
            [column],
            sqlite_where=condition,
            postgresql_where=condition,
        )


def downgrade() -> None:
    op.drop_table("schedules")
