"""Secret keys are encrypted in the store: at the first start with a key, and by a new key later."""

import stat
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from server.data.stores import FOLDER, NEVER, new_timer, rows, served, succeeded
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Ended, Tocsin, run_tocsin, serve_command
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}
SEALED_BY = (
    "SELECT sealed_by FROM access_signing_keys WHERE private_key IS NOT NULL "
    "UNION ALL SELECT sealed_by FROM shared_keys"
)


def key_file(path: Path) -> Path:
    """Puts a new key first in a file."""
    ended = run_tocsin("keys", "new", str(path))
    assert ended.status == 0, ended.stderr
    return path


def with_keys(file: Path) -> str:
    return f'[access]\nkey_file = "{file}"\n'


def keys(command: str, *options: str, file: Path, database: str) -> Ended:
    """Runs `tocsin keys` with the keys of a file."""
    config = file.with_suffix(".toml")
    config.write_text(with_keys(file))
    return run_tocsin("keys", command, *options, "--config", str(config), "--database", database)


def checked(file: Path, database: str) -> Ended:
    """Runs `tocsin check` with the keys of a file."""
    config = file.with_suffix(".toml")
    config.write_text(with_keys(file))
    return run_tocsin("check", "--config", str(config), "--database", database)


def refused_start(directory: Path, url: str, config: str = "") -> str:
    directory.mkdir(exist_ok=True)
    ended = run_tocsin(*serve_command(directory, config, "--database", url, http="off")[1:])
    assert ended.status == 1
    return ended.stderr


def names(url: str) -> set[str | None]:
    """The names of the keys that encrypt keys in a store; None: plain text."""
    found = [name for (name,) in rows(url, SEALED_BY)]
    assert len(found) >= 2
    return set(found)


def page(channel: grpc.Channel, token: str = "") -> contract.ListTriggersResponse:
    request = contract.ListTriggersRequest(folder_id=FOLDER, page_size=1, page_token=token)
    answer: contract.ListTriggersResponse = TriggerServiceStub(channel).List(request, timeout=30)
    return answer


def more(server: Tocsin) -> str:
    """A page token that a server makes."""
    with server.channel() as channel:
        return page(channel).next_page_token


def test_plain_keys_are_encrypted_at_the_first_start_and_mean_the_same(
    url: str, target: RecordingTarget, tmp_path: Path
) -> None:
    file = key_file(tmp_path / "tocsin.keys")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with served(tmp_path / "plain", target, url) as server, server.channel() as channel:
        for name in ("one", "two"):
            new_timer(channel, name, cron=NEVER)
        token = page(channel).next_page_token
    before = rows(url, "SELECT id, public_key FROM access_signing_keys")
    assert names(url) == {None}
    config = with_keys(file)
    with served(tmp_path / "sealed", target, url, config=config) as server:
        with server.channel() as channel:
            assert [each.name for each in page(channel, token).triggers] == ["two"]
        [name] = names(url)
        assert name is not None
        if url.startswith("sqlite"):
            busy = keys("decrypt", "--yes", file=file, database=url)
            assert (busy.status, "another tocsin is using" in busy.stderr) == (1, True)
    assert rows(url, "SELECT id, public_key FROM access_signing_keys") == before
    assert rows(url, "SELECT oldest_known FROM compatibility") == [("0034",)]
    [(private,)] = rows(url, "SELECT private_key FROM access_signing_keys")
    assert "PRIVATE KEY" not in private
    if url.startswith("sqlite"):
        assert b"PRIVATE KEY" not in Path(url.removeprefix("sqlite:///")).read_bytes()
    decrypted = keys("decrypt", "--yes", file=file, database=url)
    assert decrypted.status == 0, decrypted.stderr
    assert names(url) == {None}
    with served(tmp_path / "again", target, url) as server, server.channel() as channel:
        assert [each.name for each in page(channel, token).triggers] == ["two"]
    assert rows(url, "SELECT oldest_known FROM compatibility") == [("0011",)]


def test_a_start_without_the_key_or_with_another_is_refused_in_words(
    url: str, target: RecordingTarget, tmp_path: Path
) -> None:
    file, wrong = key_file(tmp_path / "tocsin.keys"), key_file(tmp_path / "wrong.keys")
    with served(tmp_path / "first", target, url, config=with_keys(file)):
        [name] = names(url)
    without = refused_start(tmp_path / "without", url)
    assert f"encrypted with key {name}: name its file in access.key_file" in without
    [line] = [line for line in checked(file, url).stdout.splitlines() if line.startswith("keys ")]
    assert line.endswith(f" encrypted with key {name}")
    locked = checked(wrong, url)
    assert locked.status == 1
    assert f"encrypted with key {name}, but access.key_file" in locked.stderr
    another = refused_start(tmp_path / "another", url, with_keys(wrong))
    assert f"encrypted with key {name}, but access.key_file" in another
    assert wrong.read_text().strip() not in another
    absent = refused_start(tmp_path / "absent", url, with_keys(tmp_path / "none"))
    assert "none: No such file or directory" in absent
    given = f'{with_keys(wrong)}key = "{file.read_text().strip()}"\n'
    with served(tmp_path / "given", target, url, config=given):
        assert names(url) == {name}
    rows(url, "UPDATE access_signing_keys SET private_key = 'AAAA' RETURNING id")
    changed = refused_start(tmp_path / "changed", url, with_keys(file))
    assert "in the store was changed" in changed


def test_a_key_file_that_others_can_read_is_told_of_at_the_start_and_by_a_check(
    new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    url, file = new_store("sqlite"), key_file(tmp_path / "tocsin.keys")
    told = f"access.key_file: every user of this machine can read or change {file}"
    with served(tmp_path / "closed", target, url, config=with_keys(file)) as closed:
        pass
    assert told not in closed.log.read_text()
    assert told not in checked(file, url).stderr
    file.chmod(0o644)
    with served(tmp_path / "open", target, url, config=with_keys(file)) as opened:
        pass
    assert told in opened.log.read_text()
    seen = checked(file, url)
    assert (seen.status, told in seen.stderr) == (0, True)
    file.chmod(0o640)
    assert told not in checked(file, url).stderr


def test_two_nodes_go_on_while_the_key_is_rotated(
    new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    url = new_store("postgresql")
    mine = key_file(tmp_path / "mine.keys")
    theirs = tmp_path / "theirs.keys"
    old = mine.read_text()
    theirs.write_text(old)
    with (
        served(tmp_path / "mine", target, url, config=with_keys(mine)) as first,
        served(tmp_path / "theirs", target, url, config=with_keys(theirs)) as second,
    ):
        with first.channel() as channel:
            for name in ("one", "two"):
                new_timer(channel, name, cron=NEVER)
        [before] = names(url)
        key_file(mine)
        theirs.write_text(mine.read_text())
        rotated = keys("rotate", file=mine, database=url)
        assert rotated.status == 0, rotated.stderr
        assert f"key {before} is not needed any more" in rotated.stderr
        [after] = names(url)
        assert after != before
        assert f"all with key {after}" in rotated.stdout
        assert more(first)
        assert more(second)
        again = keys("rotate", file=mine, database=url)
        assert "0 of them encrypted anew" in again.stdout
        listed = keys("list", file=mine, database=url)
        assert listed.stdout.count(str(after)) == len(rows(url, SEALED_BY))
    theirs.write_text(old)
    assert f"encrypted with key {after}, but" in refused_start(
        tmp_path / "late", url, with_keys(theirs)
    )
    lost = keys("rotate", file=key_file(tmp_path / "lost.keys"), database=url)
    assert (lost.status, f"encrypted with key {after}" in lost.stderr) == (1, True)
    mine.write_text(mine.read_text().splitlines()[0])
    with served(tmp_path / "new", target, url, config=with_keys(mine)) as server:
        assert more(server)


def test_backups_and_moves_carry_keys_as_they_are(
    url: str, kind: str, new_store: Callable[[str], str], target: RecordingTarget, tmp_path: Path
) -> None:
    file = key_file(tmp_path / "tocsin.keys")
    with served(tmp_path / "first", target, url, config=with_keys(file)):
        sealed = names(url)
    restored, there = new_store(OTHER[kind]), new_store(OTHER[kind])
    succeeded("backup", "--to", str(tmp_path / "b.db"), database=url)
    succeeded("restore", str(tmp_path / "b.db"), database=restored)
    before = (tmp_path / "b.db").read_bytes()
    listed = run_tocsin("keys", "list", "--database", f"sqlite:///{tmp_path}/b.db")
    [name] = sealed
    assert f"{name} (not in the file)" in listed.stdout
    assert (tmp_path / "b.db").read_bytes() == before
    moved = run_tocsin("move", "--from", url, "--to", there)
    assert moved.status == 0, moved.stderr
    for number, copy in enumerate((restored, there)):
        assert names(copy) == sealed
        assert "encrypted with key" in refused_start(tmp_path / f"without-{number}", copy)
        with served(tmp_path / f"with-{number}", target, copy, config=with_keys(file)):
            pass


def test_renewed_keys_sign_where_the_key_that_encrypted_the_old_ones_is_lost(
    url: str, target: RecordingTarget, tmp_path: Path
) -> None:
    file = key_file(tmp_path / "tocsin.keys")
    with served(tmp_path / "first", target, url, config=with_keys(file)):
        before = rows(url, "SELECT id FROM access_signing_keys")
    file.unlink()
    unsure = run_tocsin("keys", "renew", "--database", url)
    assert (unsure.status, "Give --yes if you are sure" in unsure.stderr) == (1, True)
    assert rows(url, "SELECT id FROM access_signing_keys") == before
    renewed = run_tocsin("keys", "renew", "--yes", "--database", url)
    assert renewed.status == 0, renewed.stderr
    with served(tmp_path / "second", target, url):
        assert rows(url, "SELECT id FROM access_signing_keys") != before
        assert names(url) == {None}


@pytest.mark.parametrize("content", ["not a key\n", "\xff"])
def test_a_new_key_does_not_replace_a_file_that_is_not_of_keys(
    content: str, tmp_path: Path
) -> None:
    file = tmp_path / "other.txt"
    file.write_text(content, encoding="latin-1")
    ended = run_tocsin("keys", "new", str(file))
    assert ended.status == 2
    assert file.read_text(encoding="latin-1") == content
    assert [each.name for each in tmp_path.iterdir()] == ["other.txt"]
