"""What a piece of store work is given: named Core statements, run on a bare driver connection.

Statements are written as SQLAlchemy Core, compiled once for the dialect, and run without Core's
result machinery, which would cost more than the query itself on the paths that matter. Rows
therefore hold what the driver returns: the schema uses only text, integers and bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

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


class Transaction:
    """Runs statements on one connection; whoever made it begins and commits."""

    __slots__ = ("_connection", "_statements", "_unique_violation")

    def __init__(
        self,
        connection: Connection,
        statements: Statements,
        unique_violation: Callable[[Exception], bool],
    ) -> None:
        self._connection = connection
        self._statements = statements
        self._unique_violation = unique_violation

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
