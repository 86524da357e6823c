"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:

    op.create_table(
        "armed_timers",
        sa.Column("trigger_id", ASCII, nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trigger_id"),
    )
    op.create_index("armed_timers_by_instant", "armed_timers", ["next_at"], unique=False)
    op.create_table(
        "invocations",
        sa.Column("id", ASCII, nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("scheduled_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("forgotten_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("occurrence"),
    )
    op.create_index(
        "invocations_by_next_at",
        "invocations",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index("invocations_in_parent", "invocations", ["parent", "id"], unique=False)
    op.create_table(
        "operations",
        sa.Column("id", ASCII, nullable=False),
        sa.Column("trigger_id", ASCII, nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("operations_of_trigger", "operations", ["trigger_id", "id"], unique=False)
    op.create_table(
        "remembered_requests",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key"),
    )
    op.create_index(
        "remembered_requests_by_expiry", "remembered_requests", ["expires_at"], unique=False
    )
    op.create_table(
        "triggers",
        sa.Column("id", ASCII, nullable=False),
        sa.Column("folder_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "triggers_by_name",
        "triggers",
        ["folder_id", "name"],
        unique=True,
        sqlite_where=sa.text("name != ''"),
        postgresql_where=sa.text("name != ''"),
    )
    op.create_index("triggers_in_folder", "triggers", ["folder_id", "id"], unique=False)


def downgrade() -> None:

    op.drop_index("triggers_in_folder", table_name="triggers")
    op.drop_index(
        "triggers_by_name",
        table_name="triggers",
        sqlite_where=sa.text("name != ''"),
        postgresql_where=sa.text("name != ''"),
    )
    op.drop_table("triggers")
    op.drop_index("remembered_requests_by_expiry", table_name="remembered_requests")
    op.drop_table("remembered_requests")
    op.drop_index("operations_of_trigger", table_name="operations")
    op.drop_table("operations")
    op.drop_index("invocations_in_parent", table_name="invocations")
    op.drop_index(
        "invocations_by_next_at",
        table_name="invocations",
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.drop_table("invocations")
    op.drop_index("armed_timers_by_instant", table_name="armed_timers")
    op.drop_table("armed_timers")
