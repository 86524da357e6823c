"""Defines what all tables have in common."""

from typing import Any

from sqlalchemy import Column, ColumnElement, Index, MetaData, Text

metadata = MetaData()

# Pages go by the order of ids, which must be that of their bytes in every locale of the server.
ASCII = Text().with_variant(Text(collation="C"), "postgresql")


def partial_index(
    name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool = False
) -> Index:
    """Defines an index of the rows that fulfil a condition."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)
