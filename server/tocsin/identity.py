"""Builds what tells who calls, and gives them tokens."""

from tocsin.access.iam_tokens import IamTokens
from tocsin.access.signing import SigningKeys
from tocsin.api import iam_tokens
from tocsin.configured import real_clock
from tocsin.grpc_server import Services
from tocsin.schedule import Clock


def identity_services(clock: Clock, keys: SigningKeys) -> Services:
    """Builds the services by which people and programs prove who they are."""
    real = real_clock(clock)
    tokens = IamTokens(keys, real, checked=False)
    return {iam_tokens.SERVICE: iam_tokens.OpenIamTokenService(real, tokens).methods()}
