"""What is checked first: who calls, then the body, then whether he may, then the rules."""

import json
from typing import Any

import pytest

from stand.access.secured import Secured
from stand.apis.wire import Reply, send

CREATE = "/triggers/v1/triggers"
SCHEDULE = "/v1/projects/p/locations/l/integrations/nobody:schedule"
BODIES = [b'{"x": ', b'{"scheduletime": 1, "labels": 3}', b'{"name": "a", "name": "b"}', b"[]"]


def posted(it: Secured, path: str, body: Any, authorization: str | None) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {} if authorization is None else {"Authorization": authorization}
    return send(it.server.http_address, "POST", path, data, headers)


@pytest.mark.parametrize("authorization", [None, "Bearer t1.9.x", "Api-Key nope"])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("path", [CREATE, SCHEDULE])
def test_nobodys_body_is_not_read(
    it: Secured, path: str, body: bytes, authorization: str | None
) -> None:
    assert posted(it, path, body, authorization).status == 401


@pytest.fixture(scope="module")
def strangers_key(it: Secured) -> str:
    """The key of an account that may do nothing where the tests call."""
    _, secret = it.secret(it.account("b1gstrangers"))
    return f"Api-Key {secret}"


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("path", [CREATE, SCHEDULE])
def test_a_body_that_is_no_request_is_told_before_rights_are_looked_at(
    it: Secured, path: str, body: bytes, strangers_key: str
) -> None:
    assert posted(it, path, body, strangers_key).status == 400


@pytest.mark.parametrize(
    ("path", "body"), [(CREATE, {"folderId": "b1gothers", "name": "NOT A NAME"}), (SCHEDULE, {})]
)
def test_rights_are_looked_at_before_the_rules(
    it: Secured, path: str, body: dict[str, str], strangers_key: str
) -> None:
    assert posted(it, path, body, strangers_key).status == 403
