"""Under access control `/metrics` needs a credential, as Prometheus sends one."""

import http.client
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from stand.access.guarded import guarded
from stand.access.secured import Secured, secured
from stand.apis.wire import Reply, send
from stand.tocsin_process import PATIENCE
from tocsin.telemetry.exposition import MOST_AT_ONCE, MOST_OF_ADDRESS


@pytest.fixture(scope="module")
def measured() -> Iterator[Secured]:
    with (
        tempfile.TemporaryDirectory() as made,
        secured(Path(made), "", "--metrics", "127.0.0.1:0") as running,
    ):
        yield running


def fetch(it: Secured, authorization: str | None) -> Reply:
    headers = {} if authorization is None else {"Authorization": authorization}
    return send(it.server.address("metrics"), "GET", "/metrics", headers=headers)


def reader(it: Secured, role: str, resource: str) -> str:
    """Returns the API key of an account that has this role."""
    request = {"kind": "KIND_SERVICE_ACCOUNT", "folderId": "b1g1"}
    account = it.admin.call("AccessService.CreateAccount", request)["account"]
    binding = {"resource": resource, "subject": f"serviceAccount:{account['id']}", "role": role}
    it.admin.call("AccessService.AddBinding", {"binding": binding})
    return it.secret(account["id"])[1]


@pytest.mark.parametrize("scheme", ["Bearer", "Api-Key"])
@pytest.mark.parametrize("role", ["monitoring.viewer", "roles/monitoring.viewer", "viewer"])
def test_who_may_see_them_does(measured: Secured, scheme: str, role: str) -> None:
    reply = fetch(measured, f"{scheme} {reader(measured, role, '*')}")
    assert reply.status == 200
    assert "tocsin_ready 1.0" in reply.text


def test_without_a_credential_nobody_does(measured: Secured) -> None:
    reply = fetch(measured, None)
    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert "tocsin_" not in reply.text


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer wrong", "Bearer t1.a.b", "Basic YTpi", "Bearer " + "x" * 20000],
)
def test_with_a_bad_one_nobody_does(measured: Secured, authorization: str) -> None:
    reply = fetch(measured, authorization)
    assert reply.status == 401
    assert "tocsin_" not in reply.text


@pytest.mark.parametrize(
    ("role", "resource"), [("viewer", "folders/b1g1"), ("logging.writer", "*")]
)
def test_who_may_do_other_things_does_not(measured: Secured, role: str, resource: str) -> None:
    reply = fetch(measured, f"Bearer {reader(measured, role, resource)}")
    assert reply.status == 403
    assert "Permission 'tocsin.metrics.get' denied on resource '*'" in reply.text


@pytest.mark.parametrize("path", ["/", "/metrics/", "//metrics", "/favicon.ico", "/%2e%2e/metrics"])
def test_there_is_no_way_round(measured: Secured, path: str) -> None:
    assert send(measured.server.address("metrics"), "GET", path).status == 401


def test_who_loses_the_right_sees_them_no_more(measured: Secured) -> None:
    account = measured.account("b1g1")
    binding = {"resource": "*", "subject": f"serviceAccount:{account}", "role": "viewer"}
    measured.admin.call("AccessService.AddBinding", {"binding": binding})
    credential, secret = measured.secret(account)
    assert fetch(measured, f"Bearer {secret}").status == 200
    measured.admin.call("AccessService.DeleteCredential", {"credentialId": credential})
    give_up = time.monotonic() + PATIENCE
    while fetch(measured, f"Bearer {secret}").status != 401:
        assert time.monotonic() < give_up
        time.sleep(0.2)


def test_a_denial_is_in_the_audit_log_and_a_credential_is_not(measured: Secured) -> None:
    fetch(measured, "Bearer a-secret-that-is-wrong")
    log = measured.server.log.read_text()
    assert '"method": "metrics"' in log
    assert "a-secret-that-is-wrong" not in log


def test_who_comes_without_a_credential_does_not_fill_the_audit_log(tmp_path: Path) -> None:
    config = "[limits]\nbad_credentials_per_minute = 3\n"
    with guarded(tmp_path, config, "--metrics", "127.0.0.1:0", http="off") as server:
        address = server.tocsin.address("metrics")
        statuses = [send(address, "GET", "/metrics").status for _ in range(5)]
        assert statuses == [401] * 3 + [429] * 2
        assert server.tocsin.log.read_text().count('"method": "metrics"') == 3


@pytest.mark.parametrize("sent", [b"", b"GET /metrics HTTP/1.1\r\nX-Slow: "])
@pytest.mark.parametrize("source", ["127.0.0.1", "127.0.0.2"])
def test_clients_that_send_no_whole_request_keep_no_others_out(
    measured: Secured, sent: bytes, source: str
) -> None:
    """The request that comes next is answered, of the same address or of another one."""
    host, port = measured.server.address("metrics").split(":")
    authorization = f"Bearer {reader(measured, 'viewer', '*')}"
    with ExitStack() as stack:
        for _ in range(3 * MOST_AT_ONCE):
            silent = socket.create_connection((host, int(port)), PATIENCE)
            stack.enter_context(silent).sendall(sent)
        asking = http.client.HTTPConnection(host, int(port), PATIENCE, source_address=(source, 0))
        stack.callback(asking.close)
        asking.request("GET", "/metrics", headers={"Authorization": authorization})
        assert asking.getresponse().status == 200


def test_an_address_has_so_many_connections(measured: Secured) -> None:
    host, port = measured.server.address("metrics").split(":")
    with ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection((host, int(port)), PATIENCE))
            for _ in range(3 * MOST_OF_ADDRESS)
        ]
        for each in silent[:-MOST_OF_ADDRESS]:
            assert each.recv(1) == b""
        for each in silent[-MOST_OF_ADDRESS:]:
            each.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert each.recv(12) == b"HTTP/1.0 401"
