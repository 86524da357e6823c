"""Every setting of `tocsin serve`; each table is the model of the room that it configures."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tocsin.engine.settings import MisfireSettings, ReconcilerSettings, RetentionSettings
from tocsin.fields import MEGABYTE
from tocsin.gate.settings import AccessSettings, AuditSettings, LimitSettings
from tocsin.settings.addresses import (
    Address,
    AdvertisedAddress,
    DatabaseUrl,
    OptionalListenAddress,
    StartInstant,
)
from tocsin.sources.settings import SourceSettings
from tocsin.targets.settings import DeadLetterSettings, IntegrationSettings, TargetSettings


class Settings(BaseSettings):
    """All settings of `tocsin serve`."""

    model_config = SettingsConfigDict(
        env_prefix="TOCSIN_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    listen: OptionalListenAddress = Field(
        Address("127.0.0.1", 50051),
        description="Where gRPC is served without TLS; port 0 picks a free one, `off` serves none.",
    )
    http: OptionalListenAddress = Field(
        Address("127.0.0.1", 8080),
        description="Where REST is served without TLS, by Envoy; port 0 picks a free one, `off` "
        "serves none.",
    )
    tls: OptionalListenAddress = Field(
        None,
        description="Where gRPC and REST are served over TLS, on one port, by Envoy; port 0 picks "
        "a free one, `off` serves none.",
        examples=["127.0.0.1:8443"],
    )
    tls_cert: Path | None = Field(
        None,
        description="The certificate for TLS, in PEM, followed by those between it and its "
        "authority. Renewed files are taken within seconds, and connections stay.",
        examples=["tocsin-certs/server.pem"],
    )
    tls_key: Path | None = Field(
        None,
        description="The certificate's private key, in PEM, not encrypted.",
        examples=["tocsin-certs/server.key"],
    )
    client_ca: Path | None = Field(
        None,
        description="Certificates of authorities, in PEM: over TLS only clients are served that "
        "show a certificate which one of them has signed.",
        examples=["client-ca.pem"],
    )
    advertise: AdvertisedAddress | None = Field(
        None,
        description="The `HOST:PORT` that `ApiEndpointService` tells clients of TLS, or all where "
        "there is no TLS; without it each is told the address that it has dialled.",
        examples=["tocsin.example.com:443"],
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
    targets: TargetSettings = Field(
        TargetSettings.model_construct(), description="What triggers call."
    )
    dead_letters: DeadLetterSettings = Field(
        DeadLetterSettings.model_construct(), description="Where dead letters go."
    )
    misfires: MisfireSettings = Field(
        MisfireSettings.model_construct(), description="What becomes of ticks that were missed."
    )
    retention: RetentionSettings = Field(
        RetentionSettings.model_construct(), description="How long what is done is kept."
    )
    reconciler: ReconcilerSettings = Field(
        ReconcilerSettings.model_construct(), description="What looks for what went wrong unheard."
    )
    access: AccessSettings = Field(AccessSettings.model_construct(), description="Who may call.")
    limits: LimitSettings = Field(
        LimitSettings.model_construct(), description="How much callers may take."
    )
    audit: AuditSettings = Field(
        AuditSettings.model_construct(), description="Where the audit log goes."
    )
    sources: SourceSettings = Field(
        SourceSettings.model_construct(), description="Where events come from."
    )
    integrations: dict[str, IntegrationSettings] = Field(
        {}, description="The integrations that can be scheduled, by name."
    )

    @model_validator(mode="after")
    def _has_a_way_in(self) -> Self:
        if self.listen is None and self.http is None and self.tls is None:
            raise ValueError("listen, http, tls: nothing is served where all three are off")
        return self

    @model_validator(mode="after")
    def _has_what_tls_needs(self) -> Self:
        files = {"tls_cert": self.tls_cert, "tls_key": self.tls_key}
        missing = [name for name, file in files.items() if file is None]
        if self.tls is not None and missing:
            raise ValueError(
                f"{', '.join(missing)}: TLS needs a certificate and its key; "
                "`tocsin dev-certs` makes some"
            )
        return self
