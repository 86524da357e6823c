"""A key of the client's keeps a repeated request from running again."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from store.work import opened
from tocsin.store.driver.transaction import Transaction
from tocsin.wire.errors import ApiError
from tocsin.wire.idempotency import KEPT, LONGEST_KEY, Once

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def once(key: str | None, text: str = "a") -> Once:
    return Once.of("request_id", key, StringValue(value=text), scope="s")


def run(path: Path, request: Once, answer: bytes, now: datetime = NOON) -> bytes:
    """Runs a request that answers so, unless it was answered before."""

    def work(tx: Transaction) -> bytes:
        if (known := request.answer(tx, now)) is not None:
            return known
        request.remember(tx, answer, now)
        return answer

    async def scenario() -> bytes:
        async with opened(f"sqlite:///{path / 't.db'}") as database:
            return await database.write(work)

    return asyncio.run(scenario())


def test_a_repeat_gets_the_first_answer_as_long_as_it_is_kept(tmp_path: Path) -> None:
    assert run(tmp_path, once("k"), b"first") == b"first"
    assert run(tmp_path, once("k"), b"second", NOON + KEPT - timedelta(seconds=1)) == b"first"
    assert run(tmp_path, once("k"), b"third", NOON + KEPT) == b"third"


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_each_request_runs(tmp_path: Path, key: str | None) -> None:
    assert run(tmp_path, once(key), b"first") == b"first"
    assert run(tmp_path, once(key), b"second") == b"second"


def test_a_key_stands_for_one_request(tmp_path: Path) -> None:
    run(tmp_path, once("k"), b"first")
    with pytest.raises(ApiError) as refused:
        run(tmp_path, once("k", "another"), b"second")
    assert "request_id" in refused.value.message


def test_a_key_that_is_too_long_is_refused() -> None:
    assert once("k" * LONGEST_KEY).key is not None
    with pytest.raises(ApiError):
        once("k" * (LONGEST_KEY + 1))


def test_nodes_of_0_1_0_know_a_request_by_the_same_fingerprint() -> None:
    request = StringValue(value="a")
    of_one = Once.of("f", "k", request, scope="s")
    of_several = Once.of("f", "k", request, scope="s", method="Create")
    asked = request.SerializeToString()
    assert of_one.key is not None
    assert of_one.key.fingerprint == hashlib.sha256(asked).digest()
    assert of_several.key is not None
    assert of_several.key.fingerprint == hashlib.sha256(b"Create\0" + asked).digest()
