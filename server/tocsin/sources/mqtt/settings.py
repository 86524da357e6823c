"""Defines the settings of MQTT brokers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints
from yarl import URL

from tocsin.fields import STRICT
from tocsin.outgoing.url_parts import check_parts
from tocsin.sources.folders import Folders, FolderSettings, folder_set


def parse_broker_url(url: str) -> str:
    try:
        parsed = URL(url)
    except ValueError as error:
        raise ValueError(f"is not a URL: {error}") from error
    if parsed.scheme not in ("mqtt", "mqtts") or not parsed.host or parsed.user is not None:
        raise ValueError(
            "expected mqtt://HOST:PORT, or mqtts:// for TLS; username and password are settings"
        )
    check_parts(url, parsed.raw_host or "")
    return url


def check_device_topics(template: str) -> str:
    if [level for level in template.split("/") if "{" in level] != ["{device_id}"]:
        raise ValueError("expected a topic with {device_id} as one level, such as x/{device_id}")
    return check_topics(template)


def check_topics(topic: str) -> str:
    if not topic or {"+", "#", "\0"} & set(topic):
        raise ValueError("expected a topic without + and #")
    return topic


class RegistrySettings(FolderSettings):
    """Names the topics of a broker that belong to a registry."""

    model_config = STRICT

    devices: Annotated[str, AfterValidator(check_device_topics)] = Field(
        "$devices/{device_id}",
        description="Prefix of a device's topics: this topic and all below it belong to the "
        "device. One level must be `{device_id}`.",
        examples=["factory/{device_id}"],
    )
    own: Annotated[str | None, AfterValidator(lambda t: t if t is None else check_topics(t))] = (
        Field(
            None,
            description="Prefix of the registry's own topics; left out, it is `$registries/` and "
            "the registry's id.",
            examples=["factory-own"],
        )
    )


class BrokerSettings(FolderSettings):
    """Says how to reach an MQTT broker, and to which rules its messages belong.

    A registry without folders of its own has those of its broker.
    """

    model_config = STRICT

    url: Annotated[str, AfterValidator(parse_broker_url)] = Field(
        description="URL of the broker: `mqtt://HOST:PORT`, or `mqtts://HOST:PORT` for TLS.",
        examples=["mqtt://127.0.0.1:1883"],
    )
    version: Literal["3.1.1", "5"] = Field("5", description="Version of MQTT: `3.1.1` or `5`.")
    username: str | None = Field(None, description="User name to log in with.")
    password: SecretStr | None = Field(None, description="Password to log in with.")
    ca_file: Path | None = Field(
        None,
        description="PEM file of the authorities that sign the broker's certificate; left out, the "
        "system's are used.",
    )
    client_id: str = Field(
        "tocsin",
        pattern=r"^[A-Za-z0-9_.-]{1,60}$",
        description="Prefix of the client ids, which are this, `-` and the session's number. The "
        "broker keeps unacknowledged messages by client id, so no other client may use it.",
    )
    sessions: int = Field(
        1,
        ge=1,
        le=16,
        description="Number of sessions, over all nodes, that share the messages. More than one "
        "needs a broker with shared subscriptions.",
    )
    session_expiry: int = Field(
        7 * 86400,
        ge=60,
        le=2**32 - 1,
        description="Seconds that the broker keeps a disconnected session; MQTT 5 only.",
    )
    brokers: list[str] = Field(
        [],
        description="The `broker_id`s of rules that mean this broker.",
        examples=[["are000000000000brk"]],
    )
    registries: dict[str, RegistrySettings] = Field(
        {},
        description="Registries on this broker, by `registry_id`, with their topics.",
    )

    def folders_for(self, registry_id: str) -> Folders:
        """Returns the folders of a registry, or of the whole broker if the id is empty."""
        registry = self.registries.get(registry_id)
        own = None if registry is None else registry.folders
        names = self.folders if own is None else own
        return None if names is None else folder_set(names)

    def unbound(self) -> Iterator[str]:
        """Yields the ids of the brokers and registries of rules that have no folders."""
        if self.folders is None:
            yield from self.brokers
            yield from (name for name, each in self.registries.items() if each.folders is None)

    @property
    def tls(self) -> bool:
        return URL(self.url).scheme == "mqtts"

    @property
    def address(self) -> tuple[str, int]:
        """Returns the host and the port to connect to."""
        url = URL(self.url)
        assert url.host is not None, "the URL was checked"
        return url.host, url.explicit_port or (8883 if self.tls else 1883)

    @property
    def version5(self) -> bool:
        return self.version == "5"


# The store and the log hold the name.
BrokerName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
