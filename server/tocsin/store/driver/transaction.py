"""Defines transactions, which run SQLAlchemy Core statements on a bare driver connection.

Statements are compiled once for the dialect and run without Core's result machinery, which would
cost more than the query itself on hot paths. So rows hold what the driver returns: the schema uses
only text, integers and bytes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

from sqlalchemy import Column, Executable, Insert, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from tocsin.store.driver.bells import Bell, Rung
from tocsin.store.driver.changes import Watched, Written

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]
Value: TypeAlias = str | int | bytes | None
Work: TypeAlias = Callable[["Transaction"], T]


class UniqueViolation(Exception):
    """A row with this key exists."""


class Contended(Exception):
    """Another transaction wrote first: the work must run again, on what that one wrote."""


class Cursor(Protocol):
    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """Runs the text of statements."""

    def execute(self, statement: str, parameters: Mapping[str, Value], /) -> Cursor: ...
    def executemany(
        self, statement: str, parameters: Sequence[Mapping[str, Value]], /
    ) -> Cursor: ...


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement for the driver.

    `bound` are the values that the statement itself binds. `order` names all parameters in order,
    for a driver that binds them by position.
    """

    text: str
    bound: dict[str, Value]
    order: tuple[str, ...] = ()


class KeyedWrite:
    """Writes one row, and tells of it by its key.

    Args:
        statement: an insert or update of at most one row.
        key: the column of the key.
        parameter: the name of the key's parameter.
    """

    __slots__ = ("parameter", "returning", "statement")

    def __init__(self, statement: Insert | Update, key: Column[Any], parameter: str) -> None:
        self.statement = statement
        self.returning = statement.returning(key)
        self.parameter = parameter


class Statements:
    """Compiles each Core statement once."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._compiled: dict[Executable, Compiled] = {}

    def compiled(self, statement: Executable) -> Compiled:
        known = self._compiled.get(statement)
        if known is None:
            known = self._compiled[statement] = self._compile(statement)
        return known

    def _compile(self, statement: Executable) -> Compiled:
        if not isinstance(statement, ClauseElement):
            raise TypeError(f"{statement!r} is not a Core statement")
        compiled = statement.compile(dialect=self._dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(f"{statement!r} is not a statement over rows")
        if "POSTCOMPILE" in str(compiled):
            raise TypeError(f"{statement} has a list of any length, it needs a FixedList")
        # The caller gives the parameters without a value.
        bound = {name: value for name, value in compiled.params.items() if value is not None}
        return Compiled(str(compiled), bound, tuple(compiled.positiontup or ()))


class Afterwards:
    """Collects statements for the end of a transaction, and bells for after its commit.

    If work is undone, so are these. `written` names the changed rows that can be watched.
    """

    __slots__ = ("last", "rung", "rung_here", "written")

    def __init__(self) -> None:
        self.rung = Rung()
        self.rung_here = Rung()
        self.written: Written = []
        self.last: dict[tuple[Executable, tuple[tuple[str, Value], ...]], None] = {}

    def add(self, others: "Afterwards") -> None:
        self.rung.add(others.rung)
        self.rung_here.add(others.rung_here)
        self.written += others.written
        self.last.update(others.last)


class Transaction:
    """Runs statements on one connection; its maker begins and commits."""

    exclusive: ClassVar[bool] = True
    """Whether no other node can use the store."""

    __slots__ = ("_connection", "_statements", "_unique_violation", "afterwards")

    def __init__(
        self,
        connection: Connection,
        statements: Statements,
        unique_violation: Callable[[Exception], bool],
    ) -> None:
        self._connection = connection
        self._statements = statements
        self._unique_violation = unique_violation
        self.afterwards = Afterwards()

    def ring(self, bell: Bell, at: datetime | None = None) -> None:
        """Rings a bell on all nodes after the commit.

        Args:
            bell: the bell.
            at: the instant of the work, None for now. The earliest instant counts.
        """
        self.afterwards.rung.ring(bell, at)

    def ring_here(self, bell: Bell, at: datetime | None = None) -> None:
        """Rings a bell on this node alone, after the commit.

        This is for frequent work, for which notices would cost too much: other nodes find it when
        they next poll.
        """
        self.afterwards.rung_here.ring(bell, at)

    def changed(self, kind: Watched, ids: Iterable[str]) -> None:
        """Names rows that the transaction changed, for those who watch; after the commit.

        It costs a list's entry, and `ids` are read only if somebody watches.
        """
        self.afterwards.written.append((kind, ids))

    def run_last(self, statement: Executable, **values: Value) -> None:
        """Runs a write just before the commit, once for all work that shares the commit.

        So a row that many transactions write is locked only for the commit.
        """
        self.afterwards.last[statement, tuple(values.items())] = None

    def conclude(self) -> None:
        """Runs the statements of `run_last`; the maker of the transaction commits after this."""
        # In the same order everywhere: otherwise two transactions could wait for each other.
        text_of = self._statements.compiled
        in_order = sorted(
            self.afterwards.last, key=lambda one: (text_of(one[0]).text, repr(one[1]))
        )
        for statement, values in in_order:
            self.run(statement, **dict(values))

    def one(self, statement: Executable, **values: Value) -> Row | None:
        row: Row | None = self._execute(statement, values).fetchone()
        return row

    def all(self, statement: Executable, **values: Value) -> list[Row]:
        return self._execute(statement, values).fetchall()

    def value(self, statement: Executable, **values: Value) -> Any:
        """Returns the first column of the first row; None if there is no row, or it is NULL."""
        row = self._execute(statement, values).fetchone()
        return None if row is None else row[0]

    def column(self, statement: Executable, **values: Value) -> list[Any]:
        """Returns the first column of all rows."""
        return [row[0] for row in self._execute(statement, values).fetchall()]

    def each(self, statement: Executable, rows: Sequence[Mapping[str, Value]]) -> list[Row]:
        """Runs the statement once for each row of values; returns all returned rows."""
        compiled = self._statements.compiled(statement)
        bound, execute = compiled.bound, self._connection.execute
        returned: list[Row] = []
        for values in rows:
            returned += execute(compiled.text, {**bound, **values} if bound else values).fetchall()
        return returned

    def keys_written(self, write: KeyedWrite, rows: Sequence[Mapping[str, Value]]) -> set[Value]:
        """Runs a write once for each row of values; returns the keys of the rows that it wrote."""
        # The driver's count costs less than a row that the statement returns.
        compiled = self._statements.compiled(write.statement)
        bound, execute, name = compiled.bound, self._connection.execute, write.parameter
        return {
            values[name]
            for values in rows
            if execute(compiled.text, {**bound, **values} if bound else values).rowcount > 0
        }

    def many(self, statement: Insert, rows: Sequence[Mapping[str, Value]]) -> None:
        """Inserts all rows of values, at the least cost. A taken key fails the whole work.

        Args:
            statement: inserts one row, whose parameters are named as its columns.
            rows: a value for every parameter.
        """
        self._connection.executemany(self._statements.compiled(statement).text, rows)

    def run(self, statement: Executable, **values: Value) -> int:
        """Runs a write; returns how many rows it wrote.

        Raises:
            UniqueViolation: a unique key is taken. After an insert the work may go on, after an
                update it must end.
        """
        try:
            return self._execute(statement, values).rowcount
        except Exception as error:
            if self._unique_violation(error):
                raise UniqueViolation(str(error)) from error
            raise

    def _execute(self, statement: Executable, values: dict[str, Value]) -> Cursor:
        compiled = self._statements.compiled(statement)
        bound = compiled.bound
        return self._connection.execute(compiled.text, {**bound, **values} if bound else values)
