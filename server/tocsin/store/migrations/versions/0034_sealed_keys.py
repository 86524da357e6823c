"""Secret keys may be encrypted; rows name the key that encrypts them."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TABLES = ("access_signing_keys", "shared_keys")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("sealed_by", ASCII, nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "sealed_by")
