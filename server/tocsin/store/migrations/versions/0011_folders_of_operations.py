"""The folder of an operation: who may see it is known although its trigger is gone."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
oldest_known = "0002"


def upgrade() -> None:
    op.add_column("operations", sa.Column("folder_id", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("operations", "folder_id")
