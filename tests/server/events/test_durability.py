"""An event whose taking was answered fires, whatever happens to the process."""

import random
import threading
import time
from collections import Counter
from pathlib import Path

import grpc

from stand.apis.triggers import GrpcApi, create
from stand.recording_target import Received, RecordingTarget
from stand.tocsin_process import Tocsin, serving
from stand.vendors.client import VendorClient
from tocsin_protos.tocsin.v1 import event_service_pb2 as contract
from tocsin_protos.tocsin.v1.event_service_pb2_grpc import EventServiceStub

ROUNDS = 5
SEED = 4
ACCOUNT, BROKER = "killed-account", "killed-broker"


def publish_until_killed(server: Tocsin, first: int, answered: list[str]) -> None:
    """Keeps events under way until the server is gone, and writes down which were answered."""
    with server.channel() as channel:
        publish = EventServiceStub(channel).Publish
        number = first
        try:
            while True:
                event_id = f"e{number}"
                request = contract.EventServicePublishRequest()
                budget = request.events.add(id=event_id).billing_budget
                budget.billing_account_id, budget.budget_id = ACCOUNT, event_id
                message = request.events.add(id=event_id).iot_broker_message
                message.broker_id, message.mqtt_topic = BROKER, event_id
                publish(request, timeout=30)
                answered.append(event_id)
                number += 1
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE  # type: ignore[attr-defined]  # noqa: PT017


def delivered(calls: list[Received]) -> Counter[str]:
    """How often each event came, each invocation counted once."""
    bodies = {call.headers["x-request-id"]: call.json["messages"] for call in calls}
    return Counter(
        message["budget_id"] if "budget_id" in message else message["details"]["mqtt_topic"]
        for messages in bodies.values()
        for message in messages
    )


def test_no_answered_event_is_lost_by_kill_9(
    directory: Path, config: str, target: RecordingTarget, vendor: VendorClient, folder: str
) -> None:
    answered: list[str] = []
    chance = random.Random(SEED)
    for number in range(ROUNDS):
        with serving(directory, config, http="off") as server:
            if number == 0:
                api = GrpcApi(vendor, server.grpc_address)
                function = {"invokeFunction": {"functionId": "killed-one"}}
                one = {"billingAccountId": ACCOUNT, **function}
                create(api, folder, rule={"billingBudget": one})
                batched = {"brokerId": BROKER, "batchSettings": {"size": "7", "cutoff": "1s"}}
                function = {"invokeFunction": {"functionId": "killed-batched"}}
                create(api, folder, rule={"iotBrokerMessage": batched | function})
            first = 1_000_000 * number
            publishing = threading.Thread(
                target=publish_until_killed, args=(server, first, answered)
            )
            publishing.start()
            time.sleep(chance.uniform(0.1, 0.4))
            server.kill()
            publishing.join()
    assert len(answered) > ROUNDS
    with serving(directory, config, http="off"):
        for name in ("killed-one", "killed-batched"):
            path = f"/functions/{name}"
            give_up = time.monotonic() + 60
            while (
                missing := set(answered)
                - delivered(
                    target.all(lambda call, path=path: call.path == path)  # type: ignore[misc]
                ).keys()
            ):
                assert time.monotonic() < give_up, (SEED, len(answered), len(missing))
                time.sleep(0.05)
            # What was not answered may have been taken; nothing was taken twice.
            counts = delivered(target.all(lambda call, path=path: call.path == path))  # type: ignore[misc]
            assert set(counts.values()) == {1}
