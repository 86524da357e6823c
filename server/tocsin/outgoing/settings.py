"""Defines what settings of called services share: URLs, networks and accounts."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr
from yarl import URL

from tocsin.fields import STRICT, WithoutSecrets
from tocsin.outgoing.reach import is_address, never_called, parse_networks
from tocsin.outgoing.url_parts import check_parts


def check_url(url: str) -> str:
    try:
        parsed = URL(url)
    except ValueError as error:
        raise ValueError(f"is not a URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("expected a URL such as http://127.0.0.1:9000/")
    host = parsed.raw_host or ""
    check_parts(url, host)
    if is_address(host) and (why := never_called(host)):
        raise ValueError(f"{host} is {why}, which is never called")
    return url


def check_region(region: str) -> str:
    # The form that Amazon's clients require; without a region they take that of the environment.
    if region and not re.fullmatch(r"(?![0-9]+$)(?!-)[a-zA-Z0-9-]{1,63}(?<!-)", region):
        raise ValueError("expected letters, digits and hyphens, such as ru-central1 or us-east-1")
    return region


def check_network(network: str) -> str:
    parse_networks([network])
    return network


ServiceUrl = Annotated[str, AfterValidator(check_url), WithoutSecrets]
Network = Annotated[str, AfterValidator(check_network)]


class AmazonAccount(BaseModel):
    """Sets the account that signs requests to a service of Amazon's protocols.

    A table of settings inherits it; a base class to its left puts its own fields first.
    """

    model_config = STRICT

    region: Annotated[str, AfterValidator(check_region)] = Field(
        "ru-central1", description="Region that requests are signed for."
    )
    access_key_id: str | None = Field(None, description="Access key id that signs requests.")
    secret_access_key: SecretStr | None = Field(None, description="Secret key that signs requests.")


class QueueEndpoint(BaseModel):
    """Sets the URL of a queue service."""

    endpoint: ServiceUrl | None = Field(
        None, description="URL of the queue service.", examples=["http://127.0.0.1:9324"]
    )
