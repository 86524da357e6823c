"""Queues and streams of Amazon's protocols, by moto, over HTTP."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

PATIENCE = 30
REGION = "us-east-1"


class Amazon:
    """A server of these protocols in this process."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        self.url = "http://{}:{}".format(*self._server.get_host_and_port())

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="id",
            aws_secret_access_key="secret",
        )

    def config(self, kind: str) -> str:
        """What a server of ours needs to read sources of a kind here."""
        return f"""
            [sources.{kind}]
            endpoint = "{self.url}"
            region = "{REGION}"
            access_key_id = "id"
            secret_access_key = "secret"
        """

    def close(self) -> None:
        self._server.stop()


class Queue:
    """A queue, as those see it who send and who watch."""

    def __init__(self, client: Any, name: str, **attributes: str) -> None:
        self._client = client
        self.name = name
        made = client.create_queue(QueueName=name, Attributes=attributes)
        self.url: str = made["QueueUrl"]

    def send(self, *bodies: str, **options: Any) -> list[str]:
        """Sends messages; returns their ids."""
        return [
            self._client.send_message(QueueUrl=self.url, MessageBody=body, **options)["MessageId"]
            for body in bodies
        ]

    @property
    def arn(self) -> str:
        arn: str = self._attributes()["QueueArn"]
        return arn

    def redrive(self, to: "Queue", receives: int) -> None:
        policy = {"deadLetterTargetArn": to.arn, "maxReceiveCount": receives}
        self._client.set_queue_attributes(
            QueueUrl=self.url, Attributes={"RedrivePolicy": json.dumps(policy)}
        )

    def counts(self) -> tuple[int, int]:
        """How many messages can be received, and how many are hidden."""
        found = self._attributes()
        return (
            int(found["ApproximateNumberOfMessages"]),
            int(found["ApproximateNumberOfMessagesNotVisible"]),
        )

    def _attributes(self) -> dict[str, str]:
        asked = self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])
        attributes: dict[str, str] = asked["Attributes"]
        return attributes


@contextmanager
def amazon() -> Iterator[Amazon]:
    running = Amazon()
    try:
        yield running
    finally:
        running.close()


def until(condition: Callable[[], Any], what: str) -> Any:
    """Returns what the condition returns, once that is true."""
    give_up = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < give_up, what
        time.sleep(0.02)
    return found
