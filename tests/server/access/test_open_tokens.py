"""Without access control any credential is welcome, and whoever asks for a token is given one."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from stand.apis.tocsin import TocsinApi, TocsinGrpc, TocsinRest
from stand.apis.wire import Json, Refused
from stand.tocsin_process import Tocsin


def apis(server: Tocsin, authorization: str | None = None) -> dict[str, TocsinApi]:
    return {
        "grpc": TocsinGrpc(server.grpc_address, authorization),
        "rest": TocsinRest(server.http_address, authorization),
    }


@pytest.fixture(params=["grpc", "rest"])
def wire(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


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
def test_any_proof_is_given_a_token_that_is_good_for_a_while(
    server: Tocsin, wire: str, proof: str
) -> None:
    request = {
        "oauth": {"yandexPassportOauthToken": "y0_anything"},
        "jwt": {"jwt": foreign_jwt()},
        "no jwt at all": {"jwt": "x"},
    }[proof]
    token = check(apis(server)[wire].call("IamTokenService.Create", request))
    apis(server, f"Bearer {token}")[wire].call("TriggerService.List", {"folderId": "f"})


def test_a_token_for_a_service_account_is_its(server: Tocsin, wire: str) -> None:
    request = {"serviceAccountId": "aje00000000000000001"}
    token = check(apis(server)[wire].call("IamTokenService.CreateForServiceAccount", request))
    revoked = apis(server)[wire].call("IamTokenService.Revoke", {"iamToken": token})
    assert revoked == {"subjectId": "aje00000000000000001"}


@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong", "Bearer t1.a.b", "Api-Key x", "Basic eDp5", "odd"]
)
def test_any_credential_is_welcome_a_wrong_one_too(
    server: Tocsin, wire: str, authorization: str | None
) -> None:
    apis(server, authorization)[wire].call("TriggerService.List", {"folderId": "f"})


def test_a_request_that_names_no_proof_is_refused(server: Tocsin, wire: str) -> None:
    with pytest.raises(Refused) as refused:
        apis(server)[wire].call("IamTokenService.Create", {})
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["identity"]


@pytest.mark.parametrize("method", ["ListAccounts", "AddBinding", "CreateAccount"])
def test_nobody_can_make_himself_an_administrator_for_later(
    server: Tocsin, wire: str, method: str
) -> None:
    request = {"binding": {"resource": "*"}} if method == "AddBinding" else {}
    with pytest.raises(Refused, match="start the server with --access") as refused:
        apis(server)[wire].call(f"AccessService.{method}", request)
    assert refused.value.reasons == ["ACCESS_CONTROL_OFF"]
