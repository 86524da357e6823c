"""Defines the settings of the gate: access control, limits, and the audit log."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from yarl import URL

from tocsin.access.buckets import Rate
from tocsin.access.sealing import Keyring, read_keyring
from tocsin.fields import STRICT
from tocsin.outgoing.settings import check_url

NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
ID = re.compile(r"[A-Za-z0-9_-]{1,50}")
SUBJECT = re.compile(
    r"(serviceAccount|userAccount):[A-Za-z0-9_-]{1,50}"
    r"|federatedUser:[a-z][a-z0-9-]{0,62}:\S.{0,254}|allAuthenticatedUsers"
)

# Nobody has its private key.
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
        raise ValueError("must be https, except on this machine")
    return url


def check_issuer(url: str) -> str:
    """Checks an issuer's identifier, to which paths are appended (OIDC Discovery 1.0, 3)."""
    parsed = URL(check_url(url))
    if parsed.query_string or parsed.fragment or parsed.user or url[-1] in "/?#":
        raise ValueError("must be a URL without user, query, fragment and final /")
    return url


SafeUrl = Annotated[str, AfterValidator(check_safe)]
IssuerUrl = Annotated[str, AfterValidator(check_issuer)]


class IssuerSettings(BaseModel):
    """An OpenID Connect issuer whose tokens are accepted: `Authorization: Bearer JWT`."""

    model_config = STRICT

    issuer: SafeUrl = Field(
        description="The `iss` of its tokens, character for character. The issuer's configuration "
        "is read below it.",
        examples=["https://accounts.google.com"],
    )
    audience: str = Field(
        min_length=1,
        description="The `aud` that its tokens must have for this server.",
        examples=["tocsin"],
    )
    jwks_uri: SafeUrl | None = Field(
        None,
        description="The URL of its keys; by default its configuration names the URL.",
        examples=["https://www.googleapis.com/oauth2/v3/certs"],
    )
    client_id: str | None = Field(
        None,
        min_length=1,
        description="The client as which the issuer knows this server; with it, people sign in on "
        "the page by this issuer. The issuer must know the page's URL as a redirect URI.",
        examples=["tocsin-console"],
    )
    client_secret: SecretStr | None = Field(
        None, description="The client's secret, if the issuer gave it one.", examples=["s3cret"]
    )
    scopes: list[str] = Field(
        ["openid", "email"],
        description="The scopes that are asked for at sign-in; `openid` must be among them.",
    )
    title: str = Field(
        "", max_length=60, description="What people call it on the page; by default its name."
    )
    session_hours: float | None = Field(
        None,
        gt=0,
        le=24 * 30,
        allow_inf_nan=False,
        description="Hours after which one must sign in by this issuer again. By default a session "
        "ends with the issuer's ID token.",
        examples=[8.0],
    )

    def secret_of_client(self) -> str | None:
        return None if self.client_secret is None else self.client_secret.get_secret_value()

    @model_validator(mode="after")
    def _has_a_client(self) -> Self:
        if self.client_id is None and self.client_secret is not None:
            raise ValueError("client_secret: set client_id too")
        if "openid" not in self.scopes:
            raise ValueError("scopes: must have openid")
        return self


class ServiceAccountSettings(BaseModel):
    """A service account that comes from the settings."""

    model_config = STRICT

    folder_id: str = Field(
        "", max_length=50, description="The account's folder.", examples=["b1g1"]
    )
    name: str = Field("", max_length=63, description="The account's name.", examples=["robot"])
    public_keys: dict[str, str] = Field(
        {},
        description="Its authorised keys: public keys in PEM, by their ids.",
        examples=[{"ajek00000000000000001": EXAMPLE_KEY}],
    )

    @field_validator("public_keys")
    @classmethod
    def _are_keys(cls, keys: Mapping[str, str]) -> Mapping[str, str]:
        from tocsin.access.tokens.rsa_keys import load_public

        for key_id, pem in keys.items():
            if ID.fullmatch(key_id) is None:
                raise ValueError(f"{key_id}: must be up to 50 letters, digits, - and _")
            try:
                load_public(pem)
            except ValueError as error:
                raise ValueError(f"{key_id}: {error}") from error
        return keys


class BindingSettings(BaseModel):
    """A role that comes from the settings."""

    model_config = STRICT

    resource: str = Field(
        description="`folders/ID`, `projects/ID`, or `*` for everything.", examples=["folders/b1g1"]
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
                "must be serviceAccount:ID, userAccount:ID, federatedUser:ISSUER:SUB or "
                "allAuthenticatedUsers"
            )
        return subject

    @field_validator("resource")
    @classmethod
    def _is_resource(cls, resource: str) -> str:
        from tocsin.access.permissions.resources import is_bindable

        if not is_bindable(resource):
            raise ValueError("must be folders/ID, projects/ID, a resource below one, or *")
        return resource

    @field_validator("role")
    @classmethod
    def _is_role(cls, role: str) -> str:
        from tocsin.access.permissions.roles import ROLES

        if role not in ROLES:
            raise ValueError(f"must be a role: {', '.join(sorted(ROLES))}")
        return role


class AccessSettings(BaseModel):
    """Defines who may call, and with which credentials."""

    model_config = STRICT

    enabled: bool = Field(
        False,
        description="Whether calls are authenticated and authorised. Without it, everyone who can "
        "reach the server may do everything.",
    )
    issuer: IssuerUrl | None = Field(
        None,
        description="The URL under which targets find `/.well-known/openid-configuration` of this "
        "server; it is the `iss` of the tokens that targets receive. By default it is made of the "
        "address of TLS, or else of REST.",
        examples=["https://tocsin.example.com"],
    )
    token_hours: float = Field(
        12.0,
        gt=0,
        le=12,
        allow_inf_nan=False,
        description="Hours that new IAM tokens are valid.",
    )
    key_file: Path | None = Field(
        None,
        description="A file with the keys that encrypt secret keys in the database, as "
        "`tocsin keys new` makes it. The first key encrypts, the others only decrypt. Without it "
        "(and `key`), secret keys are in plain text.",
        examples=["/etc/tocsin/tocsin.keys"],
    )
    key: SecretStr | None = Field(
        None,
        description="The same keys themselves, for a variable. They go before those of `key_file`.",
        examples=["BASE64-OF-32-BYTES"],
    )
    issuers: dict[str, IssuerSettings] = Field(
        {}, description="Issuers whose tokens are accepted, by the names that subjects use."
    )
    service_accounts: dict[str, ServiceAccountSettings] = Field(
        {}, description="Service accounts by their ids, in addition to those in the store."
    )
    bindings: list[BindingSettings] = Field(
        [], description="Roles of subjects on resources, in addition to those in the store."
    )

    def keyring(self) -> Keyring:
        """Reads the keys that encrypt keys in the database; a file is read anew each time.

        Raises:
            SealingError: the file can't be read, or something in it is not a key.
        """
        given = None if self.key is None else self.key.get_secret_value()
        return read_keyring(self.key_file, given)

    @field_validator("issuers")
    @classmethod
    def _names(cls, issuers: Mapping[str, IssuerSettings]) -> Mapping[str, IssuerSettings]:
        for name in issuers:
            if NAME.fullmatch(name) is None:
                raise ValueError(f"{name}: must be lower case letters, digits and hyphens")
        if len({settings.issuer for settings in issuers.values()}) < len(issuers):
            raise ValueError("two of them have the same issuer")
        return issuers

    @field_validator("service_accounts")
    @classmethod
    def _ids(
        cls, accounts: Mapping[str, ServiceAccountSettings]
    ) -> Mapping[str, ServiceAccountSettings]:
        for account_id in accounts:
            if ID.fullmatch(account_id) is None:
                raise ValueError(f"{account_id}: must be up to 50 letters, digits, - and _")
        return accounts


class LimitSettings(BaseModel):
    """Limits one caller, folder or project. Each node counts for itself."""

    model_config = STRICT

    calls_per_second: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Calls a second that one caller may make in the long run; without access "
        "control, one address.",
        examples=[100.0],
    )
    calls_burst: int = Field(
        200, ge=1, description="Calls that may come at once if `calls_per_second` is set."
    )
    bad_credentials_per_minute: float | None = Field(
        60.0,
        gt=0,
        allow_inf_nan=False,
        description="Bad credentials a minute that one address may send, and as many at once. "
        "Beyond that, only recently valid credentials from that address are accepted.",
    )
    triggers_per_folder: int | None = Field(
        None, ge=0, description="Triggers that a folder may have.", examples=[100]
    )
    invocations_per_minute: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Invocations a minute that calls may make for one folder or project, and as "
        "many at once: by scheduling, by firing triggers, and by events. Events that can reach any "
        "folder count for their caller. Ticks of timers do not count.",
        examples=[600.0],
    )
    payload_bytes: int | None = Field(
        None,
        ge=1024,
        description="Bytes of the largest request that makes an invocation or publishes events.",
        examples=[262144],
    )

    @property
    def calls(self) -> Rate | None:
        """The limit of one caller's calls, or None without a limit."""
        if self.calls_per_second is None:
            return None
        return Rate(self.calls_per_second, self.calls_burst)

    @property
    def any_of_calls(self) -> bool:
        """Whether a limit is set that applies without access control."""
        limits = (self.calls_per_second, self.invocations_per_minute, self.payload_bytes)
        return limits != (None, None, None)


class AuditSettings(BaseModel):
    """Configures the audit log, which has a JSON line for each change and each denied call."""

    model_config = STRICT

    to: str | None = Field(
        None,
        min_length=1,
        description="`stderr`, `off`, or a file to append to; a renamed file is replaced by a new "
        "one. By default it is `stderr` with access control, or else `off`.",
        examples=["/var/log/tocsin/audit.jsonl"],
    )
