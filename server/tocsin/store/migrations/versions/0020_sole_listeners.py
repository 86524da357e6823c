"""Sole listeners: a queue feeds one trigger, on any number of nodes."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0017"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SOLE = sa.text("sole IS NOT NULL")


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("sole", ASCII, nullable=True))
    op.create_index(
        "subscriptions_sole",
        "subscriptions",
        ["kind", "sole"],
        unique=True,
        sqlite_where=SOLE,
        postgresql_where=SOLE,
    )


def downgrade() -> None:
    op.drop_index("subscriptions_sole", "subscriptions")
    op.drop_column("subscriptions", "sole")
