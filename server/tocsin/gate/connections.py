"""Defines the settings of connections: how many an address has, and which proxies name another."""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from tocsin.fields import STRICT
from tocsin.outgoing.settings import Network


class ConnectionSettings(BaseModel):
    """Sets what the connections of an address may be, and who may name their client."""

    model_config = STRICT

    per_address: int = Field(
        1000,
        ge=1,
        description="Most open connections of one address, to Envoy's listeners; IPv6 "
        "addresses with the same first 64 bits count as one. More are closed at once.",
    )
    exempt: list[Network] = Field(
        ["127.0.0.0/8", "::1/128"],
        max_length=1000,
        description="Networks, in CIDR form, whose addresses may have any number of connections. "
        "With `forwarded_for`, those of trusted proxies may too.",
    )
    trusted_proxies: list[Network] = Field(
        [],
        max_length=1000,
        description="Networks, in CIDR form, of the load balancers and proxies before REST, "
        "TLS, and gRPC beyond loopback. Their word for who calls is taken in the ways that the "
        "next two settings allow.",
        examples=[["10.0.0.0/8"]],
    )
    forwarded_for: bool = Field(
        False,
        description="Whether a trusted proxy names the client in `X-Forwarded-For`: the last "
        "address there that is not a trusted proxy's. Others can't name one.",
    )
    proxy_protocol: bool = Field(
        False,
        description="Whether trusted proxies begin each connection with the PROXY protocol, v1 or "
        "v2. Then all must, and no other address is served by Envoy.",
    )

    @model_validator(mode="after")
    def _trusts_somebody(self) -> Self:
        if (self.forwarded_for or self.proxy_protocol) and not self.trusted_proxies:
            raise ValueError(
                "trusted_proxies: expected the networks of the proxies whose word for who calls "
                "is taken"
            )
        return self
