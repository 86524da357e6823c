"""Triggers of the benchmarks of sources: how they are made, and when their sources are read."""

import sys
import time

import grpc

from running import Addresses
from tocsin_protos.tocsin.v1 import event_service_pb2
from tocsin_protos.tocsin.v1.event_service_pb2_grpc import EventServiceStub
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

FOLDER = "b1g0000000000000fld0"
PATIENCE = 120


def made(channel: grpc.Channel, rule: Trigger.Rule) -> Trigger:
    """Creates a trigger."""
    request = trigger_service_pb2.CreateTriggerRequest(folder_id=FOLDER, rule=rule)
    operation = TriggerServiceStub(channel).Create(request)
    trigger = Trigger()
    operation.response.Unpack(trigger)
    return trigger


def until_connected(node: Addresses, *trigger_ids: str) -> None:
    """Waits until the sources of all these triggers are read."""
    give_up = time.monotonic() + PATIENCE
    with grpc.insecure_channel(node.grpc) as channel:
        ask = EventServiceStub(channel).GetIntake
        for trigger_id in trigger_ids:
            request = event_service_pb2.EventServiceGetIntakeRequest(trigger_id=trigger_id)
            while not (told := ask(request).source).connected:
                if time.monotonic() > give_up:
                    sys.exit(f"{trigger_id} is not read: {told}")
                time.sleep(0.05)
