"""What a target can do with the token that it is sent: know who calls it, and nothing here."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from stand.access.secured import Secured, secured
from stand.recording_target import RecordingTarget


@pytest.fixture(scope="module")
def target() -> Iterator[RecordingTarget]:
    target = RecordingTarget()
    yield target
    target.close()


@pytest.fixture(scope="module")
def calling(target: RecordingTarget) -> Iterator[Secured]:
    config = f"[targets]\nfunction = '{target.url}/{{function_id}}'\n"
    with tempfile.TemporaryDirectory() as made, secured(Path(made), config) as running:
        yield running


@pytest.fixture(scope="module")
def sent(calling: Secured, target: RecordingTarget) -> tuple[str, str]:
    """The id of a service account, an editor of b1g1, and the token of a call made for it."""
    account = calling.account("b1g1")
    call = {"functionId": "f1", "serviceAccountId": account}
    rule = {"timer": {"cronExpression": "0 0 1 1 ? 2099", "invokeFunction": call}}
    request = {"folderId": "b1g1", "rule": rule}
    made = calling.admin.call("TriggerService.Create", request)["metadata"]["triggerId"]
    calling.admin.call("FiringService.FireTrigger", {"triggerId": made})
    [received] = target.wait_for(lambda call: call.path == "/f1")
    return account, received.headers["authorization"].removeprefix("Bearer ")


def test_it_says_who_calls(sent: tuple[str, str], target: RecordingTarget) -> None:
    account, token = sent
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["aud"]) == (account, target.url)


@pytest.mark.parametrize("wire", ["grpc", "rest"])
def test_it_is_no_credential_for_the_server_in_any_form(
    calling: Secured, sent: tuple[str, str], wire: str
) -> None:
    _, token = sent
    head, body, signature = token.split(".")
    for credential in (token, f"t1.{body}.{signature}", f"t1.{token}", f"t1.{head}.{body}"):
        for scheme in ("Bearer", "Api-Key"):
            refused = calling.refusal(wire, f"{scheme} {credential}", "b1g1")
            assert refused == "UNAUTHENTICATED"


def test_it_gets_no_iam_token(calling: Secured, sent: tuple[str, str]) -> None:
    for proof in ("jwt", "yandexPassportOauthToken"):
        with pytest.raises(Exception, match="UNAUTHENTICATED"):
            calling.exchange("grpc", {proof: sent[1]})
