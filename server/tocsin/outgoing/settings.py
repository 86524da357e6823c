"""What settings say of services that are called: their URLs, and the account they are called by."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr
from yarl import URL

from tocsin.fields import STRICT, WithoutSecrets
from tocsin.outgoing.reach import is_address, never_called, parse_networks


def check_url(url: str) -> str:
    try:
        parsed = URL(url)
    except ValueError as error:
        raise ValueError(f"is no URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("expected a URL such as http://127.0.0.1:9000/")
    if is_address(parsed.host) and (why := never_called(parsed.host)):
        raise ValueError(f"{parsed.host} is {why}: it is never called")
    return url


def check_network(network: str) -> str:
    parse_networks([network])
    return network


ServiceUrl = Annotated[str, AfterValidator(check_url), WithoutSecrets]
Network = Annotated[str, AfterValidator(check_network)]


class AmazonAccount(BaseModel):
    """An account at a service of Amazon's protocols: it signs the requests.

    A table that has one inherits it, and what comes first in the table as another base before it.
    """

    model_config = STRICT

    region: str = Field("ru-central1", description="The region that requests are signed for.")
    access_key_id: str | None = Field(None, description="Whose requests they are.")
    secret_access_key: SecretStr | None = Field(None, description="What they are signed with.")


class QueueEndpoint(BaseModel):
    """Where a queue service is."""

    endpoint: ServiceUrl | None = Field(
        None, description="URL of the queue service.", examples=["http://127.0.0.1:9324"]
    )
