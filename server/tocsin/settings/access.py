"""Who may call."""

from pydantic import BaseModel, Field

from tocsin.settings.fields import STRICT, IssuerUrl


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
