"""Real services whose events are read, each in a process of its own, and what is put into them."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import boto3
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from running import HERE, started
from stand.services.mosquitto import Mosquitto, mosquitto

REGION = "us-east-1"
SENT_AT_ONCE = 10
RECORDS_AT_ONCE = 500
PATIENCE = 120


class Amazon:
    """moto, as its clients see it."""

    def __init__(self, url: str) -> None:
        self.url = url

    @cached_property
    def sqs(self) -> Any:
        return self._client("sqs")

    @cached_property
    def kinesis(self) -> Any:
        return self._client("kinesis")

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="id",
            aws_secret_access_key="secret",
        )

    def settings(self, where: str) -> str:
        return f'{where}\nregion = "{REGION}"\naccess_key_id = "id"\nsecret_access_key = "secret"\n'

    def queue(self, name: str) -> str:
        """Makes a queue; returns its URL."""
        url: str = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        return url

    def send(self, queue_url: str, bodies: list[str]) -> None:
        for start in range(0, len(bodies), SENT_AT_ONCE):
            entries = [
                {"Id": str(place), "MessageBody": body}
                for place, body in enumerate(bodies[start : start + SENT_AT_ONCE])
            ]
            self.sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)

    def stream(self, name: str, shards: int) -> None:
        """Makes a stream and waits until it is there."""
        self.kinesis.create_stream(StreamName=name, ShardCount=shards)
        self.kinesis.get_waiter("stream_exists").wait(
            StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )

    def put(self, stream: str, records: list[str]) -> None:
        for start in range(0, len(records), RECORDS_AT_ONCE):
            some = [
                {"Data": record.encode(), "PartitionKey": record}
                for record in records[start : start + RECORDS_AT_ONCE]
            ]
            self.kinesis.put_records(StreamName=stream, Records=some)


@contextmanager
def amazon() -> Iterator[Amazon]:
    with started([sys.executable, str(HERE / "amazon_server.py")]) as server:
        yield Amazon(server.line)


@contextmanager
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as running:
        yield running


def publish(broker: Mosquitto, topic: str, payloads: list[str]) -> None:
    """Publishes with QoS 1; returns when the broker has them all."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(100)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    told = [client.publish(topic, each, qos=1) for each in payloads]
    for each in told:
        each.wait_for_publish(PATIENCE)
    client.disconnect()
    client.loop_stop()


def read_plainly(kind: str, url: str, name: str, count: int) -> float:
    """Lets the plain client read so many events; returns how many a second it read."""
    command = [sys.executable, str(HERE / "bare" / "readers.py"), kind, url, name, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}:\n{done.stderr}")
    return float(done.stdout)


@contextlib.contextmanager
def plain_server(protocol: str) -> Iterator[str]:
    """Runs a server that takes and keeps nothing; gives where it listens."""
    with started([sys.executable, str(HERE / "bare" / "servers.py"), protocol]) as server:
        yield f"127.0.0.1:{server.line}"


def object_changed(number: int) -> str:
    """What an object storage tells of an object, as AWS writes it."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": "2026-11-21T10:00:00.577Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AIDAEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": f"{number:016}"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "bench",
            "bucket": {"name": "bench", "arn": "arn:aws:s3:::bench"},
            "object": {"key": f"in/{number}.jpg", "size": 1024, "sequencer": f"{number:016X}"},
        },
    }
    return json.dumps({"Records": [record]})


def image_pushed(number: int) -> str:
    """What a registry of CNCF distribution tells of an image."""
    digest = f"sha256:{number:064}"
    event = {
        "id": f"{number:032}",
        "timestamp": "2026-11-21T10:00:00.577Z",
        "action": "push",
        "target": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "size": 528,
            "digest": digest,
            "length": 528,
            "repository": "shop/bench",
            "url": f"http://127.0.0.1:5000/v2/shop/bench/manifests/{digest}",
            "tag": f"v{number}",
        },
        "request": {"id": "1", "addr": "127.0.0.1", "host": "127.0.0.1:5000", "method": "PUT"},
        "actor": {},
        "source": {"addr": "registry:5000", "instanceID": "1"},
    }
    return json.dumps({"events": [event]})
