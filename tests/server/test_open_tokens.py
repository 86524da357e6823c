"""Without access control any credential is welcome, and whoever asks for a token is given one."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from server.identity_api import Caller, GrpcCaller, RestCaller
from server.tocsin_process import Tocsin
from server.wire import Json, Refused


@pytest.fixture(params=["grpc", "rest"])
def caller(request: pytest.FixtureRequest, server: Tocsin) -> Caller:
    if request.param == "grpc":
        return GrpcCaller(server.grpc_address)
    return RestCaller(server.http_address)


def foreign_jwt() -> str:
    claims = {"iss": "ajefromelsewhere00000", "aud": "https://elsewhere/", "exp": 1}
    return jwt.encode(claims, generate_private_key(65537, 2048), "PS256", headers={"kid": "ajek"})


def check(answer: Json) -> str:
    token: str = answer["iamToken"]
    assert token.startswith("t1.")
    assert token.count(".") == 2
    expires_at = datetime.fromisoformat(answer["expiresAt"].replace("Z", "+00:00"))
    assert timedelta() < expires_at - datetime.now(UTC) <= timedelta(hours=12)
    return token


@pytest.mark.parametrize("proof", ["oauth", "jwt", "no jwt at all"])
def test_any_proof_is_given_a_token_that_is_good_for_a_while(caller: Caller, proof: str) -> None:
    request = {
        "oauth": {"yandexPassportOauthToken": "y0_anything"},
        "jwt": {"jwt": foreign_jwt()},
        "no jwt at all": {"jwt": "x"},
    }[proof]
    token = check(caller.call("IamTokenService.Create", request))
    caller.call("TriggerService.List", {"folderId": "f"}, f"Bearer {token}")


def test_a_token_for_a_service_account_is_its(caller: Caller) -> None:
    request = {"serviceAccountId": "aje00000000000000001"}
    token = check(caller.call("IamTokenService.CreateForServiceAccount", request))
    revoked = caller.call("IamTokenService.Revoke", {"iamToken": token})
    assert revoked == {"subjectId": "aje00000000000000001"}


@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong", "Bearer t1.a.b", "Api-Key x", "Basic eDp5", "odd"]
)
def test_any_credential_is_welcome_a_wrong_one_too(
    caller: Caller, authorization: str | None
) -> None:
    caller.call("TriggerService.List", {"folderId": "f"}, authorization)


def test_a_request_that_names_no_proof_is_refused(caller: Caller) -> None:
    with pytest.raises(Refused) as refused:
        caller.call("IamTokenService.Create", {})
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["identity"]
