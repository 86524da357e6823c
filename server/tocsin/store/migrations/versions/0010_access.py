"""Access control: who there is, what proves it, what they may do, what tokens are signed with."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None
oldest_known = "0002"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _accounts()
    _proofs()
    op.create_table(
        "access_bindings",
        sa.Column("resource", ASCII, nullable=False),
        sa.Column("subject", ASCII, nullable=False),
        sa.Column("role", ASCII, nullable=False),
        sa.Column("configured", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("resource", "subject", "role"),
    )
    op.create_index("access_bindings_of_subject", "access_bindings", ["subject"])
    op.create_table(
        "access_signing_keys",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", ASCII, nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=True),
        sa.Column("signs_from", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    generation = op.create_table(
        "access_generation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(generation, [{"id": 1, "number": 0}])


def _accounts() -> None:
    op.create_table(
        "access_accounts",
        sa.Column("id", ASCII, nullable=False),
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("folder_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("tokens_from", sa.BigInteger(), nullable=False),
        sa.Column("configured", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "access_accounts_by_name",
        "access_accounts",
        ["kind", "folder_id", "name"],
        unique=True,
        sqlite_where=sa.text("name != ''"),
        postgresql_where=sa.text("name != ''"),
    )


def _proofs() -> None:
    op.create_table(
        "access_keys",
        sa.Column("id", ASCII, nullable=False),
        sa.Column("account_id", ASCII, nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("configured", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("access_keys_of_account", "access_keys", ["account_id", "id"])
    op.create_table(
        "access_credentials",
        sa.Column("id", ASCII, nullable=False),
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("account_id", ASCII, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(
        "access_credentials_of_account", "access_credentials", ["account_id", "kind", "id"]
    )
    op.create_index(
        "access_credentials_by_expiry",
        "access_credentials",
        ["expires_at"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_table(
        "access_revoked_tokens",
        sa.Column("id", ASCII, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "access_used_assertions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    for table in ("access_revoked_tokens", "access_used_assertions"):
        op.create_index(f"{table}_by_expiry", table, ["expires_at"])


def downgrade() -> None:
    for table in (
        "access_generation",
        "access_signing_keys",
        "access_bindings",
        "access_used_assertions",
        "access_revoked_tokens",
        "access_credentials",
        "access_keys",
        "access_accounts",
    ):
        op.drop_table(table)
