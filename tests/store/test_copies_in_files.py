"""A copy into a file has a place of its own until it is whole, and says whose disk is full."""

import sqlite3
from pathlib import Path

import pytest

from tocsin.store.copying.backups import new_file
from tocsin.store.copying.ends.file import our_words
from tocsin.store.driver.database import StoreError, StoreFull


def test_two_copies_to_one_name_do_not_mix_and_the_first_that_is_whole_stays(
    tmp_path: Path,
) -> None:
    to = tmp_path / "backup.db"

    def both() -> None:
        with new_file(to) as slow:
            slow.write_text("slow")
            with new_file(to) as quick:
                quick.write_text("quick")
            assert slow.read_text() == "slow"

    with pytest.raises(StoreError, match=r"backup\.db exists"):
        both()
    assert [each.name for each in tmp_path.iterdir()] == ["backup.db"]
    assert to.read_text() == "quick"


def test_a_full_disk_is_that_of_the_copy_not_that_of_the_database(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    connection = sqlite3.connect(copy)
    connection.execute("PRAGMA max_page_count = 2")
    connection.execute("CREATE TABLE some (bytes BLOB)")
    with pytest.raises(StoreFull, match=r"the disk with .*/copy\.db is full"), our_words(copy):
        connection.execute("INSERT INTO some VALUES (zeroblob(100000))")
    connection.close()
