"""On Google's paths a credential may be in the query, or a key in a header; no log has it."""

import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest

from stand.access.secured import Secured, ServiceKey, secured
from stand.apis.wire import Reply, send

PATH = "/v1/projects/p/locations/l/operations/nobody"


@pytest.fixture(scope="module")
def key(it: Secured) -> str:
    _, secret = it.secret(it.account("b1ggoogles"))
    return secret


def asked(it: Secured, query: str = "", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(it.server.http_address, "GET", f"{PATH}{query}", headers=named)


@pytest.mark.parametrize("name", ["key", "%24key", "access_token", "oauth_token"])
def test_a_credential_in_the_query_counts(it: Secured, key: str, name: str) -> None:
    """The caller is known, and may not see what he asks for."""
    assert asked(it, f"?{name}={quote(key)}").status == 403
    assert asked(it, f"?{name}=nobodys").status == 401


def test_a_token_in_the_query_counts(it: Secured, folder: str) -> None:
    account: ServiceKey = it.service_key(folder)
    assert asked(it, f"?access_token={quote(it.token(account))}").status == 403


def test_a_key_in_its_header_counts(it: Secured, key: str) -> None:
    assert asked(it, x_goog_api_key=key).status == 403
    assert asked(it, x_goog_api_key="nobodys").status == 401
    assert asked(it).status == 401


def test_the_authorization_comes_first(it: Secured, key: str) -> None:
    assert asked(it, f"?key={key}", Authorization="Bearer nobodys").status == 401
    assert asked(it, "?key=nobodys", Authorization=f"Api-Key {key}").status == 403
    assert asked(it, f"?key=nobodys&access_token={key}").status == 403


def test_elsewhere_they_do_not_count(it: Secured, key: str) -> None:
    reply = send(it.server.http_address, "GET", f"/triggers/v1/triggers?key={key}")
    assert reply.status == 401
    headers = {"X-Goog-Api-Key": key}
    assert send(it.server.http_address, "GET", "/operations/x", headers=headers).status == 401


def test_a_heavy_call_with_a_key_in_the_query_is_let_through(it: Secured, key: str) -> None:
    body = b'{"parameters": "' + b"x" * 200_000 + b'"}'
    path = "/v1/projects/p/locations/l/integrations/i:schedule"
    where = it.server.http_address
    assert send(where, "POST", f"{path}?key={key}", body).status == 400
    assert send(where, "POST", path, body, {"X-Goog-Api-Key": key}).status == 400
    assert send(where, "POST", f"{path}?key=nobodys", body).status == 401


@pytest.mark.parametrize("size", [2, 200_000])
def test_a_stranger_too_gets_errors_in_the_form_that_he_asks_for(it: Secured, size: int) -> None:
    path = "/v1/projects/p/locations/l/integrations/i:schedule?$.xgafv=1"
    reply = send(it.server.http_address, "POST", path, b"x" * size)
    assert reply.status == 401
    [entry] = reply.json["error"]["errors"]
    assert (entry["domain"], entry["reason"]) == ("global", "authError")
    assert not [name for name in reply.headers if name.lower().startswith("x-tocsin")]


def test_no_log_and_no_answer_has_them() -> None:
    secret = "nobodys-secret-credential"
    with tempfile.TemporaryDirectory() as made:
        audit = Path(made) / "audit.jsonl"
        config = f'[audit]\nto = "{audit}"\n'
        with secured(Path(made), config, "--log-level", "debug") as it:
            key = it.secret(it.account("b1ggoogles"))[1]
            for query in (f"?key={secret}", f"?access_token={secret}", f"?key={secret}&x=%ff"):
                reply = asked(it, query)
                assert reply.status == 401
                assert secret not in reply.text + str(reply.headers)
            asked(it, x_goog_api_key=secret)
            for query in (f"?key={key}&pageSize=x&alt=xml", f"?key={key}"):
                reply = asked(it, query)
                assert key not in reply.text + str(reply.headers)
        written = it.server.log.read_text() + audit.read_text()
    assert "CREDENTIALS_REFUSED" in written
    assert secret not in written
    assert key not in written
