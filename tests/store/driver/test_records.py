"""Rows by name: what a dataclass declares is what is selected, read and written."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, insert, select
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.schema import CreateTable

from tocsin.store.driver.file.connecting import is_unique_violation
from tocsin.store.driver.records import Record
from tocsin.store.driver.transaction import Statements, Transaction

NOON = datetime(2026, 1, 1, 12, 0, 0, 7, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    colour: Colour
    hidden: bool
    made_at: datetime
    gone_at: datetime | None = None
    faded: Colour | None = None
    picture: str = ""


table = Table(
    "things",
    MetaData(),
    # In another order than the fields.
    Column("picture", Text),
    Column("faded", Text),
    Column("gone_at", Integer),
    Column("made_at", Integer),
    Column("hidden", Integer),
    Column("colour", Text),
    Column("name", Text),
)
THING = Record(Thing, table)
INSERT = insert(table).values(THING.bound)
SELECT = select(*THING.columns).order_by(table.c.name)


@pytest.fixture
def tx() -> Iterator[Transaction]:
    dialect = sqlite_dialect.dialect(paramstyle="named")
    connection = sqlite3.connect(":memory:")
    connection.execute(str(CreateTable(table).compile(dialect=dialect)))
    yield Transaction(connection, Statements(dialect), is_unique_violation)
    connection.close()


def test_what_is_written_is_read_again(tx: Transaction) -> None:
    first = Thing("a", Colour.RED, hidden=True, made_at=NOON, picture="p")
    second = Thing("b", Colour.RED, hidden=False, made_at=NOON, gone_at=NOON, faded=Colour.RED)
    for each in (first, second):
        tx.run(INSERT, **THING.values(each))

    found = THING.all(tx, SELECT)

    assert found == [first, second]
    assert type(found[0].hidden) is bool
    assert type(found[1].faded) is Colour


def test_only_plain_values_are_bound() -> None:
    values = THING.values(Thing("a", Colour.RED, hidden=True, made_at=NOON))

    assert [type(values[name]) for name in ("colour", "hidden", "made_at")] == [str, int, int]


def test_what_is_not_read_keeps_its_default(tx: Transaction) -> None:
    tx.run(INSERT, **THING.values(Thing("a", Colour.RED, False, NOON, picture="large")))
    small = Record(Thing, table, without=("picture",))

    found = small.one(tx, select(*small.columns))

    assert found == Thing("a", Colour.RED, False, NOON, picture="")


def test_a_field_can_come_from_another_column(tx: Transaction) -> None:
    tx.run(INSERT, **THING.values(Thing("a", Colour.RED, False, NOON, picture="p")))
    swapped = Record(Thing, table, name=table.c.picture, picture=table.c.name)

    found = swapped.one(tx, select(*swapped.columns))

    assert found == Thing("p", Colour.RED, False, NOON, picture="a")


def test_there_may_be_no_row(tx: Transaction) -> None:
    assert THING.one(tx, SELECT) is None
    assert THING.all(tx, SELECT) == []
    assert tx.value(SELECT) is None
    assert tx.column(SELECT) == []


def test_what_is_not_read_stands_last_and_has_a_default() -> None:
    with pytest.raises(TypeError, match="must be the last"):
        Record(Thing, table, without=("hidden",))
    with pytest.raises(TypeError, match="default"):
        Record(Thing, table, without=("made_at", "gone_at", "faded", "picture"))


def test_one_column_is_read_by_itself(tx: Transaction) -> None:
    for name in ("a", "b"):
        tx.run(INSERT, **THING.values(Thing(name, Colour.RED, False, NOON)))

    assert tx.column(select(table.c.name).order_by(table.c.name)) == ["a", "b"]
    assert tx.value(select(table.c.name).order_by(table.c.name)) == "a"


class Pair(NamedTuple):
    name: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Nested:
    first: Pair
    second: Pair | None
    hidden: bool


def test_a_value_can_hold_values_of_their_own(tx: Transaction) -> None:
    pair = Record(Pair, table)
    absent = Record(Pair, name=table.c.faded, made_at=table.c.gone_at)
    nested = Record(Nested, table, first=pair, second=absent)
    for name, faded in (("a", None), ("b", Colour.RED)):
        tx.run(INSERT, **THING.values(Thing(name, Colour.RED, True, NOON, NOON, faded)))

    found = nested.all(tx, select(*nested.columns).order_by(table.c.name))

    assert found == [
        Nested(Pair("a", NOON), None, hidden=True),
        Nested(Pair("b", NOON), Pair("red", NOON), hidden=True),
    ]
