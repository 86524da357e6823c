"""Sessions of the page in the browser."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "access_sessions",
        sa.Column("id", ASCII, primary_key=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("subject", ASCII, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("proof", ASCII, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(
        "access_sessions_of_subject", "access_sessions", ["subject", "created_at", "id"]
    )
    op.create_index("access_sessions_by_expiry", "access_sessions", ["expires_at"])


def downgrade() -> None:
    op.drop_table("access_sessions")
