"""Executions: their trigger, what they replay, why they were cancelled; and indexes of lists."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
IS_EXECUTION = sa.text("message IS NOT NULL")
IS_REPLAY = sa.text("replay_of IS NOT NULL")
STORED = {
    "executions_stored": ("origin", "created_at", "id"),
    "executions_stored_in_state": ("origin", "state", "created_at", "id"),
    "executions_stored_of": ("origin", "integration_trigger", "created_at", "id"),
}


def upgrade() -> None:
    op.add_column("invocations", sa.Column("integration_trigger", sa.Text(), nullable=True))
    op.add_column("invocations", sa.Column("cancel_note", sa.Text(), nullable=True))
    op.add_column("invocations", sa.Column("replay_of", ASCII, nullable=True))
    for name, columns in STORED.items():
        _index(name, columns, IS_EXECUTION)
    _index("executions_replaying", ("replay_of", "id"), IS_REPLAY)


def _index(name: str, columns: tuple[str, ...], where: sa.TextClause) -> None:
    op.create_index(name, "invocations", list(columns), sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("executions_replaying", "invocations")
    for name in STORED:
        op.drop_index(name, "invocations")
    for column in ("integration_trigger", "cancel_note", "replay_of"):
        op.drop_column("invocations", column)
