"""Stores bindings: the roles of subjects on resources."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, delete, insert, or_, select

from tocsin.store.access.schema import bindings as table
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Transaction, UniqueViolation


@dataclass(frozen=True, slots=True)
class StoredBinding:
    """A role of a subject on a resource: `folders/ID`, `projects/ID`, or `*`."""

    resource: str
    subject: str
    role: str
    configured: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """The key by which bindings are sorted."""
        return self.resource, self.subject, self.role


RECORD = Record(StoredBinding, table)
INSERT = insert(table)
THIS = and_(
    table.c.resource == bindparam("resource"),
    table.c.subject == bindparam("subject"),
    table.c.role == bindparam("role"),
)
SELECT = select(*RECORD.columns).where(THIS)
DELETE = delete(table).where(THIS)
OF_SUBJECT = select(*RECORD.columns).where(table.c.subject == bindparam("subject"))
PAGE = (
    select(*RECORD.columns)
    .where(
        or_(bindparam("any_resource") == 1, table.c.resource == bindparam("of_resource")),
        or_(bindparam("any_subject") == 1, table.c.subject == bindparam("of_subject")),
        or_(
            table.c.resource > bindparam("resource"),
            and_(
                table.c.resource == bindparam("resource"),
                or_(
                    table.c.subject > bindparam("subject"),
                    and_(
                        table.c.subject == bindparam("subject"),
                        table.c.role > bindparam("role"),
                    ),
                ),
            ),
        ),
    )
    .order_by(table.c.resource, table.c.subject, table.c.role)
    .limit(bindparam("limit"))
)


def add_binding(tx: Transaction, binding: StoredBinding) -> bool:
    """Adds a binding; returns False if it exists."""
    try:
        tx.run(INSERT, **RECORD.values(binding))
    except UniqueViolation:
        return False
    return True


def find_binding(tx: Transaction, binding: StoredBinding) -> StoredBinding | None:
    return RECORD.one(tx, SELECT, **_values(binding))


def delete_binding(tx: Transaction, binding: StoredBinding) -> None:
    tx.run(DELETE, **_values(binding))


def bindings_of(tx: Transaction, subjects: Sequence[str]) -> list[StoredBinding]:
    """Returns all bindings of the subjects."""
    return [
        binding for subject in subjects for binding in RECORD.all(tx, OF_SUBJECT, subject=subject)
    ]


def page_of_bindings(
    tx: Transaction,
    *,
    resource: str | None,
    subject: str | None,
    after: tuple[str, str, str],
    limit: int,
) -> list[StoredBinding]:
    """Returns bindings, sorted by resource, subject and role; None means all of them."""
    return RECORD.all(
        tx,
        PAGE,
        any_resource=int(resource is None),
        of_resource=resource or "",
        any_subject=int(subject is None),
        of_subject=subject or "",
        resource=after[0],
        subject=after[1],
        role=after[2],
        limit=limit,
    )


def _values(binding: StoredBinding) -> dict[str, str]:
    return {"resource": binding.resource, "subject": binding.subject, "role": binding.role}
