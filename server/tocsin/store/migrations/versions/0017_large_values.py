"""Large values of invocations have a table of their own on SQLite, which rewrites whole rows.

PostgreSQL keeps them outside of the rows by itself, so the table stays empty there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
oldest_known = "0011"

ASCII = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
FIELDS = ("payload", "message", "answer")
LARGEST_IN_ROW = 4096

INVOCATIONS = sa.table("invocations", sa.column("id"), *(sa.column(name) for name in FIELDS))
LARGE_VALUES = sa.table(
    "large_values",
    *(sa.column(name) for name in ("invocation_id", "field", "bytes", "value")),
)


def upgrade() -> None:
    op.create_table(
        "large_values",
        sa.Column("invocation_id", ASCII, nullable=False),
        sa.Column("field", ASCII, nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("invocation_id", "field"),
    )
    if op.get_context().dialect.name == "sqlite":
        _move_out()


def _move_out() -> None:
    """Moves the large values. SQLite tells a length without reading the value."""
    empty: sa.ColumnElement[bytes] = sa.literal_column("x''")
    size_of = {field: sa.func.length(INVOCATIONS.c[field]) for field in FIELDS}
    for field, size in size_of.items():
        large = sa.select(INVOCATIONS.c.id, sa.literal(field), size, INVOCATIONS.c[field])
        op.execute(
            LARGE_VALUES.insert().from_select(
                LARGE_VALUES.columns.keys(), large.where(size > LARGEST_IN_ROW)
            )
        )
    # All columns at once, as each change writes the whole row.
    op.execute(
        INVOCATIONS.update()
        .where(INVOCATIONS.c.id.in_(sa.select(LARGE_VALUES.c.invocation_id)))
        .values(
            {
                field: sa.case((size > LARGEST_IN_ROW, empty), else_=INVOCATIONS.c[field])
                for field, size in size_of.items()
            }
        )
    )


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for field in FIELDS:
            _move_back(field)
    op.drop_table("large_values")


def _move_back(field: str) -> None:
    is_field = LARGE_VALUES.c.field == field
    value = sa.select(LARGE_VALUES.c.value).where(
        LARGE_VALUES.c.invocation_id == INVOCATIONS.c.id, is_field
    )
    op.execute(
        INVOCATIONS.update()
        .where(INVOCATIONS.c.id.in_(sa.select(LARGE_VALUES.c.invocation_id).where(is_field)))
        .values({field: value.scalar_subquery()})
    )
