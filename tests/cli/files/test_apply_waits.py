"""`tocsin apply --wait` ends when the sources of new triggers are connected."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.person import Person
from stand.services.amazon import Queue, amazon
from stand.tocsin_process import serving

QUEUE = "orders-of-apply"


@pytest.fixture
def person(folder: str, tmp_path: Path) -> Iterator[Person]:
    with amazon() as aws, tempfile.TemporaryDirectory() as made:
        Queue(aws.client("sqs"), QUEUE)
        with serving(Path(made), aws.config("message_queue"), http="off") as server:
            yield Person(server.grpc_address, folder, tmp_path)


def test_a_queue_is_read_when_apply_ends(person: Person) -> None:
    rule = {
        "queueId": f"yrn:yc:ymq:ru-central1:b1g1:{QUEUE}",
        "serviceAccountId": "a",
        "batchSettings": {"cutoff": "1s"},
        "invokeFunction": {"functionId": "f"},
    }
    document = json.dumps({"name": "orders", "rule": {"messageQueue": rule}})
    person.gets("apply", "-f", "-", "--wait", stdin=document)
    shown = person.gets("triggers", "get", "orders").splitlines()
    assert [line.split()[1] for line in shown if line.startswith("connected")] == ["yes"]
