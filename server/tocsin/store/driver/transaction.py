"""What a piece of store work is given: named Core statements, run on a bare driver connection.

Statements are written as SQLAlchemy Core, compiled once for the dialect, and run without Core's
result machinery, which would cost more than the query itself on the paths that matter. Rows
therefore hold what the driver returns: the schema uses only text, integers and bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from tocsin.store.driver.bells import Bell, Rung

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]
Value: TypeAlias = str | int | bytes | None
Work: TypeAlias = Callable[["Transaction"], T]


class UniqueViolation(Exception):
    """A row with this key is already there."""


class Contended(Exception):
    """Another transaction got there first: the work has to be run again, and will find it so."""


class Cursor(Protocol):
    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """What runs a statement's text."""

    def execute(self, statement: str, parameters: Mapping[str, Value], /) -> Cursor: ...


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement as the driver wants it: its text, the values it binds itself, and the order of
    all that it binds where the driver goes by position."""

    text: str
    bound: dict[str, Value]
    order: tuple[str, ...] = ()


class Statements:
    """Compiles each Core statement once and remembers it."""

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
            raise TypeError(f"{statement!r} is no Core statement")
        compiled = statement.compile(dialect=self._dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(f"{statement!r} is no statement over rows")
        if "POSTCOMPILE" in str(compiled):
            raise TypeError(f"{statement} has a list of any length; it needs a bindparam for each")
        # Those without a value are for the caller to give.
        bound = {name: value for name, value in compiled.params.items() if value is not None}
        return Compiled(str(compiled), bound, tuple(compiled.positiontup or ()))


class Afterwards:
    """What work leaves to the end of its transaction, and to the time after the commit.

    Of work that is undone this is dropped, as its writes are.
    """

    __slots__ = ("last", "rung", "rung_here")

    def __init__(self) -> None:
        self.rung = Rung()
        self.rung_here = Rung()
        self.last: dict[tuple[Executable, tuple[tuple[str, Value], ...]], None] = {}

    def add(self, others: "Afterwards") -> None:
        self.rung.add(others.rung)
        self.rung_here.add(others.rung_here)
        self.last.update(others.last)


class Transaction:
    """Runs statements on one connection; whoever made it begins and commits."""

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
        """Makes the store ring a bell after the commit, on all nodes; `at` None: for now.

        Where several are rung for different instants, the earliest counts.
        """
        self.afterwards.rung.ring(bell, at)

    def ring_here(self, bell: Bell, at: datetime | None = None) -> None:
        """Rings a bell on this node alone.

        For what comes so often that notices would cost more than they are worth: other nodes find
        it when they next look.
        """
        self.afterwards.rung_here.ring(bell, at)

    def run_last(self, statement: Executable, **values: Value) -> None:
        """Writes just before the commit, once for all work that shares it.

        So a row that many transactions touch is locked for no longer than a commit takes.
        """
        self.afterwards.last[statement, tuple(values.items())] = None

    def conclude(self) -> None:
        """Runs what was left to the end; whoever made the transaction commits after this."""
        # In one order everywhere: else two transactions could wait for each other.
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
        """Returns the first column of the first row; None: there is no row, or it is NULL."""
        row = self._execute(statement, values).fetchone()
        return None if row is None else row[0]

    def column(self, statement: Executable, **values: Value) -> list[Any]:
        """Returns the first column of all rows."""
        return [row[0] for row in self._execute(statement, values).fetchall()]

    def each(self, statement: Executable, rows: Sequence[Mapping[str, Value]]) -> list[Row]:
        """Runs the statement once for each row of values; returns all that it returned."""
        compiled = self._statements.compiled(statement)
        bound, execute = compiled.bound, self._connection.execute
        found: list[Row] = []
        for values in rows:
            found += execute(compiled.text, {**bound, **values} if bound else values).fetchall()
        return found

    def run(self, statement: Executable, **values: Value) -> int:
        """Writes, and returns how many rows it touched.

        Raises:
            UniqueViolation: a unique key is taken. After an insert the work may go on; after an
                update it has to end.
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
