"""What all tables have in common."""

from typing import Any

from sqlalchemy import Column, ColumnElement, Index, MetaData, Text

metadata = MetaData()

# Ids are compared as bytes, whatever language the server sorts by; pages go by their order.
ASCII = Text().with_variant(Text(collation="C"), "postgresql")


def partial_index(
    name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool = False
) -> Index:
    """Makes an index of those rows alone that fulfil a condition."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)
