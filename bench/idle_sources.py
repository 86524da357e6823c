"""What triggers cost whose sources are silent: half read MQTT brokers, half read queues."""

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc

from running import node_with
from source_services import Amazon, Mosquitto, amazon, broker
from source_triggers import made, until_connected
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

# By then what the start has left to do is done.
SETTLED_IN_SECONDS = 5


@dataclass(frozen=True)
class Idle:
    """A node with triggers, and beside it one without any; percents are of one core."""

    triggers: int
    mqtt_brokers: int
    queue_services: int
    cpu_percent: float
    empty_cpu_percent: float
    memory_mib: float
    empty_memory_mib: float


def idle(triggers: int, brokers: int, seconds: float) -> Idle:
    with tempfile.TemporaryDirectory() as made_here, ExitStack() as stack:
        scratch = Path(made_here)
        mqtt = [stack.enter_context(broker()) for _ in range(brokers // 2)]
        services = [stack.enter_context(amazon()) for _ in range(brokers - len(mqtt))]
        half = triggers // 2
        queues = {
            f"idle-{number}": services[number % len(services)].queue(f"idle-{number}")
            for number in range(triggers - half)
        }
        (scratch / "full.toml").write_text(settings(mqtt, services[0], queues))
        (scratch / "empty.toml").write_text("")
        empty, _ = stack.enter_context(node_with(scratch / "empty.db"))
        full, addresses = stack.enter_context(node_with(scratch / "full.db"))
        with grpc.insecure_channel(addresses.grpc) as channel:
            rules = [mqtt_rule(number, number % len(mqtt)) for number in range(half)]
            rules += [queue_rule(queue_id) for queue_id in queues]
            until_connected(addresses, *[made(channel, rule).id for rule in rules])
        time.sleep(min(SETTLED_IN_SECONDS, seconds))
        nodes = (full, empty)
        before = [node.cpu_seconds() for node in nodes]
        time.sleep(seconds)
        used = [node.cpu_seconds() - began for node, began in zip(nodes, before, strict=True)]
        return Idle(
            triggers=triggers,
            mqtt_brokers=len(mqtt),
            queue_services=len(services),
            cpu_percent=round(100 * used[0] / seconds, 3),
            empty_cpu_percent=round(100 * used[1] / seconds, 3),
            memory_mib=round(full.memory_mib(), 1),
            empty_memory_mib=round(empty.memory_mib(), 1),
        )


def settings(brokers: list[Mosquitto], first: Amazon, queues: dict[str, str]) -> str:
    lines = [first.settings(f'[sources.message_queue]\nendpoint = "{first.url}"')]
    lines.append("[sources.message_queue.urls]")
    lines += [f'"{queue_id}" = "{url}"' for queue_id, url in queues.items()]
    for number, each in enumerate(brokers):
        lines += [f"[sources.mqtt.idle{number}]", f'url = "{each.url}"']
        lines.append(f'brokers = ["broker-{number}"]')
    return "\n".join(lines)


def mqtt_rule(number: int, broker_number: int) -> Trigger.Rule:
    rule = Trigger.Rule()
    rule.iot_broker_message.broker_id = f"broker-{broker_number}"
    rule.iot_broker_message.mqtt_topic = f"idle/{number}/+"
    rule.iot_broker_message.invoke_function.function_id = "idle"
    return rule


def queue_rule(queue_id: str) -> Trigger.Rule:
    rule = Trigger.Rule()
    rule.message_queue.queue_id, rule.message_queue.service_account_id = queue_id, "account"
    rule.message_queue.batch_settings.size = 1
    rule.message_queue.batch_settings.cutoff.FromSeconds(1)
    rule.message_queue.invoke_function.function_id = "idle"
    return rule
