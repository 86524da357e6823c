"""Sources that are asked for their events: how they stand, who reads which part, what they keep."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
oldest_known = "0002"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "source_states",
        sa.Column("trigger_id", ASCII, nullable=False),
        sa.Column("connected", sa.Integer(), nullable=False),
        sa.Column("last_event_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_error_at", sa.BigInteger(), nullable=True),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trigger_id"),
    )
    op.create_table(
        "source_parts",
        sa.Column("trigger_id", ASCII, nullable=False),
        sa.Column("part", ASCII, nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trigger_id", "part"),
    )
    op.create_table(
        "held_messages",
        sa.Column("trigger_id", ASCII, nullable=False),
        sa.Column("key", ASCII, nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("event_id", ASCII, nullable=True),
        sa.Column("invocation_id", ASCII, nullable=True),
        sa.PrimaryKeyConstraint("trigger_id", "key"),
    )
    op.create_index("held_messages_by_event", "held_messages", ["trigger_id", "event_id"])


def downgrade() -> None:
    for table in ("held_messages", "source_parts", "source_states"):
        op.drop_table(table)
