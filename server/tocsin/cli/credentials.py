"""What the commands show to a server that asks who calls."""

import os
from collections.abc import Mapping
from typing import Any

import grpc

from tocsin.access.exposure import is_loopback
from tocsin.cli.refusal import USAGE, refusal

API_KEY = "TOCSIN_API_KEY"
IAM_TOKEN = "TOCSIN_IAM_TOKEN"  # noqa: S105 (the name of a variable)


def authorization(variables: Mapping[str, str]) -> str | None:
    """Returns the `Authorization` header for what the variables have; None: there is nothing.

    Ends the program where it can't tell which is meant.
    """
    api_key, iam_token = variables.get(API_KEY), variables.get(IAM_TOKEN)
    if api_key and iam_token:
        raise refusal(f"{API_KEY} and {IAM_TOKEN} are both set: unset one of them", status=USAGE)
    if iam_token:
        return f"Bearer {iam_token}"
    return f"Api-Key {api_key}" if api_key else None


def with_credentials(channel: grpc.Channel, server: str, *, tls: bool) -> grpc.Channel:
    """Returns a channel whose calls carry the credential of the environment, if there is one.

    Ends the program where others on the way could read it.
    """
    header = authorization(os.environ)
    if header is None:
        return channel
    host = server.rpartition(":")[0].strip("[]")
    if not tls and not is_loopback(host):
        raise refusal(
            f"{server} is another machine, and without TLS others on the way could read the "
            f"credential: speak TLS with --ca FILE, or unset {API_KEY} and {IAM_TOKEN}",
            status=USAGE,
        )
    return grpc.intercept_channel(channel, _Showing(header))


class _Details(grpc.ClientCallDetails):
    def __init__(self, of: Any, header: str) -> None:
        self.method = of.method
        self.timeout = of.timeout
        self.metadata = (*(of.metadata or ()), ("authorization", header))
        self.credentials = of.credentials
        self.wait_for_ready = of.wait_for_ready
        self.compression = of.compression


class _Showing(grpc.UnaryUnaryClientInterceptor):
    def __init__(self, header: str) -> None:
        self._header = header

    def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return continuation(_Details(client_call_details, self._header), request)
