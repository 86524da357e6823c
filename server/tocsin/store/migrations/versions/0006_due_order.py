"""Order among what is due at the same instant, and what waits for each target."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
oldest_known = "0002"

WAITS = sa.text("next_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index("invocations_due", table_name="invocations")
    _index("invocations_due", ["next_at", "id"])
    _index("invocations_waiting", ["target", "next_at", "id"])


def downgrade() -> None:
    op.drop_index("invocations_waiting", table_name="invocations")
    op.drop_index("invocations_due", table_name="invocations")
    _index("invocations_due", ["next_at", "target"])


def _index(name: str, columns: list[str]) -> None:
    op.create_index(name, "invocations", columns, sqlite_where=WAITS, postgresql_where=WAITS)
