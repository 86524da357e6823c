"""The contract of a trigger: the package of its message, which says how to read the message."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column(
        "triggers",
        sa.Column(
            "contract",
            ASCII,
            nullable=False,
            server_default="yandex.cloud.serverless.triggers.v1",
        ),
    )


def downgrade() -> None:
    op.drop_column("triggers", "contract")
