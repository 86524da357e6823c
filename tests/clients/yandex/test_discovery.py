"""How the vendor's SDKs find Tocsin's services, by each of its listeners."""

from clients.yandex.sdk import Sdk, go_sdk, go_sdk_v2, java_sdk, python_sdk
from clients.yandex.servers import Served

ASKED_FOR = {"endpoint", "iam", "operation", "serverless-triggers"}
"""The ids that the SDKs look up; Python's does not work without `iam`, even with a token."""


def test_discovery_asks_for_no_token_and_lists_all_on_one_page(
    open_server: Served, folder: str
) -> None:
    seen = python_sdk().play("endpoints", open_server.tls, folder, open_server.ca)
    for step in ("list 0", "list 100"):
        assert seen[step]["endpoints"].keys() >= ASKED_FOR
        assert seen[step]["more"] == ""
    assert seen["get"]["endpoints"] == {"serverless-triggers": open_server.tls}


def test_each_listeners_clients_are_told_its_own_address(open_server: Served, folder: str) -> None:
    sdk = go_sdk()
    over_tls = sdk.play("endpoints", open_server.tls, folder, open_server.ca)
    assert set(over_tls["list 100"]["endpoints"].values()) == {open_server.tls}
    in_plaintext = sdk.play("endpoints", open_server.plaintext, folder, ca=None)
    assert set(in_plaintext["list 100"]["endpoints"].values()) == {open_server.plaintext}


def test_the_go_sdk_does_all_in_plaintext(open_server: Served, folder: str) -> None:
    seen = go_sdk().play("lifecycle", open_server.plaintext, folder, ca=None)
    assert seen["delete"] == {"metadata": seen["create"]["metadata"]}


def test_the_second_go_sdk_does_all_in_plaintext(open_server: Served, folder: str) -> None:
    plain = Sdk(("env", "PLAINTEXT=yes", *go_sdk_v2().command))
    seen = plain.play("lifecycle", open_server.plaintext, folder, ca=None)
    assert seen["delete"] == {"metadata": seen["create"]["metadata"]}


def test_python_and_java_make_calls_in_plaintext(open_server: Served, folder: str) -> None:
    for sdk in (python_sdk(), java_sdk()):
        seen = sdk.play("plaintext", open_server.plaintext, folder, ca=None)
        assert seen["ask"]["code"] == "OK"
