"""Which causes people were told of, and an index of decisions about ticks that were missed."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0031"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "notice_causes",
        sa.Column("trigger_id", ASCII, primary_key=True),
        sa.Column("kind", ASCII, primary_key=True),
        sa.Column("receiver", ASCII, primary_key=True),
        sa.Column("noticed_at", sa.BigInteger(), nullable=False),
        sa.Column("ongoing", sa.Integer(), nullable=False),
    )
    op.create_index("notice_causes_by_instant", "notice_causes", ["noticed_at"])
    for index, table, columns, condition in (
        (
            "notice_causes_ongoing",
            "notice_causes",
            ["trigger_id", "kind", "receiver"],
            "ongoing = 1",
        ),
        (
            "decisions_missed",
            "decisions",
            ["decided_at", "id"],
            "kind = 'misfire' OR kind = 'unreadable'",
        ),
    ):
        op.create_index(
            index,
            table,
            columns,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )


def downgrade() -> None:
    op.drop_index("decisions_missed", table_name="decisions")
    op.drop_table("notice_causes")
