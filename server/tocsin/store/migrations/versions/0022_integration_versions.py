"""Versions of integrations that are registered over the API."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
IS_ACTIVE = sa.text("state = 'ACTIVE'")


def upgrade() -> None:
    op.create_table(
        "integration_versions",
        sa.Column("id", ASCII, primary_key=True),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("snapshot_number", sa.BigInteger(), nullable=False),
        sa.Column("state", ASCII, nullable=False),
        sa.Column("creator", sa.Text(), nullable=False),
        sa.Column("modifier", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("user_label", sa.Text(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("published_with", sa.LargeBinary(), nullable=True),
    )
    op.create_index(
        "integration_versions_of",
        "integration_versions",
        ["location", "integration", "snapshot_number"],
        unique=True,
    )
    op.create_index(
        "integration_versions_active",
        "integration_versions",
        ["location", "integration"],
        unique=True,
        sqlite_where=IS_ACTIVE,
        postgresql_where=IS_ACTIVE,
    )


def downgrade() -> None:
    op.drop_table("integration_versions")
