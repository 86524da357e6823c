"""Deliveries: targets, leases, failed calls."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invocations", sa.Column("target", sa.Text(), nullable=False, server_default=""))
    op.add_column("invocations", sa.Column("node", sa.Text(), nullable=True))
    op.add_column(
        "invocations", sa.Column("failures", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("invocations", sa.Column("history", sa.Text(), nullable=True))
    op.drop_index("invocations_by_next_at", table_name="invocations")
    op.create_index(
        "invocations_due",
        "invocations",
        ["next_at", "target"],
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index(
        "invocations_held",
        "invocations",
        ["node"],
        sqlite_where=sa.text("node IS NOT NULL"),
        postgresql_where=sa.text("node IS NOT NULL"),
    )
    op.drop_index("invocations_in_parent", table_name="invocations")
    op.create_index("invocations_listed", "invocations", ["parent", "id", "finished_at"])


def downgrade() -> None:
    op.drop_index("invocations_listed", table_name="invocations")
    op.create_index("invocations_in_parent", "invocations", ["parent", "id"])
    op.drop_index("invocations_held", table_name="invocations")
    op.drop_index("invocations_due", table_name="invocations")
    op.create_index(
        "invocations_by_next_at",
        "invocations",
        ["next_at"],
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    for name in ("history", "failures", "node", "target"):
        op.drop_column("invocations", name)
