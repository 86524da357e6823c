"""The settings of the gate: who may call, how much, and what is written down of it."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, field_validator
from yarl import URL

from tocsin.access.buckets import Rate
from tocsin.fields import STRICT
from tocsin.outgoing.settings import check_url

NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
ID = re.compile(r"[A-Za-z0-9_-]{1,50}")
SUBJECT = re.compile(
    r"(serviceAccount|userAccount):[A-Za-z0-9_-]{1,50}"
    r"|federatedUser:[a-z][a-z0-9-]{0,62}:\S.{0,254}|allAuthenticatedUsers"
)

# Nobody has its private half.
EXAMPLE_KEY = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuD6KElURaPe1XFe4jQvW
/nieAIFkwLEPIzT0pGfutAuE7Oz4UdHZDla88izMzmJo3AZC9ZksUyi6bekfkLyk
Y1GbHLQ5HRfedP2fhTSNCWG8BsWL8dQmnHGUz1AeDyJ01gsHOfcEcOKbdeGxxqwO
V3OLE5iXvyb+TmLr22cOXLVc+frG0y9E5uA2NRyTYdpseAfCE+O+sUk40tm9I4AA
7Z0yG+dKR+0orxqNqSkSfdqK/ePyhnGOrmAM6y4h7cKcfu4tdhi33N8GY1sCvfuO
ALoF9k5fRcwAZc3eeA5pHa5iZwvfddjp9bw/8gdAReX/EbxvGPNvJ6z/PS5bh+Cu
ewIDAQAB
-----END PUBLIC KEY-----
"""


def check_safe(url: str) -> str:
    from tocsin.access.tokens.issuers import is_safe

    if not is_safe(check_url(url)):
        raise ValueError("has to be https, unless it is on this machine")
    return url


def check_issuer(url: str) -> str:
    """Checks an issuer's identifier (OpenID Connect Discovery 1.0, 3): paths are appended to it."""
    parsed = URL(check_url(url))
    if parsed.query_string or parsed.fragment or parsed.user or url[-1] in "/?#":
        raise ValueError("expected a URL without user, query, fragment, and / at its end")
    return url


SafeUrl = Annotated[str, AfterValidator(check_safe)]
IssuerUrl = Annotated[str, AfterValidator(check_issuer)]


class IssuerSettings(BaseModel):
    """An OpenID Connect issuer whose tokens are taken: `Authorization: Bearer JWT`."""

    model_config = STRICT

    issuer: SafeUrl = Field(
        description="The `iss` of its tokens, to the letter; below it is its configuration.",
        examples=["https://accounts.google.com"],
    )
    audience: str = Field(
        min_length=1,
        description="The `aud` of its tokens that are meant for this server.",
        examples=["tocsin"],
    )
    jwks_uri: SafeUrl | None = Field(
        None,
        description="Where its keys are. Without it, its configuration says so.",
        examples=["https://www.googleapis.com/oauth2/v3/certs"],
    )


class ServiceAccountSettings(BaseModel):
    """A service account that comes from the settings."""

    model_config = STRICT

    folder_id: str = Field(
        "", max_length=50, description="The folder that it is in.", examples=["b1g1"]
    )
    name: str = Field("", max_length=63, description="What people call it.", examples=["robot"])
    public_keys: dict[str, str] = Field(
        {},
        description="Its authorised keys: the public halves, in PEM, by their id.",
        examples=[{"ajek00000000000000001": EXAMPLE_KEY}],
    )

    @field_validator("public_keys")
    @classmethod
    def _are_keys(cls, keys: Mapping[str, str]) -> Mapping[str, str]:
        from tocsin.access.tokens.rsa_keys import load_public

        for key_id, pem in keys.items():
            if ID.fullmatch(key_id) is None:
                raise ValueError(f"{key_id}: an id is up to 50 letters, digits, - and _")
            try:
                load_public(pem)
            except ValueError as error:
                raise ValueError(f"{key_id}: {error}") from error
        return keys


class BindingSettings(BaseModel):
    """A role that comes from the settings."""

    model_config = STRICT

    resource: str = Field(
        description="`folders/ID`, `projects/ID`, or `*`: everything.", examples=["folders/b1g1"]
    )
    subject: str = Field(
        description="`serviceAccount:ID`, `userAccount:ID`, `federatedUser:ISSUER:SUB`, or "
        "`allAuthenticatedUsers`.",
        examples=["serviceAccount:aje00000000000000001"],
    )
    role: str = Field(description="The role, such as `viewer`.", examples=["editor"])

    @field_validator("subject")
    @classmethod
    def _is_subject(cls, subject: str) -> str:
        if SUBJECT.fullmatch(subject) is None:
            raise ValueError(
                "expected serviceAccount:ID, userAccount:ID, federatedUser:ISSUER:SUB or "
                "allAuthenticatedUsers"
            )
        return subject

    @field_validator("resource")
    @classmethod
    def _is_resource(cls, resource: str) -> str:
        from tocsin.access.permissions.resources import is_bindable

        if not is_bindable(resource):
            raise ValueError("expected folders/ID, projects/ID, what is below one, or *")
        return resource

    @field_validator("role")
    @classmethod
    def _is_role(cls, role: str) -> str:
        from tocsin.access.permissions.roles import ROLES

        if role not in ROLES:
            raise ValueError(f"there is no such role; there are {', '.join(sorted(ROLES))}")
        return role


class AccessSettings(BaseModel):
    """Who may call, and how they prove it."""

    model_config = STRICT

    enabled: bool = Field(
        False,
        description="Whether calls are authenticated and authorised. Without it anyone who reaches "
        "the server may do all.",
    )
    issuer: IssuerUrl | None = Field(
        None,
        description="The URL under which targets find `/.well-known/openid-configuration` of this "
        "server, and so the `iss` of the tokens that they are sent. Without it, that of the "
        "address of TLS, else of REST.",
        examples=["https://tocsin.example.com"],
    )
    token_hours: float = Field(
        12.0,
        gt=0,
        le=12,
        allow_inf_nan=False,
        description="How many hours IAM tokens hold that are given from now on.",
    )
    issuers: dict[str, IssuerSettings] = Field(
        {}, description="Issuers whose tokens are taken, by the name that subjects have of them."
    )
    service_accounts: dict[str, ServiceAccountSettings] = Field(
        {}, description="Service accounts, by their id, beside those that the store has."
    )
    bindings: list[BindingSettings] = Field(
        [], description="Who has which role on what, beside what the store has."
    )

    @field_validator("issuers")
    @classmethod
    def _names(cls, issuers: Mapping[str, IssuerSettings]) -> Mapping[str, IssuerSettings]:
        for name in issuers:
            if NAME.fullmatch(name) is None:
                raise ValueError(f"{name}: a name is of lower case letters, digits and hyphens")
        if len({each.issuer for each in issuers.values()}) < len(issuers):
            raise ValueError("two of them are one issuer")
        return issuers

    @field_validator("service_accounts")
    @classmethod
    def _ids(
        cls, accounts: Mapping[str, ServiceAccountSettings]
    ) -> Mapping[str, ServiceAccountSettings]:
        for account_id in accounts:
            if ID.fullmatch(account_id) is None:
                raise ValueError(f"{account_id}: an id is up to 50 letters, digits, - and _")
        return accounts


class LimitSettings(BaseModel):
    """How much one caller, or one folder or project, may take. Each node counts for itself."""

    model_config = STRICT

    calls_per_second: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="How many calls a second one caller may make in the long run; without access "
        "control, one address.",
        examples=[100.0],
    )
    calls_burst: int = Field(
        200, ge=1, description="How many calls may come at once where `calls_per_second` is set."
    )
    bad_credentials_per_minute: float | None = Field(
        60.0,
        gt=0,
        allow_inf_nan=False,
        description="How many bad credentials a minute may come from one address, and so many at "
        "once. Beyond that no other is looked at that comes from there, but for those that were "
        "good lately.",
    )
    triggers_per_folder: int | None = Field(
        None, ge=0, description="How many triggers a folder may have.", examples=[100]
    )
    invocations_per_minute: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="How many invocations a minute calls may make for one folder or project, and "
        "so many at once: of schedules, of triggers that are fired by hand, of events. Where an "
        "event can reach any folder, for one caller. Ticks of timers do not count.",
        examples=[600.0],
    )
    payload_bytes: int | None = Field(
        None,
        ge=1024,
        description="The largest request that makes an invocation or brings events, in bytes.",
        examples=[262144],
    )

    @property
    def calls(self) -> Rate | None:
        """How often one caller may call; None: without a limit."""
        if self.calls_per_second is None:
            return None
        return Rate(self.calls_per_second, self.calls_burst)

    @property
    def any_of_calls(self) -> bool:
        """Whether anything is limited that has nothing to do with who calls."""
        limits = (self.calls_per_second, self.invocations_per_minute, self.payload_bytes)
        return limits != (None, None, None)


class AuditSettings(BaseModel):
    """Where the audit log goes: a JSON line for each change, and for each call that is denied."""

    model_config = STRICT

    to: str | None = Field(
        None,
        min_length=1,
        description="`stderr`, `off`, or a file, which is appended to; after it was renamed a new "
        "one is begun. Without it: `stderr` with access control, else `off`.",
        examples=["/var/log/tocsin/audit.jsonl"],
    )
