"""The settings of what is called: targets, integrations, and where dead letters go."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, Field

from tocsin.fields import STRICT
from tocsin.outgoing.reach import LOOPBACK, Reach, parse_networks
from tocsin.outgoing.settings import AmazonAccount, Network, QueueEndpoint, ServiceUrl


class TargetSettings(BaseModel):
    """Where functions, containers, workflows and WebSocket gateways are reached, and how."""

    model_config = STRICT

    function: ServiceUrl | None = Field(
        None,
        description="URL of every function that [targets.functions] does not name; "
        "`{function_id}` stands for its id.",
        examples=["http://127.0.0.1:9000/{function_id}"],
    )
    functions: dict[str, ServiceUrl] = Field(
        {},
        description="URL of single functions, by id.",
        examples=[{"d4e00000000000000001": "http://127.0.0.1:9100/"}],
    )
    container: ServiceUrl | None = Field(
        None,
        description="URL of every other container; `{container_id}` stands for its id. "
        "The rule's `path` is appended.",
        examples=["http://127.0.0.1:9001/{container_id}"],
    )
    containers: dict[str, ServiceUrl] = Field(
        {},
        description="URL of single containers, by id.",
        examples=[{"bba00000000000000001": "http://127.0.0.1:9101/"}],
    )
    workflow: ServiceUrl | None = Field(
        None, description="URL of every other workflow; `{workflow_id}` stands for its id."
    )
    workflows: dict[str, ServiceUrl] = Field({}, description="URL of single workflows, by id.")
    websocket_broadcast: ServiceUrl | None = Field(
        None,
        description="URL of every other WebSocket gateway; `{gateway_id}` stands for its id. "
        "The rule's `path` is appended.",
    )
    websocket_broadcasts: dict[str, ServiceUrl] = Field(
        {}, description="URL of single WebSocket gateways, by id."
    )
    networks: list[Network] = Field(
        [str(network) for network in LOOPBACK],
        description="The networks, in CIDR form, that a name in a URL may lead to besides public "
        "addresses; of targets, dead letter queues and sources. An address that is written in a "
        "URL, and `localhost`, need not be in them. Link-local addresses, and others where clouds "
        "keep credentials, are never called.",
        examples=[["127.0.0.0/8", "::1/128", "10.0.0.0/8"]],
    )
    timeout: float = Field(
        600.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds that a call may take, from connecting to its last byte.",
    )
    concurrency: int = Field(
        1000, ge=1, description="How many deliveries may be under way at once."
    )
    concurrency_per_target: int = Field(
        50,
        ge=1,
        description="How many of them may be for one target, so that a slow one holds up no other.",
    )
    concurrencies: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {},
        description="The same for single targets, by kind and id.",
        examples=[{"function/d4e00000000000000001": 1}],
    )
    max_payload_bytes: int = Field(
        230 * 1024,
        ge=1024,
        description="The largest payload that a trigger's target is sent, in bytes. A larger one "
        "fails and goes to the dead letter queue, if its rule has one.",
    )

    @cached_property
    def reach(self) -> Reach:
        """Which addresses may be called: of targets, and of all else that settings name."""
        return Reach(parse_networks(self.networks))

    def template(self, kind: str) -> str | None:
        """Returns the URL of a kind's targets, with a field for the id."""
        template: str | None = getattr(self, kind)
        return template

    def urls(self, kind: str) -> Mapping[str, str]:
        """Returns the URLs of single targets of a kind, by id."""
        urls: Mapping[str, str] = getattr(self, f"{kind}s")
        return urls

    def concurrency_of(self, target: str) -> int:
        """Returns how many deliveries may be under way at once to a target, by its kind and id."""
        return self.concurrencies.get(target, self.concurrency_per_target)


class DeadLetterSettings(AmazonAccount, QueueEndpoint):
    """The queue service, of the SQS protocol, that dead letters are put into."""

    queues: dict[str, ServiceUrl] = Field(
        {},
        description="URL of single queues, by the `queue_id` of the rule. Others are asked for by "
        "the last part of their id.",
        examples=[{"yrn:yc:ymq:ru-central1:b1g1:dlq": "http://127.0.0.1:9324/000000000000/dlq"}],
    )


class IntegrationSettings(BaseModel):
    """One integration: which API triggers start it, and the URL that runs it."""

    model_config = STRICT

    triggers: list[str] = Field(
        min_length=1, description="Ids of its triggers.", examples=[["api_trigger/nightly"]]
    )
    url: ServiceUrl = Field(
        description="Where its executions are POSTed.", examples=["http://127.0.0.1:9000/nightly"]
    )
