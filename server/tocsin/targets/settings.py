"""Defines the settings of targets, integrations and dead letter queues."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, Field

from tocsin.fields import STRICT
from tocsin.outgoing.queue_urls import STANDARD_ONLY, is_fifo
from tocsin.outgoing.reach import LOOPBACK, Reach, parse_networks
from tocsin.outgoing.settings import AmazonAccount, Network, QueueEndpoint, ServiceUrl

MIB = 1024 * 1024


class TargetSettings(BaseModel):
    """Sets the URLs of functions, containers, workflows and WebSocket gateways, and limits."""

    model_config = STRICT

    function: ServiceUrl | None = Field(
        None,
        description="URL of all functions that [targets.functions] does not name; "
        "`{function_id}` is replaced by the id.",
        examples=["http://127.0.0.1:9000/{function_id}"],
    )
    functions: dict[str, ServiceUrl] = Field(
        {},
        description="URLs of single functions, by id.",
        examples=[{"d4e00000000000000001": "http://127.0.0.1:9100/"}],
    )
    container: ServiceUrl | None = Field(
        None,
        description="URL of all other containers; `{container_id}` is replaced by the id, and the "
        "rule's `path` is appended.",
        examples=["http://127.0.0.1:9001/{container_id}"],
    )
    containers: dict[str, ServiceUrl] = Field(
        {},
        description="URLs of single containers, by id.",
        examples=[{"bba00000000000000001": "http://127.0.0.1:9101/"}],
    )
    workflow: ServiceUrl | None = Field(
        None, description="URL of all other workflows; `{workflow_id}` is replaced by the id."
    )
    workflows: dict[str, ServiceUrl] = Field({}, description="URLs of single workflows, by id.")
    websocket_broadcast: ServiceUrl | None = Field(
        None,
        description="URL of all other WebSocket gateways; `{gateway_id}` is replaced by the id, "
        "and the rule's `path` is appended.",
    )
    websocket_broadcasts: dict[str, ServiceUrl] = Field(
        {}, description="URLs of single WebSocket gateways, by id."
    )
    networks: list[Network] = Field(
        [str(network) for network in LOOPBACK],
        description="Private networks, in CIDR form, to which host names in URLs of targets, dead "
        "letter queues and sources may lead. Public addresses, addresses written in a URL, and "
        "`localhost` need not be listed. Link-local addresses, and others at which clouds keep "
        "credentials, are never called.",
        examples=[["127.0.0.0/8", "::1/128", "10.0.0.0/8"]],
    )
    timeout: float = Field(
        600.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds that a call may take, from connecting to its last byte.",
    )
    concurrency: int = Field(
        1000, ge=1, description="Most deliveries under way at once, on each node."
    )
    concurrency_per_target: int = Field(
        50,
        ge=1,
        description="Most deliveries under way at once to one target, so that a slow target does "
        "not delay others.",
    )
    concurrencies: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {},
        description="The same for single targets, by kind and id.",
        examples=[{"function/d4e00000000000000001": 1}],
    )
    payload_bytes: int = Field(
        256 * MIB,
        ge=16 * MIB,
        description="Most bytes of payloads of more than 64 KiB under way at once, on each node. "
        "One target gets a quarter of them, or a single delivery that is larger. As many bytes "
        "again are for integrations' answers of more than 64 KiB.",
    )
    max_payload_bytes: int = Field(
        230 * 1024,
        ge=1024,
        description="Largest payload for a trigger's target, in bytes. A larger one fails and goes "
        "to the dead letter queue, if the rule has one.",
    )

    @cached_property
    def reach(self) -> Reach:
        """Returns the addresses that may be called, for targets and all other services."""
        return Reach(parse_networks(self.networks))

    def template(self, kind: str) -> str | None:
        """Returns the URL template of a kind's targets, or None."""
        template: str | None = getattr(self, kind)
        return template

    def urls(self, kind: str) -> Mapping[str, str]:
        """Returns the URLs of single targets of a kind, by id."""
        urls: Mapping[str, str] = getattr(self, f"{kind}s")
        return urls

    def concurrency_of(self, target: str) -> int:
        """Returns the most deliveries under way at once to a target, by its kind and id."""
        return self.concurrencies.get(target, self.concurrency_per_target)


class DeadLetterSettings(AmazonAccount, QueueEndpoint):
    """Sets the queue service for dead letters, by the SQS protocol."""

    concurrency: int = Field(
        10,
        ge=1,
        description="Most dead letters on their way to one queue at once, on each node. They take "
        "no place of a target.",
    )
    queues: dict[str, ServiceUrl] = Field(
        {},
        description="URLs of single queues, by the `queue_id` of the rule. Other queues are looked "
        "up by the last part of their id.",
        examples=[{"yrn:yc:ymq:ru-central1:b1g1:dlq": "http://127.0.0.1:9324/000000000000/dlq"}],
    )

    def refusal(self, queue_id: str) -> str | None:
        """Returns why a queue takes no dead letters; None if it may."""
        if is_fifo(self.queues.get(queue_id, queue_id)):
            return f"dead letter queue {queue_id} {STANDARD_ONLY}"
        return None


class IntegrationSettings(BaseModel):
    """Sets the triggers of one integration, and the URL that runs it."""

    model_config = STRICT

    triggers: list[str] = Field(
        min_length=1,
        description="Ids of the triggers that may start it.",
        examples=[["api_trigger/nightly"]],
    )
    url: ServiceUrl = Field(
        description="URL to which its executions are POSTed.",
        examples=["http://127.0.0.1:9000/nightly"],
    )
