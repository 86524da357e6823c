"""Traces: the `traceparent` of the call that asked for an invocation."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
oldest_known = "0002"


def upgrade() -> None:
    op.add_column("invocations", sa.Column("traceparent", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("invocations", "traceparent")
