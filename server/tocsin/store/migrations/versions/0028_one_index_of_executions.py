"""Executions: one index serves all their lists."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0026"
branch_labels = None
depends_on = None
oldest_known = "0011"

IS_EXECUTION = sa.text("message IS NOT NULL")
MERGED = ("origin", "integration_trigger", "state", "created_at", "id")
REPLACED = {
    "executions_stored": ("origin", "created_at", "id"),
    "executions_stored_in_state": ("origin", "state", "created_at", "id"),
    "executions_stored_of": ("origin", "integration_trigger", "created_at", "id"),
}


def upgrade() -> None:
    _index("executions_of", MERGED)
    for name in REPLACED:
        op.drop_index(name, "invocations")


def downgrade() -> None:
    for name, columns in REPLACED.items():
        _index(name, columns)
    op.drop_index("executions_of", "invocations")


def _index(name: str, columns: tuple[str, ...]) -> None:
    op.create_index(
        name,
        "invocations",
        list(columns),
        sqlite_where=IS_EXECUTION,
        postgresql_where=IS_EXECUTION,
    )
