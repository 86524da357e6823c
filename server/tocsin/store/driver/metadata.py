"""Defines what all tables have in common."""

from typing import Any

from sqlalchemy import Column, ColumnElement, Index, MetaData, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal

metadata = MetaData()

# Pages go by the order of ids, which must be that of their bytes in every locale of the server.
ASCII = Text().with_variant(Text(collation="C"), "postgresql")


class InDatabaseOrder(ColumnElement[str]):
    """An ASCII column as one of the database's own collation.

    PostgreSQL compares the two by that of the ASCII column, and finds the other one by no index.
    """

    inherit_cache = True
    _traverse_internals: Any = (("column", InternalTraversal.dp_clauseelement),)

    def __init__(self, column: Column[Any]) -> None:
        self.column = column
        self.type = column.type


@compiles(InDatabaseOrder)
def _as_it_is(element: Any, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.column, **options))


@compiles(InDatabaseOrder, "postgresql")
def _collated(element: Any, compiler: Any, **options: Any) -> str:
    return f'{compiler.process(element.column, **options)} COLLATE "default"'


def partial_index(
    name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool = False
) -> Index:
    """Defines an index of the rows that fulfil a condition."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)
