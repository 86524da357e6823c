"""Tocsin under the vendor's own names, for the SDKs whose addresses are built in.

Node's SDK changes an OAuth token or a key for an IAM token at iam.api.cloud.yandex.net:443, whatever
it is told; so a hosts file leads there.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.credentials import write_key_file
from clients.own_network import in_network_of, own_network
from clients.yandex import Sdk, node_sdk
from clients.yandex_server import Certificates, Served, serving_tls

SERVICES = ("iam", "operation", "serverless-triggers")


@pytest.fixture(scope="module")
def built_in(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    names = " ".join(f"{each}.api.cloud.yandex.net" for each in SERVICES)
    hosts = tmp_path_factory.mktemp("network") / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {names}\n")
    with serving_tls(certificates, port=443, within=own_network(hosts)) as served:
        yield served


@pytest.fixture(scope="module")
def sdk(built_in: Served) -> Sdk:
    """Node's, which is told no address at all."""
    where = in_network_of(built_in.tocsin.process.pid)
    return Sdk(
        (*where, *node_sdk().command), lambda ca: {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(ca)}
    )


def test_an_iam_token(sdk: Sdk, built_in: Served, folder: str) -> None:
    seen = sdk.play("lifecycle", "", folder, built_in.ca, IAM_TOKEN="t1.whose.ever")
    assert seen["delete"] == {"metadata": seen["create"]["metadata"]}


def test_an_oauth_token_is_changed_for_every_call(
    sdk: Sdk, built_in: Served, folder: str
) -> None:
    seen = sdk.play("lifecycle", "", folder, built_in.ca, OAUTH_TOKEN="y0_whoseEver")
    assert seen["delete"] == {"metadata": seen["create"]["metadata"]}


def test_a_key_of_a_service_account(
    sdk: Sdk, built_in: Served, folder: str, tmp_path: Path
) -> None:
    file = tmp_path / "key.json"
    write_key_file(file, account_id="aje00000000000000own", key_id="aje00000000000000key")
    seen = sdk.play("lifecycle", "", folder, built_in.ca, KEY_FILE=str(file))
    assert seen["delete"] == {"metadata": seen["create"]["metadata"]}
