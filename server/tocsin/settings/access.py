"""Who may call."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, field_validator

from tocsin.settings.fields import STRICT, IssuerUrl, check_url

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


SafeUrl = Annotated[str, AfterValidator(check_safe)]


class Issuer(BaseModel):
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


class ServiceAccount(BaseModel):
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


class RoleBinding(BaseModel):
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


class Access(BaseModel):
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
    issuers: dict[str, Issuer] = Field(
        {}, description="Issuers whose tokens are taken, by the name that subjects have of them."
    )
    service_accounts: dict[str, ServiceAccount] = Field(
        {}, description="Service accounts, by their id, beside those that the store has."
    )
    bindings: list[RoleBinding] = Field(
        [], description="Who has which role on what, beside what the store has."
    )

    @field_validator("issuers")
    @classmethod
    def _names(cls, issuers: Mapping[str, Issuer]) -> Mapping[str, Issuer]:
        for name in issuers:
            if NAME.fullmatch(name) is None:
                raise ValueError(f"{name}: a name is of lower case letters, digits and hyphens")
        if len({each.issuer for each in issuers.values()}) < len(issuers):
            raise ValueError("two of them are one issuer")
        return issuers

    @field_validator("service_accounts")
    @classmethod
    def _ids(cls, accounts: Mapping[str, ServiceAccount]) -> Mapping[str, ServiceAccount]:
        for account_id in accounts:
            if ID.fullmatch(account_id) is None:
                raise ValueError(f"{account_id}: an id is up to 50 letters, digits, - and _")
        return accounts
