"""One server with access control, and one outside issuer, for all tests of this folder."""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from stand.access.oidc_issuer import AUDIENCE, OidcIssuer, oidc_issuer
from stand.access.secured import Secured, ServiceKey, secured


@pytest.fixture(scope="session")
def issuer() -> Iterator[OidcIssuer]:
    with oidc_issuer() as running:
        yield running


@pytest.fixture(scope="session")
def it(issuer: OidcIssuer) -> Iterator[Secured]:
    config = f"""
        [access.issuers.test]
        issuer = "{issuer.url}"
        audience = "{AUDIENCE}"

        [[access.bindings]]
        resource = "folders/everybodys"
        subject = "allAuthenticatedUsers"
        role = "viewer"
    """
    with tempfile.TemporaryDirectory() as made, secured(Path(made), config) as running:
        yield running


@pytest.fixture(params=["grpc", "rest"])
def wire(request: pytest.FixtureRequest) -> str:
    """Each test that asks for it runs over both wires."""
    found: str = request.param
    return found


@pytest.fixture
def folder() -> str:
    """A folder that no other test knows."""
    return f"b1g{uuid.uuid4().hex[:17]}"


@pytest.fixture
def key(it: Secured, folder: str) -> ServiceKey:
    """Of a service account that may edit the folder."""
    return it.service_key(folder)
