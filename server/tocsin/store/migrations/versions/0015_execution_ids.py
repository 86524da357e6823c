"""The id that a client chose for an execution: unique in its project and location, not in all."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("invocations", sa.Column("execution_id", ASCII, nullable=True))
    op.create_index(
        "invocations_by_execution_id",
        "invocations",
        ["parent", "execution_id"],
        unique=True,
        sqlite_where=sa.text("execution_id IS NOT NULL"),
        postgresql_where=sa.text("execution_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("invocations_by_execution_id", "invocations")
    op.drop_column("invocations", "execution_id")
