"""Jobs, which change many invocations step by step."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", ASCII, primary_key=True),
        sa.Column("kind", ASCII, nullable=False),
        sa.Column("state", ASCII, nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("selected", sa.BigInteger(), nullable=False),
        sa.Column("at_least", sa.Integer(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", sa.BigInteger(), nullable=True),
        sa.Column("reached_id", ASCII, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
    )
    for index, column, condition in (
        ("jobs_running", "id", "finished_at IS NULL"),
        ("jobs_by_end", "finished_at", "finished_at IS NOT NULL"),
    ):
        op.create_index(
            index,
            "jobs",
            [column],
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )


def downgrade() -> None:
    op.drop_table("jobs")
