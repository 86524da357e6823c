"""JWTs by which service accounts ask for tokens: as the vendor's SDKs make them, and as not."""

import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.utils import base64url_decode, base64url_encode

from stand.access.secured import USUAL_AUDIENCE, Secured, ServiceKey
from stand.apis.wire import Refused


def refused(it: Secured, wire: str, text: str) -> str:
    """Returns what is said of a JWT for which no token is given."""
    with pytest.raises(Refused) as found:
        it.exchange(wire, {"jwt": text})
    assert found.value.code == "UNAUTHENTICATED"
    assert found.value.http in (None, 401)
    assert found.value.reasons == ["CREDENTIALS_REFUSED"]
    assert text not in str(found.value)
    return found.value.message


UNKNOWN = "The JWT is refused: it proves no account here"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"aud": [USUAL_AUDIENCE]},
        {"aud": ["https://elsewhere/", USUAL_AUDIENCE]},
        {"iat": lambda now: now + 1},
        {"iat": lambda now: now + 0.5, "exp": lambda now: now + 3600},
        {"nbf": lambda now: now},
    ],
    ids=["string audience", "list", "one of a list", "Node's iat", "fractions", "nbf"],
)
def test_what_the_sdks_sign_is_given_a_token(
    it: Secured, wire: str, key: ServiceKey, folder: str, claims: dict[str, Any]
) -> None:
    now = int(time.time())
    made = {name: value(now) if callable(value) else value for name, value in claims.items()}
    token = it.exchange(wire, {"jwt": key.jwt(**made)})
    it.lists(wire, f"Bearer {token}", folder)


@pytest.mark.parametrize("door", ["grpc", "http"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_audience_may_be_the_address_where_we_are_reached(
    it: Secured, key: ServiceKey, door: str, host: str
) -> None:
    """The Python SDK takes the endpoint that it was given, port and all."""
    port = it.server.address(door).rpartition(":")[2]
    it.exchange("grpc", {"jwt": key.jwt(aud=f"https://iam.{host}:{port}/iam/v1/tokens")})


@pytest.mark.parametrize(
    "audience",
    [
        None,
        "",
        "https://iam.example.com/iam/v1/tokens",
        "https://iam.localhost:1/iam/v1/tokens",
        USUAL_AUDIENCE + "/",
        [],
        [1],
        {"https://iam.api.cloud.yandex.net/iam/v1/tokens": True},
        7,
    ],
)
def test_one_for_another_audience_is_refused(
    it: Secured, wire: str, key: ServiceKey, audience: Any
) -> None:
    told = refused(it, wire, key.jwt(aud=audience))
    assert told == "The JWT is refused: it is meant for another audience"


def test_one_that_is_shown_again_at_once_gets_the_same_token(
    it: Secured, wire: str, key: ServiceKey
) -> None:
    """A client that lost its answer asks again; the Java SDK asks from all threads with one JWT."""
    text = key.jwt()
    assert it.exchange(wire, {"jwt": text}) == it.exchange(wire, {"jwt": text})


def test_one_that_is_shown_again_gets_no_token_once_that_was_revoked(
    it: Secured, wire: str, key: ServiceKey
) -> None:
    text = key.jwt()
    token = it.exchange(wire, {"jwt": text})
    it.api(wire, f"Bearer {token}").call("IamTokenService.Revoke", {"iamToken": token})
    assert refused(it, wire, text) == UNKNOWN


def test_another_spelling_of_a_jwt_gets_no_other_token(
    it: Secured, wire: str, key: ServiceKey
) -> None:
    """Base64 leaves bits unused: with others there it decodes to the same, where that is taken."""
    text = key.jwt()
    respelled = with_other_unused_bits(text)
    assert respelled != text
    token = it.exchange(wire, {"jwt": text})
    try:
        again = it.exchange(wire, {"jwt": respelled})
    except Refused as found:
        again = found.message
    assert again in (token, UNKNOWN)


def with_other_unused_bits(text: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    head, _, signature = text.rpartition(".")
    for letter in alphabet:
        other = signature[:-1] + letter
        if other != signature and base64url_decode(other) == base64url_decode(signature):
            return f"{head}.{other}"
    raise AssertionError("a signature of 256 bytes leaves bits unused")


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"iat": 120, "exp": 3600}, "it was issued in the future"),
        ({"iat": -7200, "exp": -3600}, "it has expired"),
        ({"nbf": 120}, "it is not valid yet"),
        (
            {"iat": 0, "exp": 3601},
            "it must say when it was issued (iat), and be valid for 1:00:00 at most",
        ),
        ({"iat": None}, "it must say when it was issued"),
        ({"exp": None}, "it must say when it expires (exp)"),
    ],
    ids=["future iat", "expired", "nbf", "long life", "no iat", "no exp"],
)
def test_one_that_is_not_for_now_is_refused(
    it: Secured, wire: str, key: ServiceKey, claims: dict[str, int | None], says: str
) -> None:
    now = int(time.time())
    made = {name: value if value is None else now + value for name, value in claims.items()}
    assert refused(it, wire, key.jwt(**made)).startswith(f"The JWT is refused: {says}")


@pytest.mark.parametrize("claim", ["iat", "exp", "nbf"])
@pytest.mark.parametrize("value", ["1", True, 1e300, [1], {}], ids=str)
def test_times_that_are_none_are_refused(
    it: Secured, key: ServiceKey, claim: str, value: Any
) -> None:
    # Not by PyJWT's own writer, which would refuse to write some of them.
    now = int(time.time())
    claims = {"iss": key.account_id, "aud": USUAL_AUDIENCE, "iat": now, "exp": now + 60}
    text = signed(key, {**claims, claim: value})
    wrong = "is out of range" if value == 1e300 else "must be a number"
    assert refused(it, "grpc", text) == f"The JWT is refused: its {claim} {wrong}"


def signed(key: ServiceKey, claims: Any, header: dict[str, Any] | None = None) -> str:
    given = {"typ": "JWT", "kid": key.key_id, **(header or {})}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return jwt.PyJWS().encode(payload, key.file["private_key"], "PS256", given)


def test_a_forged_signature_is_refused(it: Secured, wire: str, key: ServiceKey) -> None:
    assert refused(it, wire, key.jwt(key=generate_private_key(65537, 2048))) == UNKNOWN
    head, payload, signature = key.jwt().split(".")
    assert refused(it, wire, f"{head}.{payload}.") == UNKNOWN
    assert refused(it, wire, f"{head}.{payload}.{signature[::-1]}") == UNKNOWN
    changed = base64url_encode(base64url_decode(payload).replace(b"}", b" }")).decode()
    assert refused(it, wire, f"{head}.{changed}.{signature}") == UNKNOWN


def test_no_signature_at_all_is_refused(it: Secured, wire: str, key: ServiceKey) -> None:
    for name in ("none", "None", "NONE"):
        header = base64url_encode(json.dumps({"alg": name, "kid": key.key_id}).encode()).decode()
        payload = key.jwt().split(".")[1]
        assert refused(it, wire, f"{header}.{payload}.") == UNKNOWN


def test_a_public_key_is_no_shared_secret(it: Secured, wire: str, key: ServiceKey) -> None:
    header = base64url_encode(json.dumps({"alg": "HS256", "kid": key.key_id}).encode()).decode()
    signing_input = f"{header}.{key.jwt().split('.')[1]}"
    for secret in (key.file["public_key"], key.file["public_key"].strip()):
        digest = hmac.new(secret.encode(), signing_input.encode(), hashlib.sha256).digest()
        assert refused(it, wire, f"{signing_input}.{base64url_encode(digest).decode()}") == UNKNOWN


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS384", "PS512"])
def test_other_algorithms_are_refused(
    it: Secured, wire: str, key: ServiceKey, algorithm: str
) -> None:
    """No SDK signs by them; by RS256 a JWT that is signed once more would be the same one."""
    assert refused(it, wire, key.jwt(algorithm=algorithm)) == UNKNOWN


def test_a_key_proves_its_own_account_alone(
    it: Secured, wire: str, key: ServiceKey, folder: str
) -> None:
    other = it.service_key(folder)
    assert refused(it, wire, key.jwt(iss=other.account_id)) == UNKNOWN
    assert refused(it, wire, key.jwt(kid=other.key_id)) == UNKNOWN
    assert refused(it, wire, key.jwt(kid=other.key_id, iss=other.account_id)) == UNKNOWN
    assert refused(it, wire, key.jwt(iss=None)) == UNKNOWN


@pytest.mark.parametrize(
    "kid", ["x", "../../etc/passwd", "' OR 1=1 --", "aje" + "0" * 17, "\u0000", "\ud800", "é" * 100]
)
def test_a_key_that_there_is_not_is_refused(
    it: Secured, wire: str, key: ServiceKey, kid: str
) -> None:
    assert refused(it, wire, key.jwt(kid=kid)) == UNKNOWN


def test_a_key_in_the_header_is_not_believed(it: Secured, wire: str, key: ServiceKey) -> None:
    mine = generate_private_key(65537, 2048)
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(mine.public_key(), as_dict=True)
    claims = jwt.decode(key.jwt(), options={"verify_signature": False})
    for header in ({"jwk": jwk}, {"jku": "http://127.0.0.1:1/keys"}, {"x5u": "file:///x"}):
        text = jwt.encode(claims, mine, "PS256", headers={"kid": key.key_id, **header})
        assert refused(it, wire, text) == UNKNOWN


def test_extensions_that_must_be_understood_are_refused(
    it: Secured, wire: str, key: ServiceKey
) -> None:
    claims = jwt.decode(key.jwt(), options={"verify_signature": False})
    assert refused(it, wire, signed(key, claims, {"crit": ["odd"], "odd": 1})) == UNKNOWN


@pytest.mark.parametrize(
    "text",
    ["x", "a.b", "a.b.c", "....", "é.é.é", "[" * 4000, "." * 7999],
    ids=["x", "two", "three", "dots", "not ascii", "brackets", "many dots"],
)
def test_what_is_no_jwt_is_refused(it: Secured, wire: str, text: str) -> None:
    assert refused(it, wire, text) == UNKNOWN


def test_a_payload_that_is_no_object_is_refused(it: Secured, key: ServiceKey) -> None:
    for payload in (b"[]", b"1", b"null", b"\xff\xfe", b"[" * 5000, b'{"iss":' * 700):
        assert refused(it, "grpc", signed(key, payload)) == UNKNOWN


def test_one_that_is_too_long_is_refused_by_the_contract(
    it: Secured, wire: str, key: ServiceKey
) -> None:
    with pytest.raises(Refused) as found:
        it.exchange(wire, {"jwt": key.jwt(padding="x" * 8000)})
    assert found.value.code == "INVALID_ARGUMENT"
    assert list(found.value.fields) == ["jwt"]
