"""Which URL of a queue is called: one of the settings, or the one that its service tells."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from tocsin.outgoing.queue_urls import QueueUrlRefused, asked_url, configured_url, is_fifo

HERE = "http://127.0.0.1:9324/000000000000/in"
TABLE = "sources.message_queue.urls"


@pytest.mark.parametrize("queue_id", ["yrn:yc:ymq:ru-central1:b1g1:in", "in", HERE])
def test_a_url_of_the_settings_is_called(queue_id: str) -> None:
    assert configured_url(queue_id, {queue_id: HERE}, table=TABLE) == HERE


@pytest.mark.parametrize("queue_id", ["yrn:yc:ymq:ru-central1:b1g1:in", "in", ""])
def test_where_the_settings_have_none_the_service_is_asked(queue_id: str) -> None:
    assert configured_url(queue_id, {"other": HERE}, table=TABLE) is None


@pytest.mark.parametrize(
    "queue_id",
    [
        "http://169.254.169.254/latest",
        "https://evil.example/queue",
        "HTTP://evil.example/queue",
        "arn:http://evil.example/in",
        # One that differs from what the settings name is another one.
        f"{HERE}/",
        f"{HERE}?x=1",
        HERE.replace("http:", "https:"),
    ],
)
def test_a_url_of_a_rule_that_the_settings_do_not_name_is_never_called(queue_id: str) -> None:
    with pytest.raises(QueueUrlRefused, match=r"must be listed in \[sources.message_queue.urls\]"):
        configured_url(queue_id, {HERE: HERE}, table=TABLE)


@pytest.mark.parametrize(
    ("queue_id", "name"),
    [
        ("yrn:yc:ymq:ru-central1:b1g1:in", "in"),
        ("arn:aws:sqs:eu-1:1:in.fifo", "in.fifo"),
        ("a", "a"),
    ],
)
def test_a_service_is_asked_by_the_last_part_of_an_id(queue_id: str, name: str) -> None:
    asked: list[str] = []

    async def get_queue_url(**parameters: Any) -> dict[str, str]:
        asked.append(parameters["QueueName"])
        return {"QueueUrl": HERE}

    client = SimpleNamespace(get_queue_url=get_queue_url)
    assert asyncio.run(asked_url(client, queue_id)) == HERE
    assert asked == [name]


@pytest.mark.parametrize(
    ("queue", "fifo"),
    [
        ("yrn:yc:ymq:ru-central1:b1g1:in.fifo", True),
        ("in.fifo", True),
        ("http://127.0.0.1:9324/000000000000/in.fifo", True),
        ("http://127.0.0.1:9324/000000000000/in.fifo/?x=1", True),
        ("yrn:yc:ymq:ru-central1:b1g1:in", False),
        ("http://[.fifo/in", False),
        ("in.fifos", False),
        ("", False),
    ],
)
def test_a_fifo_queue_is_known_by_its_name(queue: str, fifo: bool) -> None:
    assert is_fifo(queue) is fifo
