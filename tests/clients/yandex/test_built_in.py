"""Tocsin under the vendor's own names, for the SDKs whose addresses are built in.

Node's SDK changes an OAuth token or a key for an IAM token at iam.api.cloud.yandex.net:443,
whatever it is told; so a hosts file leads there.
"""

from collections.abc import Iterator, Mapping

import pytest

from clients.own_network import in_network_of, own_network
from clients.yandex.credentials import write_key_file
from clients.yandex.sdk import Sdk, node_sdk
from clients.yandex.servers import Certificates, Served, serving_accounts, serving_tls

SERVICES = ("iam", "operation", "serverless-triggers")

BuiltIn = tuple[Served, Mapping[str, Mapping[str, str]]]
"""A server, and whose variables its callers show, by what that is."""


def where(served: Served) -> tuple[str, ...]:
    return in_network_of(served.tocsin.process.pid)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    names = " ".join(f"{each}.api.cloud.yandex.net" for each in SERVICES)
    hosts = tmp_path_factory.mktemp("network") / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {names}\n")
    return own_network(hosts)


@pytest.fixture(scope="module", params=["nobody is asked", "all are asked"])
def built_in(
    request: pytest.FixtureRequest,
    certificates: Certificates,
    network: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[BuiltIn]:
    if request.param == "all are asked":
        with serving_accounts(certificates, 443, network, where) as (served, accounts):
            yield served, accounts.editor
        return
    key = tmp_path_factory.mktemp("keys") / "key.json"
    write_key_file(key, account_id="aje00000000000000own", key_id="aje00000000000000key")
    with serving_tls(certificates, port=443, within=network) as served:
        yield (
            served,
            {
                "IAM token": {"IAM_TOKEN": "t1.whose.ever"},
                "OAuth token": {"OAUTH_TOKEN": "y0_whoseEver"},
                "key": {"KEY_FILE": str(key)},
            },
        )


@pytest.mark.parametrize("shown", ["IAM token", "OAuth token", "key"])
def test_nodes_sdk_works_though_it_is_told_no_address(
    built_in: BuiltIn, folder: str, shown: str
) -> None:
    served, credentials = built_in
    sdk = Sdk(
        (*where(served), *node_sdk().command),
        trust=lambda ca: {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(ca)},
    )
    seen = sdk.play("lifecycle", "", folder, served.ca, **credentials[shown])
    assert seen["delete"] == {"metadata": seen["create"]["metadata"]}
