"""Adds the credential of the environment to the calls of a command."""

import os
from collections.abc import Mapping
from typing import Any

import grpc

from tocsin.access.exposure import is_loopback
from tocsin.cli.refusal import USAGE, refusal

API_KEY = "TOCSIN_API_KEY"
IAM_TOKEN = "TOCSIN_IAM_TOKEN"  # noqa: S105 (the name of a variable)


def authorization(variables: Mapping[str, str]) -> str | None:
    """Returns the `Authorization` header for the credential in the variables; None without one.

    Ends the program if the variables hold two credentials.
    """
    api_key, iam_token = variables.get(API_KEY), variables.get(IAM_TOKEN)
    if api_key and iam_token:
        raise refusal(f"{API_KEY} and {IAM_TOKEN} are both set: unset one of them", status=USAGE)
    if iam_token:
        return f"Bearer {iam_token}"
    return f"Api-Key {api_key}" if api_key else None


def with_credentials(channel: grpc.Channel, server: str, *, tls: bool) -> grpc.Channel:
    """Returns a channel whose calls carry the credential of the environment, if it has one.

    Ends the program if the credential would cross a network without TLS.
    """
    header = authorization(os.environ)
    if header is None:
        return channel
    host = server.rpartition(":")[0].strip("[]")
    if not tls and not is_loopback(host):
        raise refusal(
            f"{server} is another machine, and without TLS others could read the credential on "
            f"the way: use TLS with --ca FILE, or unset {API_KEY} and {IAM_TOKEN}",
            status=USAGE,
        )
    return grpc.intercept_channel(channel, _WithHeader(header))


class _Details(grpc.ClientCallDetails):
    def __init__(self, of: Any, header: str) -> None:
        self.method = of.method
        self.timeout = of.timeout
        self.metadata = (*(of.metadata or ()), ("authorization", header))
        self.credentials = of.credentials
        self.wait_for_ready = of.wait_for_ready
        self.compression = of.compression


class _WithHeader(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    def __init__(self, header: str) -> None:
        self._header = header

    def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return continuation(_Details(client_call_details, self._header), request)

    def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return continuation(_Details(client_call_details, self._header), request)
