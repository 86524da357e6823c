"""Defines the settings of `tocsin serve`; each table belongs to the room that it configures."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tocsin.console.settings import ConsoleSettings
from tocsin.engine.settings import MisfireSettings, ReconcilerSettings, RetentionSettings
from tocsin.fields import MEGABYTE
from tocsin.gate.connections import ConnectionSettings
from tocsin.gate.settings import AccessSettings, AuditSettings, LimitSettings
from tocsin.settings.addresses import (
    Address,
    AdvertisedAddress,
    DatabaseUrl,
    OptionalListenAddress,
    StartInstant,
    TriggerPlace,
)
from tocsin.sources.settings import SourceSettings
from tocsin.targets.receivers import NotifySettings
from tocsin.targets.settings import DeadLetterSettings, IntegrationSettings, TargetSettings
from tocsin.wire.rest.settings import RestSettings


class Settings(BaseSettings):
    """Holds all settings of `tocsin serve`."""

    model_config = SettingsConfigDict(
        env_prefix="TOCSIN_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    listen: OptionalListenAddress = Field(
        Address("127.0.0.1", 50051),
        description="Address of gRPC without TLS; port 0 picks a free one, `off` turns it off. "
        "Beyond loopback it is served by Envoy.",
    )
    http: OptionalListenAddress = Field(
        Address("127.0.0.1", 8080),
        description="Address of REST without TLS, by Envoy; port 0 picks a free one, `off` turns "
        "it off.",
    )
    tls: OptionalListenAddress = Field(
        None,
        description="Address of gRPC and REST over TLS, on one port, by Envoy; port 0 picks a free "
        "one, `off` turns it off.",
        examples=["127.0.0.1:8443"],
    )
    tls_cert: Path | None = Field(
        None,
        description="TLS certificate in PEM, followed by the intermediate ones. Renewed files are "
        "used within seconds, and connections stay open.",
        examples=["tocsin-certs/server.pem"],
    )
    tls_key: Path | None = Field(
        None,
        description="Private key of the certificate, in PEM, not encrypted.",
        examples=["tocsin-certs/server.key"],
    )
    client_ca: Path | None = Field(
        None,
        description="Certificates of authorities, in PEM. Over TLS, only clients whose certificate "
        "one of them signed are served.",
        examples=["client-ca.pem"],
    )
    advertise: AdvertisedAddress | None = Field(
        None,
        description="`HOST:PORT` that `ApiEndpointService` tells clients to call: TLS clients, or "
        "all clients without TLS. Without it, each is told the address that it dialled.",
        examples=["tocsin.example.com:443"],
    )
    smtp: OptionalListenAddress = Field(
        None,
        description="Address of SMTP for mail to triggers; port 0 picks a free one, `off` turns it "
        "off.",
        examples=["127.0.0.1:2525"],
    )
    apply: Path | None = Field(
        None,
        description="A file, or a directory of files, whose triggers are applied at the start: "
        "they are created and changed, and never deleted. A mistake in them refuses the start.",
        examples=["triggers"],
    )
    apply_folder: str = Field(
        "", description="The folder of triggers in `apply` that name none.", examples=["b1g1"]
    )
    database: DatabaseUrl = Field(
        "sqlite:///tocsin-data/tocsin.db",
        description="URL of the database: `sqlite:///relative.db` or `sqlite:////absolute.db`, or, "
        "for any number of nodes, `postgresql://user:password@host:5432/database`. Name a primary "
        "and its standbys as `host1:5432,host2:5432`.",
    )
    metrics: OptionalListenAddress = Field(
        None,
        description="Address of the metrics for Prometheus, at `/metrics`; port 0 picks a free "
        "one, `off` turns them off.",
        examples=["127.0.0.1:9464"],
    )
    metrics_triggers: list[TriggerPlace] = Field(
        [],
        max_length=200,
        description="Triggers that have metrics of their own, at most 200 in all: an id, "
        "`FOLDER/NAME`, or `FOLDER/*` for all of a folder.",
        examples=[["b1g00000000000000001/nightly"]],
    )
    allow_unauthenticated: bool = Field(
        False,
        description="Whether to listen beyond loopback without access control, so that anyone who "
        "connects may do anything.",
    )
    ignore_accounts: bool = Field(
        False,
        description="Whether to serve a database that has accounts without access control, so that "
        "their keys and roles count for nothing.",
    )
    grace: float = Field(
        10.0,
        ge=0,
        allow_inf_nan=False,
        description="Seconds that calls and deliveries under way have to finish when the server "
        "stops.",
    )
    shutdown_delay: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="Seconds from reporting NOT_SERVING to refusing calls when the server stops; "
        "set the time that a load balancer needs to notice.",
    )
    max_request_bytes: int = Field(10 * MEGABYTE, ge=1024, description="Largest request, in bytes.")
    log_format: Literal["console", "json"] = Field(
        "console", description="Format of log lines: `console` or `json`."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Lowest level of log lines to write."
    )
    cloud_id: str = Field("", description="`cloud_id` in events.")
    clock: Literal["system", "manual"] = Field(
        "system",
        description="With `manual`, time stands still until `ClockService` moves it, for tests.",
    )
    clock_start: StartInstant | None = Field(
        None,
        description="Start of a manual clock, in ISO 8601 (UTC unless it has an offset), in the "
        "years 1970 to 2099; without it, the time when the server starts.",
        examples=["2026-01-01T00:00:00Z"],
    )
    targets: TargetSettings = Field(
        TargetSettings.model_construct(), description="URLs and limits of targets."
    )
    dead_letters: DeadLetterSettings = Field(
        DeadLetterSettings.model_construct(), description="Queues for dead letters."
    )
    notify: NotifySettings = Field(
        NotifySettings.model_construct(), description="Who is told of failures."
    )
    misfires: MisfireSettings = Field(
        MisfireSettings.model_construct(), description="How missed ticks are made up for."
    )
    retention: RetentionSettings = Field(
        RetentionSettings.model_construct(), description="How long finished work is kept."
    )
    reconciler: ReconcilerSettings = Field(
        ReconcilerSettings.model_construct(),
        description="Checks of the store that find and repair faults.",
    )
    rest: RestSettings = Field(
        RestSettings.model_construct(), description="How requests of REST are read."
    )
    console: ConsoleSettings = Field(
        ConsoleSettings.model_construct(), description="The page in the browser."
    )
    access: AccessSettings = Field(AccessSettings.model_construct(), description="Access control.")
    limits: LimitSettings = Field(
        LimitSettings.model_construct(), description="Limits of callers and folders."
    )
    connections: ConnectionSettings = Field(
        ConnectionSettings.model_construct(), description="Connections and their clients."
    )
    audit: AuditSettings = Field(AuditSettings.model_construct(), description="The audit log.")
    sources: SourceSettings = Field(
        SourceSettings.model_construct(), description="Sources of events."
    )
    integrations: dict[str, IntegrationSettings] = Field(
        {}, description="Integrations that can be scheduled, by name."
    )

    @model_validator(mode="after")
    def _has_a_way_in(self) -> Self:
        if self.listen is None and self.http is None and self.tls is None:
            raise ValueError("listen, http, tls: at least one of the three must be on")
        return self

    @model_validator(mode="after")
    def _binds_sources_to_folders(self) -> Self:
        if self.access.enabled and (unbound := self.sources.unbound()):
            raise ValueError(
                f"{'; '.join(unbound)}: with access control every source says which folders get "
                "its events: set `folders` there, to folder ids or to all of them by "
                '["*"]'
            )
        return self

    @model_validator(mode="after")
    def _has_what_tls_needs(self) -> Self:
        files = {"tls_cert": self.tls_cert, "tls_key": self.tls_key}
        missing = [name for name, file in files.items() if file is None]
        if self.tls is not None and missing:
            raise ValueError(
                f"{', '.join(missing)}: TLS needs a certificate and its key: set them, "
                "or make some with `tocsin dev-certs`"
            )
        return self

    @model_validator(mode="after")
    def _asks_clients_over_tls_alone(self) -> Self:
        if self.client_ca is not None and self.tls is None:
            raise ValueError("client_ca: certificates of clients are asked for over TLS: set tls")
        return self
