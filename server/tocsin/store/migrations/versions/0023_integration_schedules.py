"""Schedules of published versions of integrations."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "integration_schedules",
        sa.Column("version_id", ASCII, primary_key=True),
        sa.Column("trigger_id", sa.Text(), primary_key=True),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
    )
    op.create_index("integration_schedules_by_instant", "integration_schedules", ["next_at"])


def downgrade() -> None:
    op.drop_table("integration_schedules")
