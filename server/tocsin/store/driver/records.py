"""Rows by name: the fields of a class name the columns that a statement reads and writes.

A statement selects `Record.columns`, so the columns come in the order of the fields, which is
written down nowhere else.
"""

from collections.abc import Callable, Collection, Sequence
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
    """Turns rows into values of a dataclass or a named tuple, and values into what an insert binds.

    Each field is the column of its name in `table`, unless `others` has another column for it, or
    the record of a value within the value. Such a value is None where it may be, and its first
    column is NULL: an outer join found no row. Fields in `without` are not read: they keep their
    defaults, and have to be the last ones.
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
            raise TypeError(f"{kind}: what is not read has to stand behind what is")
        if any(defaults[name] is MISSING for name in without):
            raise TypeError(f"{kind}: what is not read needs a default")
        self._kind = kind
        self._values = _getter(self.names)
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
            (place, convert)
            for place, name in enumerate(self.names)
            if (convert := _writing(*_type_of(hints[name]))) is not None
        )
        # From the end: the places of those before stay as they are.
        self._within = tuple(reversed(within))

    @property
    def bound(self) -> dict[str, BindParameter[Any]]:
        """A parameter for each field, as `insert().values()` takes them."""
        return {name: bindparam(name) for name in self.names}

    def of(self, row: Row) -> T:
        """Reads a row of `columns`."""
        values = list(row)
        for place, convert in self._from_row:
            values[place] = convert(values[place])
        for place, record, optional in self._within:
            part = row[place : place + len(record.columns)]
            there = None if optional and part[0] is None else record.of(part)
            values[place : place + len(part)] = [there]
        return self._kind(*values)

    def values(self, record: T) -> dict[str, Value]:
        """Returns what `bound` is to be given."""
        values = list(self._values(record))
        for place, convert in self._to_row:
            values[place] = convert(values[place])
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
        raise TypeError(f"{names} is a single value: use Transaction.value")
    return attrgetter(*names)


def _type_of(hint: Any) -> tuple[type, bool]:
    """Returns a field's type, and whether it may be None."""
    if not isinstance(hint, UnionType):
        return hint, False
    [found] = (each for each in get_args(hint) if each is not NoneType)
    return found, True


def _reading(kind: type, optional: bool) -> Convert | None:
    if kind is datetime:
        return instant_or_none if optional else from_micros
    if kind is bool or issubclass(kind, Enum):
        return _unless_none(kind) if optional else kind
    return None


def _writing(kind: type, optional: bool) -> Convert | None:
    if kind is datetime:
        return micros_or_none if optional else to_micros
    if kind is bool:
        return _unless_none(int) if optional else int
    if issubclass(kind, Enum):
        # What `value` returns, without its descriptor.
        value = attrgetter("_value_")
        return _unless_none(value) if optional else value
    return None


def _unless_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)
