"""What tables and the overview read: unnamed triggers, ticks in order, silent sources, nodes."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0024"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
UNNAMED = sa.text("name = ''")
DISCONNECTED = sa.text("connected = 0")


def upgrade() -> None:
    op.create_index(
        "triggers_unnamed",
        "triggers",
        ["folder_id", "id"],
        sqlite_where=UNNAMED,
        postgresql_where=UNNAMED,
    )
    op.create_index(
        "source_states_disconnected",
        "source_states",
        ["trigger_id"],
        sqlite_where=DISCONNECTED,
        postgresql_where=DISCONNECTED,
    )
    # It serves whatever the index of instants alone served.
    op.create_index("armed_timers_in_order", "armed_timers", ["next_at", "trigger_id"])
    op.drop_index("armed_timers_by_instant", "armed_timers")
    op.create_table(
        "nodes",
        sa.Column("name", ASCII, primary_key=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("claims", sa.BigInteger(), nullable=False),
        sa.Column("behind_us", sa.BigInteger(), nullable=True),
    )


def downgrade() -> None:
    op.drop_table("nodes")
    op.create_index("armed_timers_by_instant", "armed_timers", ["next_at"])
    op.drop_index("armed_timers_in_order", "armed_timers")
    op.drop_index("source_states_disconnected", "source_states")
    op.drop_index("triggers_unnamed", "triggers")
