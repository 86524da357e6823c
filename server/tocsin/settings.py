"""Every setting: from the command line, `TOCSIN_*` variables, a TOML file, or its default."""

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as VariableError
from yarl import URL

MEGABYTE = 1024 * 1024
DAY = 86400.0
# The longest time of a setting: there is an instant that much before each, and after it.
CENTURY = 36525 * DAY
HIDDEN = "***"


class SettingsError(Exception):
    """The settings can't be used; the message names each one that is wrong, and why."""


class Address(NamedTuple):
    """A host and a port to listen on; port 0 picks a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_address(value: object) -> object:
    """Reads `HOST:PORT` or `[IPV6]:PORT`."""
    if not isinstance(value, str):
        return value
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("expected HOST:PORT, such as 127.0.0.1:8080")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def parse_optional_address(value: object) -> object:
    return None if value == "off" else parse_address(value)


def parse_instant(value: object) -> object:
    """Reads an ISO 8601 time, and takes TOML's own; in UTC unless it says."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("expected an ISO 8601 time, such as 2026-01-01T00:00:00Z") from None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return value


def check_url(url: str) -> str:
    try:
        parsed = URL(url)
    except ValueError as error:
        raise ValueError(f"is no URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("expected a URL such as http://127.0.0.1:9000/")
    return url


def without_secrets(url: str) -> str:
    """Returns a URL as it may be shown: who asks, by which password, and with what query is hidden.

    What stands there is a secret, or as good as one.
    """
    scheme, separator, rest = url.partition("://")
    # A database's password may have any character but the last @.
    authority = rest if scheme.startswith("postgres") else re.split("[/?#]", rest)[0]
    place, query, arguments = rest[authority.rfind("@") + 1 :].partition("?")
    user = f"{HIDDEN}@" if "@" in authority else ""
    arguments = re.sub(r"(?<==)[^&#]+", HIDDEN, arguments)
    return f"{scheme}{separator}{user}{place}{query}{arguments}"


Shown = PlainSerializer(without_secrets, return_type=str)
DatabaseUrl = Annotated[str, Shown]
ListenAddress = Annotated[
    Address,
    NoDecode,  # a variable's text is no JSON
    BeforeValidator(parse_address, json_schema_input_type=str),
    PlainSerializer(str, return_type=str),
]
OptionalListenAddress = Annotated[
    Address | None,
    NoDecode,
    BeforeValidator(parse_optional_address, json_schema_input_type=str),
    PlainSerializer(lambda address: str(address or "off"), return_type=str),
]
StartInstant = Annotated[
    datetime,
    NoDecode,
    BeforeValidator(parse_instant, json_schema_input_type=str),
    PlainSerializer(lambda instant: instant.isoformat().replace("+00:00", "Z"), return_type=str),
]
# TOML has no null.
FOREVER = "forever"
ForEver = (
    BeforeValidator(lambda value: None if value == FOREVER else value, json_schema_input_type=str),
    PlainSerializer(lambda value: FOREVER if value is None else value),
)
Kept = Annotated[float | None, *ForEver]
KeptCount = Annotated[int | None, *ForEver]
TargetUrl = Annotated[str, AfterValidator(check_url), Shown]

STRICT = ConfigDict(extra="forbid", frozen=True)


class Targets(BaseModel):
    """Where functions, containers, workflows and WebSocket gateways are reached, and how."""

    model_config = STRICT

    function: TargetUrl | None = Field(
        None,
        description="URL of every function that [targets.functions] does not name; "
        "`{function_id}` stands for its id.",
        examples=["http://127.0.0.1:9000/{function_id}"],
    )
    functions: dict[str, TargetUrl] = Field(
        {},
        description="URL of single functions, by id.",
        examples=[{"d4e00000000000000001": "http://127.0.0.1:9100/"}],
    )
    container: TargetUrl | None = Field(
        None,
        description="URL of every other container; `{container_id}` stands for its id. "
        "The rule's `path` is appended.",
        examples=["http://127.0.0.1:9001/{container_id}"],
    )
    containers: dict[str, TargetUrl] = Field(
        {},
        description="URL of single containers, by id.",
        examples=[{"bba00000000000000001": "http://127.0.0.1:9101/"}],
    )
    workflow: TargetUrl | None = Field(
        None, description="URL of every other workflow; `{workflow_id}` stands for its id."
    )
    workflows: dict[str, TargetUrl] = Field({}, description="URL of single workflows, by id.")
    websocket_broadcast: TargetUrl | None = Field(
        None,
        description="URL of every other WebSocket gateway; `{gateway_id}` stands for its id. "
        "The rule's `path` is appended.",
    )
    websocket_broadcasts: dict[str, TargetUrl] = Field(
        {}, description="URL of single WebSocket gateways, by id."
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


class DeadLetters(BaseModel):
    """The queue service, of the SQS protocol, that dead letters are put into."""

    model_config = STRICT

    endpoint: TargetUrl | None = Field(
        None, description="URL of the queue service.", examples=["http://127.0.0.1:9324"]
    )
    region: str = Field("ru-central1", description="The region that requests are signed for.")
    access_key_id: str | None = Field(None, description="Whose requests they are.")
    secret_access_key: SecretStr | None = Field(None, description="What they are signed with.")
    queues: dict[str, TargetUrl] = Field(
        {},
        description="URL of single queues, by the `queue_id` of the rule. Others are asked for by "
        "the last part of their id.",
        examples=[{"yrn:yc:ymq:ru-central1:b1g1:dlq": "http://127.0.0.1:9324/000000000000/dlq"}],
    )


class Misfires(BaseModel):
    """What becomes of a timer's ticks that could not be fired in time."""

    model_config = STRICT

    policy: Literal["fire_once", "skip", "fire_all"] = Field(
        "fire_once",
        description="One call for all that was missed, none, or one for each: `fire_once`, `skip` "
        "or `fire_all`. A trigger's label `tocsin/misfire` goes before it.",
    )
    window: float | None = Field(
        None,
        gt=0,
        le=CENTURY,
        description="Seconds; what was missed longer ago is only recorded in the log.",
        examples=[86400.0],
    )
    cap: int = Field(
        100,
        ge=1,
        le=1000,
        description="How many ticks of one timer `fire_all` makes up for: the latest ones.",
    )
    tolerance: float = Field(
        30.0,
        ge=0,
        le=3600,
        description="Seconds that a tick may be late without being counted as missed.",
    )


class Retention(BaseModel):
    """How long, and how much, of what is done is kept. It is swept once a minute."""

    model_config = STRICT

    age: Kept = Field(
        30 * DAY,
        gt=0,
        le=CENTURY,
        description="Seconds that an invocation that succeeded or was cancelled is kept; "
        "`forever` keeps it.",
    )
    failed_age: Kept = Field(
        90 * DAY,
        gt=0,
        le=CENTURY,
        description="The same for one that failed or was dead-lettered; it is kept for `age` at "
        "least.",
    )
    most: KeptCount = Field(
        1_000_000,
        ge=1,
        description="How many invocations of each final state are kept, a few more or less: the "
        "latest. `forever` keeps all.",
    )
    operations_age: Kept = Field(
        30 * DAY,
        ge=2 * DAY,
        le=CENTURY,
        description="Seconds that operations on triggers are kept, two days (172800) at least: a "
        "repeated call is answered with the operation of the first.",
    )


class Reconciler(BaseModel):
    """The search for what nobody would hear of, such as an active timer without a next tick."""

    model_config = STRICT

    interval: float = Field(
        300.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds from one pass over all triggers and all that waits to the next, "
        "give or take a fifth.",
    )


class Mail(BaseModel):
    """Mails to the addresses of triggers, and where their attachments go."""

    model_config = STRICT

    max_bytes: int = Field(
        10 * MEGABYTE, ge=1024, description="The largest mail that is taken, in bytes."
    )
    connections: int = Field(
        100, ge=1, description="How many may send mails at once; others are asked to come again."
    )
    s3_endpoint: TargetUrl | None = Field(
        None,
        description="URL of the storage, of the S3 protocol, that has the buckets for attachments.",
        examples=["http://127.0.0.1:9000"],
    )
    s3_region: str = Field("ru-central1", description="The region that requests are signed for.")
    s3_access_key_id: str | None = Field(None, description="Whose requests they are.")
    s3_secret_access_key: SecretStr | None = Field(None, description="What they are signed with.")


class Webhooks(BaseModel):
    """What object storages and container registries tell by HTTP."""

    model_config = STRICT

    secret: SecretStr | None = Field(
        None,
        description="What their senders show in the `Authorization` header: by itself, as `Bearer "
        "SECRET`, or as the password of basic authentication. Without it, all may send.",
    )

    @field_validator("secret")
    @classmethod
    def _can_be_shown(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is None:
            return None
        value = secret.get_secret_value()
        if not value or value != value.strip():
            raise ValueError("is empty, or has white space around it; left out, all may send")
        return secret


class NotificationQueue(BaseModel):
    """A queue, of the SQS protocol, that object storages put their notifications into."""

    model_config = STRICT

    queue: TargetUrl | None = Field(
        None,
        description="The queue's URL. Without it, notifications come by webhooks alone.",
        examples=["http://127.0.0.1:9324/000000000000/objects"],
    )
    region: str = Field("ru-central1", description="The region that requests are signed for.")
    access_key_id: str | None = Field(None, description="Whose requests they are.")
    secret_access_key: SecretStr | None = Field(None, description="What they are signed with.")


class Logs(BaseModel):
    """Which group log records are of that do not say so."""

    model_config = STRICT

    default_groups: dict[str, str] = Field(
        {},
        description="The log groups of what is written to folders, by the folder's id.",
        examples=[{"b1g00000000000000001": "e2300000000000000001"}],
    )
    otlp_group: str | None = Field(
        None,
        description="The log group of OTLP records that name none. Without it, they are rejected.",
    )


class QueueService(BaseModel):
    """The queue service, of the SQS protocol, whose queues are read."""

    model_config = STRICT

    endpoint: TargetUrl | None = Field(
        None, description="URL of the queue service.", examples=["http://127.0.0.1:9324"]
    )
    region: str = Field("ru-central1", description="The region that requests are signed for.")
    access_key_id: str | None = Field(None, description="Whose requests they are.")
    secret_access_key: SecretStr | None = Field(None, description="What they are signed with.")
    urls: dict[str, TargetUrl] = Field(
        {},
        description="URL of single queues, by the `queue_id` of the rule. Others are asked for by "
        "the last part of their id.",
        examples=[{"yrn:yc:ymq:ru-central1:b1g1:in": "http://127.0.0.1:9324/000000000000/in"}],
    )


def parse_broker_url(url: str) -> str:
    try:
        parsed = URL(url)
    except ValueError as error:
        raise ValueError(f"is no URL: {error}") from error
    if parsed.scheme not in ("mqtt", "mqtts") or not parsed.host or parsed.user is not None:
        raise ValueError(
            "expected mqtt://HOST:PORT, or mqtts:// for TLS; username and password are settings"
        )
    return url


def check_device_topics(template: str) -> str:
    if [level for level in template.split("/") if "{" in level] != ["{device_id}"]:
        raise ValueError("expected a topic with {device_id} as one level, such as x/{device_id}")
    return check_topics(template)


def check_topics(topic: str) -> str:
    if not topic or {"+", "#", "\0"} & set(topic):
        raise ValueError("expected a topic without + and #")
    return topic


class MqttRegistry(BaseModel):
    """Which topics of a broker are those of a registry."""

    model_config = STRICT

    devices: Annotated[str, AfterValidator(check_device_topics)] = Field(
        "$devices/{device_id}",
        description="Where the topics of a device begin: this topic and all below it are the "
        "device's. One level is `{device_id}`.",
        examples=["factory/{device_id}"],
    )
    own: Annotated[str | None, AfterValidator(lambda t: t if t is None else check_topics(t))] = (
        Field(
            None,
            description="Where those of the registry itself begin; none: `$registries/` and its "
            "id.",
            examples=["factory-own"],
        )
    )


class MqttBroker(BaseModel):
    """An MQTT broker: how it is reached, and what its messages are of."""

    model_config = STRICT

    url: Annotated[str, AfterValidator(parse_broker_url)] = Field(
        description="Where it is: `mqtt://HOST:PORT`, or `mqtts://HOST:PORT` for TLS.",
        examples=["mqtt://127.0.0.1:1883"],
    )
    version: Literal["3.1.1", "5"] = Field("5", description="The version of MQTT: `3.1.1` or `5`.")
    username: str | None = Field(None, description="Who logs in.")
    password: SecretStr | None = Field(None, description="With which password.")
    ca_file: Path | None = Field(
        None, description="The certificates, in PEM, that sign the broker's; none: the system's."
    )
    client_id: str = Field(
        "tocsin",
        pattern=r"^[A-Za-z0-9_.-]{1,60}$",
        description="What the sessions are called, by which the broker keeps what was not "
        "acknowledged: this, `-` and their number. Nobody else may have it there.",
    )
    sessions: int = Field(
        1,
        ge=1,
        le=16,
        description="How many sessions share the messages, over all nodes. More than one need a "
        "broker with shared subscriptions.",
    )
    session_expiry: int = Field(
        7 * 86400,
        ge=60,
        le=2**32 - 1,
        description="Seconds for which the broker keeps a session that is not connected; MQTT 5 "
        "only.",
    )
    brokers: list[str] = Field(
        [], description="The `broker_id`s that are this broker.", examples=[["are000000000000brk"]]
    )
    registries: dict[str, MqttRegistry] = Field(
        {},
        description="The topics of the registries that are on it, by `registry_id`.",
    )


# The name is in the store, and in the log.
MqttName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,60}$")]


class StreamService(BaseModel):
    """The stream service, of the Kinesis protocol, whose streams are read."""

    model_config = STRICT

    endpoint: TargetUrl | None = Field(
        None,
        description="URL of the stream service. Rules that name another endpoint are read here "
        "too, but for those in `endpoints`.",
        examples=["http://127.0.0.1:4566"],
    )
    region: str = Field("ru-central1", description="The region that requests are signed for.")
    access_key_id: str | None = Field(None, description="Whose requests they are.")
    secret_access_key: SecretStr | None = Field(None, description="What they are signed with.")
    endpoints: dict[str, TargetUrl] = Field(
        {},
        description="URL of single services, by the `endpoint` of the rule.",
        examples=[
            {
                "https://yds.serverless.yandexcloud.net": "https://yds.serverless.yandexcloud.net",
            }
        ],
    )


class Sources(BaseModel):
    """Where events come from."""

    model_config = STRICT

    remember: float = Field(
        3600.0,
        ge=0,
        le=CENTURY,
        description="Seconds for which an event's id is remembered: one that comes again meanwhile "
        "is not a second event.",
    )
    mail: Mail = Field(Mail.model_construct(), description="Mails to the addresses of triggers.")
    mqtt: dict[MqttName, MqttBroker] = Field({}, description="The MQTT brokers, by any name.")

    @field_validator("mqtt")
    @classmethod
    def _each_id_once(cls, brokers: dict[str, MqttBroker]) -> dict[str, MqttBroker]:
        for ids in (
            [each for broker in brokers.values() for each in broker.brokers],
            [each for broker in brokers.values() for each in broker.registries],
        ):
            for each in ids:
                if ids.count(each) > 1:
                    raise ValueError(f"{each} is named by two brokers, or twice by one")
        return brokers

    webhooks: Webhooks = Field(
        Webhooks.model_construct(), description="What tells of events by HTTP."
    )
    object_storage: NotificationQueue = Field(
        NotificationQueue.model_construct(), description="What object storages put into a queue."
    )
    logs: Logs = Field(Logs.model_construct(), description="What comes of log records.")
    message_queue: QueueService = Field(
        QueueService.model_construct(), description="The queues of `message_queue` rules."
    )
    data_stream: StreamService = Field(
        StreamService.model_construct(), description="The streams of `data_stream` rules."
    )


class Integration(BaseModel):
    """One integration: which API triggers start it, and the URL that runs it."""

    model_config = STRICT

    triggers: list[str] = Field(
        min_length=1, description="Ids of its triggers.", examples=[["api_trigger/nightly"]]
    )
    url: TargetUrl = Field(
        description="Where its executions are POSTed.", examples=["http://127.0.0.1:9000/nightly"]
    )


class Settings(BaseSettings):
    """All settings of `tocsin serve`."""

    model_config = SettingsConfigDict(
        env_prefix="TOCSIN_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    listen: ListenAddress = Field(
        Address("127.0.0.1", 50051), description="Where gRPC is served; port 0 picks a free one."
    )
    http: OptionalListenAddress = Field(
        Address("127.0.0.1", 8080),
        description="Where REST is served, by Envoy; port 0 picks a free one, `off` serves none.",
    )
    smtp: OptionalListenAddress = Field(
        None,
        description="Where mails to triggers are taken, over SMTP; port 0 picks a free one, `off` "
        "takes none.",
        examples=["127.0.0.1:2525"],
    )
    database: DatabaseUrl = Field(
        "sqlite:///tocsin-data/tocsin.db",
        description="URL of the store: `sqlite:///relative.db` or `sqlite:////absolute.db`, or, "
        "for any number of nodes, `postgresql://user:password@host:5432/database`.",
    )
    metrics: OptionalListenAddress = Field(
        None,
        description="Where Prometheus finds the metrics, at `/metrics`; port 0 picks a free one, "
        "`off` serves none.",
        examples=["127.0.0.1:9464"],
    )
    channelz: bool = Field(
        False,
        description="Serves `grpc.channelz.v1.Channelz`: what gRPC knows of its connections.",
    )
    allow_unauthenticated: bool = Field(
        False,
        description="Allows listening beyond loopback although anyone who gets there may do all.",
    )
    grace: float = Field(
        10.0,
        ge=0,
        allow_inf_nan=False,
        description="Seconds that calls and deliveries have to finish at the stop.",
    )
    shutdown_delay: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="Seconds between saying NOT_SERVING and taking no more calls, at the stop: as "
        "long as a load balancer needs to notice.",
    )
    max_request_bytes: int = Field(
        10 * MEGABYTE, ge=1024, description="The largest request that is read, in bytes."
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="How log lines look on stderr: `console` or `json`."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least important log lines to write."
    )
    cloud_id: str = Field("", description="The `cloud_id` that events carry.")
    clock: Literal["system", "manual"] = Field(
        "system",
        description="`manual`: for tests, time stands still until it is moved by `ClockService`.",
    )
    clock_start: StartInstant | None = Field(
        None,
        description="Where a manual clock starts, in ISO 8601, UTC unless it says; without it, at "
        "the time of the start.",
        examples=["2026-01-01T00:00:00Z"],
    )
    targets: Targets = Field(Targets.model_construct(), description="What triggers call.")
    dead_letters: DeadLetters = Field(
        DeadLetters.model_construct(), description="Where dead letters go."
    )
    misfires: Misfires = Field(
        Misfires.model_construct(), description="What becomes of ticks that were missed."
    )
    retention: Retention = Field(
        Retention.model_construct(), description="How long what is done is kept."
    )
    reconciler: Reconciler = Field(
        Reconciler.model_construct(), description="What looks for what went wrong unheard."
    )
    sources: Sources = Field(Sources.model_construct(), description="Where events come from.")
    integrations: dict[str, Integration] = Field(
        {}, description="The integrations that can be scheduled, by name."
    )


def load_settings(config: Path | None, given: Mapping[str, Any] | None = None) -> Settings:
    """Puts the settings together: what is `given` goes before variables, those before the file.

    Raises:
        SettingsError: the file can't be read, or a setting is unknown or wrong.
    """
    from_file = _read(config) if config is not None else {}

    class LayeredSettings(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del dotenv_settings, file_secret_settings
            return init_settings, env_settings, InitSettingsSource(settings_cls, from_file)

    try:
        return LayeredSettings(**(given or {}))
    except ValidationError as error:
        raise SettingsError(_explained(error)) from error
    except VariableError as error:
        raise SettingsError(f"{error}: {error.__cause__}") from error


def _read(config: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_text())
    except OSError as error:
        raise SettingsError(f"{config}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{config} is not TOML: {error}") from error


def _explained(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in problem["loc"])
        what = (
            "there is no such setting" if problem["type"] == "extra_forbidden" else problem["msg"]
        )
        lines.append(f"{name}: {what.removeprefix('Value error, ')}")
    return "\n".join(lines)
