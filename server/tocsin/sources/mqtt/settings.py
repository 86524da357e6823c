"""The settings of MQTT brokers."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr, StringConstraints
from yarl import URL

from tocsin.fields import STRICT


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


class RegistrySettings(BaseModel):
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


class BrokerSettings(BaseModel):
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
    registries: dict[str, RegistrySettings] = Field(
        {},
        description="The topics of the registries that are on it, by `registry_id`.",
    )

    @property
    def tls(self) -> bool:
        return URL(self.url).scheme == "mqtts"

    @property
    def address(self) -> tuple[str, int]:
        """The host and the port to connect to."""
        url = URL(self.url)
        assert url.host is not None, "the URL was checked"
        return url.host, url.explicit_port or (8883 if self.tls else 1883)

    @property
    def version5(self) -> bool:
        return self.version == "5"


# The name is in the store, and in the log.
BrokerName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
