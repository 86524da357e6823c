"""Maps rows to classes, whose fields name the columns that a statement reads and writes.

A statement selects `Record.columns`, so its columns come in the order of the fields.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Generic, TypeAlias, TypeVar, get_args, get_type_hints

from sqlalchemy import BindParameter, ColumnElement, Executable, Table, bindparam

from tocsin.store.driver.instants import from_micros, instant_or_none, micros_or_none, to_micros
from tocsin.store.driver.transaction import Row, Transaction, Value

T = TypeVar("T")

Convert: TypeAlias = Callable[[Any], Any]


class Record(Generic[T]):
    """Turns rows into values of a class, and such values into the parameters of an insert.

    Args:
        kind: the class, a dataclass or a named tuple.
        table: has a column for each field, by its name.
        without: fields that are not read and keep their defaults; they must be the last ones.
        others: for a field, another column, or the record of a nested value. An optional nested
            value is None where its first column is NULL, as after an outer join without a match.
    """

    def __init__(
        self,
        kind: Callable[..., T],
        table: Table | None = None,
        *,
        without: Collection[str] = (),
        **others: "ColumnElement[Any] | Record[Any]",
    ) -> None:
        defaults = _defaults(kind)
        self.names = tuple(name for name in defaults if name not in without)
        if tuple(defaults)[: len(self.names)] != self.names:
            raise TypeError(f"{kind}: fields that are not read must be the last ones")
        if any(defaults[name] is MISSING for name in without):
            raise TypeError(f"{kind}: fields that are not read need defaults")
        self._kind = kind
        whole = not is_dataclass(kind) and len(self.names) == len(defaults)
        self._values: Callable[[Any], Iterable[Any]] = iter if whole else _getter(self.names)
        hints = get_type_hints(kind)
        columns: list[ColumnElement[Any]] = []
        from_row: list[tuple[int, Convert]] = []
        within: list[tuple[int, Record[Any], bool]] = []
        for name in self.names:
            source = others[name] if table is None or name in others else table.c[name]
            field, optional = _type_of(hints[name])
            if isinstance(source, Record):
                within.append((len(columns), source, optional))
                columns += source.columns
            else:
                if (convert := _reading(field, optional)) is not None:
                    from_row.append((len(columns), convert))
                columns.append(source)
        self.columns: tuple[ColumnElement[Any], ...] = tuple(columns)
        self._from_row = tuple(from_row)
        self._to_row = tuple(
            (index, convert)
            for index, name in enumerate(self.names)
            if (convert := _writing(*_type_of(hints[name]))) is not None
        )
        # From the end, so that the indexes of earlier fields stay the same.
        self._within = tuple(reversed(within))

    @property
    def bound(self) -> dict[str, BindParameter[Any]]:
        """A parameter for each field, for `insert().values()`."""
        return {name: bindparam(name) for name in self.names}

    def of(self, row: Row) -> T:
        """Reads a row of `columns`."""
        values = list(row)
        for index, convert in self._from_row:
            values[index] = convert(values[index])
        for index, record, optional in self._within:
            part = row[index : index + len(record.columns)]
            there = None if optional and part[0] is None else record.of(part)
            values[index : index + len(part)] = [there]
        return self._kind(*values)

    def values(self, record: T) -> dict[str, Value]:
        """Returns the values for the parameters of `bound`."""
        values = list(self._values(record))
        for index, convert in self._to_row:
            values[index] = convert(values[index])
        return dict(zip(self.names, values, strict=True))

    def one(self, tx: Transaction, statement: Executable, **values: Value) -> T | None:
        """Runs a statement that selects `columns`; returns its first row, or None."""
        row = tx.one(statement, **values)
        return None if row is None else self.of(row)

    def all(self, tx: Transaction, statement: Executable, **values: Value) -> list[T]:
        """Runs a statement that selects `columns`; returns all its rows."""
        return [self.of(row) for row in tx.all(statement, **values)]


def _defaults(kind: Any) -> dict[str, Any]:
    """Returns the fields, in order, each with its default or MISSING."""
    if is_dataclass(kind):
        return {each.name: each.default for each in fields(kind)}
    defaults: dict[str, Any] = kind._field_defaults
    return {name: defaults.get(name, MISSING) for name in kind._fields}


def _getter(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) < 2:
        raise TypeError(f"a record needs two fields or more, not {names}: use Transaction.value")
    return attrgetter(*names)


def _type_of(hint: Any) -> tuple[type, bool]:
    """Returns a field's type, and whether it may be None."""
    if not isinstance(hint, UnionType):
        return hint, False
    [type_] = (argument for argument in get_args(hint) if argument is not NoneType)
    return type_, True


def _reading(kind: type, optional: bool) -> Convert | None:
    if kind is datetime:
        return instant_or_none if optional else from_micros
    if issubclass(kind, Enum):
        return _unless_none(_member_of(kind)) if optional else _member_of(kind)
    if kind is bool:
        return _unless_none(kind) if optional else kind
    return None


def _member_of(kind: type[Enum]) -> Convert:
    """Returns what `kind(value)` does, at a third of its cost."""
    members = {member.value: member for member in kind}
    return lambda value: members[value] if value in members else kind(value)


def _writing(kind: type, optional: bool) -> Convert | None:
    if kind is datetime:
        return micros_or_none if optional else to_micros
    if kind is bool:
        return _unless_none(int) if optional else int
    if issubclass(kind, Enum):
        # As `value`, which is a slow descriptor.
        value = attrgetter("_value_")
        return _unless_none(value) if optional else value
    return None


def _unless_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)
