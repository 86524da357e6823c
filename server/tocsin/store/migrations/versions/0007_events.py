"""Events: who listens to them, what waits for its call, what was accepted before, what was lost."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
oldest_known = "0002"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("triggers", sa.Column("subscribed", sa.Integer(), nullable=True))
    op.create_index(
        "triggers_to_subscribe",
        "triggers",
        ["id"],
        sqlite_where=sa.text("subscribed IS NULL"),
        postgresql_where=sa.text("subscribed IS NULL"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("key", ASCII, nullable=False),
        sa.Column("trigger_id", ASCII, nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", "trigger_id"),
    )
    op.create_index("subscriptions_of_trigger", "subscriptions", ["trigger_id"])
    op.create_table(
        "events",
        sa.Column("trigger_id", ASCII, nullable=False),
        sa.Column("id", ASCII, nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("trigger_id", "id"),
    )
    op.create_table(
        "batches",
        sa.Column("trigger_id", ASCII, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trigger_id"),
    )
    op.create_index(
        "batches_due",
        "batches",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "accepted_events",
        sa.Column("trigger_id", ASCII, nullable=False),
        sa.Column("key", ASCII, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trigger_id", "key"),
    )
    op.create_index("accepted_events_by_expiry", "accepted_events", ["expires_at"])
    op.create_table(
        "lost_events",
        sa.Column("trigger_id", ASCII, nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trigger_id"),
    )


def downgrade() -> None:
    for table in ("lost_events", "accepted_events", "batches", "events", "subscriptions"):
        op.drop_table(table)
    op.drop_index("triggers_to_subscribe", table_name="triggers")
    op.drop_column("triggers", "subscribed")
