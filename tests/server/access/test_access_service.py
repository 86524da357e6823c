"""Accounts, keys, secrets and roles, as an administrator keeps them over both wires."""

import json
import uuid
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from stand.access.secured import Secured, ServiceKey
from stand.apis.tocsin import TocsinApi, pages
from stand.apis.wire import Json, Refused


@pytest.fixture
def admin(it: Secured, wire: str) -> TocsinApi:
    return it.api(wire, f"Api-Key {it.admin_key}")


def pem(public: Any) -> str:
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def create(admin: TocsinApi, folder: str, name: str = "", **more: str) -> Json:
    request = {"kind": "KIND_SERVICE_ACCOUNT", "folderId": folder, "name": name, **more}
    account: Json = admin.call("AccessService.CreateAccount", request)["account"]
    return account


def test_an_account_is_made_shown_listed_and_deleted(admin: TocsinApi, folder: str) -> None:
    made = [create(admin, folder, f"robot-{number}") for number in range(3)]
    assert all(account["id"].startswith("aje") for account in made)
    request = {"accountId": made[0]["id"]}
    assert admin.call("AccessService.GetAccount", request)["account"] == made[0]
    listed = list(
        pages(admin, "AccessService.ListAccounts", "accounts", {"folderId": folder, "pageSize": 2})
    )
    assert listed == [made[:2], made[2:]]
    admin.call("AccessService.DeleteAccount", request)
    with pytest.raises(Refused, match="not found") as refused:
        admin.call("AccessService.GetAccount", request)
    assert refused.value.code == "NOT_FOUND"


def test_a_name_is_one_account_s_of_its_kind_in_a_folder(admin: TocsinApi, folder: str) -> None:
    create(admin, folder, "robot")
    create(admin, folder, "robot", kind="KIND_USER_ACCOUNT")
    create(admin, folder + "x", "robot")
    with pytest.raises(Refused) as refused:
        create(admin, folder, "robot")
    assert refused.value.code == "ALREADY_EXISTS"


def test_what_is_wrong_with_an_account_is_told_at_once(admin: TocsinApi) -> None:
    with pytest.raises(Refused) as refused:
        admin.call("AccessService.CreateAccount", {"folderId": "x" * 51, "name": "A"})
    assert set(refused.value.fields) == {"kind", "folder_id", "name"}


def test_a_key_pair_is_shown_once_in_the_form_that_the_sdks_read(
    it: Secured, admin: TocsinApi, folder: str
) -> None:
    account = create(admin, folder)["id"]
    answer = admin.call("AccessService.CreateKey", {"accountId": account, "description": "ci"})
    file = json.loads(answer["keyFile"])
    assert list(file) == [
        "id",
        "service_account_id",
        "created_at",
        "key_algorithm",
        "public_key",
        "private_key",
    ]
    assert file["key_algorithm"] == "RSA_2048"
    assert file["private_key"].startswith("-----BEGIN PRIVATE KEY-----\n")
    [listed] = admin.call("AccessService.ListKeys", {"accountId": account})["keys"]
    assert listed == answer["key"]
    assert listed["description"] == "ci"
    assert "PRIVATE" not in json.dumps(listed)
    it.exchange("grpc", {"jwt": ServiceKey(file).jwt()})


def test_a_public_key_may_be_one_s_own(it: Secured, admin: TocsinApi, folder: str) -> None:
    private = rsa.generate_private_key(65537, 3072)
    account = create(admin, folder)["id"]
    request = {"accountId": account, "publicKey": pem(private.public_key())}
    answer = admin.call("AccessService.CreateKey", request)
    assert "keyFile" not in answer
    assert answer["key"]["algorithm"] == "RSA_3072"
    file = {"id": answer["key"]["id"], "service_account_id": account}
    it.exchange("grpc", {"jwt": ServiceKey(file).jwt(key=private)})


@pytest.mark.parametrize(
    ("public_key", "says"),
    [
        ("x", "must be a public key in PEM"),
        (pem(rsa.generate_private_key(65537, 1024).public_key()), "must have from 2048"),
        (pem(ec.generate_private_key(ec.SECP256R1()).public_key()), "must be an RSA key"),
        ("-----BEGIN PUBLIC KEY-----\n" + "A" * 5000, "Length must be"),
    ],
    ids=["no pem", "short", "elliptic", "long"],
)
def test_a_key_that_will_not_do_is_refused(
    admin: TocsinApi, folder: str, public_key: str, says: str
) -> None:
    request = {"accountId": create(admin, folder)["id"], "publicKey": public_key}
    with pytest.raises(Refused) as refused:
        admin.call("AccessService.CreateKey", request)
    assert refused.value.fields["public_key"].startswith(says)


def test_a_person_has_no_authorised_keys(admin: TocsinApi, folder: str) -> None:
    person = create(admin, folder, kind="KIND_USER_ACCOUNT")["id"]
    with pytest.raises(Refused) as refused:
        admin.call("AccessService.CreateKey", {"accountId": person})
    assert refused.value.fields == {"account_id": "must be a service account"}


@pytest.mark.parametrize("kind", ["KIND_API_KEY", "KIND_OAUTH_TOKEN"])
def test_a_secret_is_shown_once(admin: TocsinApi, folder: str, kind: str) -> None:
    account = create(admin, folder)["id"]
    request = {"accountId": account, "kind": kind, "description": "for tests"}
    answer = admin.call("AccessService.CreateCredential", request)
    assert len(answer["secret"]) > 50
    listed = admin.call("AccessService.ListCredentials", {"accountId": account})
    assert listed["credentials"] == [answer["credential"]]
    assert answer["secret"] not in json.dumps(listed)
    admin.call("AccessService.DeleteCredential", {"credentialId": answer["credential"]["id"]})
    assert admin.call("AccessService.ListCredentials", {"accountId": account}) == {}


def test_a_secret_that_has_expired_is_not_made(admin: TocsinApi, folder: str) -> None:
    account = create(admin, folder)["id"]
    request = {"accountId": account, "kind": "KIND_API_KEY", "expiresAt": "2020-01-01T00:00:00Z"}
    with pytest.raises(Refused) as refused:
        admin.call("AccessService.CreateCredential", request)
    assert refused.value.fields == {"expires_at": "must be in the future"}


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("GetAccount", {"accountId": "aje0"}),
        ("DeleteAccount", {"accountId": "aje0"}),
        ("RevokeTokens", {"accountId": "aje0"}),
        ("CreateKey", {"accountId": "aje0"}),
        ("DeleteKey", {"keyId": "aje0"}),
        ("CreateCredential", {"accountId": "aje0", "kind": "KIND_API_KEY"}),
        ("DeleteCredential", {"credentialId": "aje0"}),
        (
            "RemoveBinding",
            {"binding": {"resource": "*", "subject": "userAccount:x", "role": "viewer"}},
        ),
    ],
)
def test_what_is_not_there_is_not_found(
    admin: TocsinApi, method: str, request_: dict[str, Any]
) -> None:
    with pytest.raises(Refused, match=r"not found|does not have role") as refused:
        admin.call(f"AccessService.{method}", request_)
    assert refused.value.code == "NOT_FOUND"


def test_roles_are_given_listed_and_taken(admin: TocsinApi, folder: str) -> None:
    subject = f"serviceAccount:{create(admin, folder)['id']}"
    bindings = [
        {"resource": f"folders/{folder}{number}", "subject": subject, "role": role}
        for number in range(2)
        for role in ("editor", "viewer")
    ]
    for binding in (*bindings, bindings[0]):  # once more changes nothing
        answer = admin.call("AccessService.AddBinding", {"binding": binding})
        assert answer["binding"] == binding
    request = {"subject": subject, "pageSize": 3}
    listed = list(pages(admin, "AccessService.ListBindings", "bindings", request))
    assert listed == [bindings[:3], bindings[3:]]
    on_one = admin.call("AccessService.ListBindings", {"resource": f"folders/{folder}1"})
    assert on_one["bindings"] == bindings[2:]
    admin.call("AccessService.RemoveBinding", {"binding": bindings[0]})
    left = admin.call("AccessService.ListBindings", {"subject": subject})
    assert left["bindings"] == bindings[1:]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"role": "emperor"}, "binding.role"),
        ({"resource": "folders"}, "binding.resource"),
        ({"resource": "clouds/x"}, "binding.resource"),
        ({"subject": "everybody"}, "binding.subject"),
        ({"subject": "federatedUser:test"}, "binding.subject"),
        ({"subject": "userAccount:aje0"}, "binding.subject"),
    ],
)
def test_a_role_that_would_mean_nothing_is_refused(
    admin: TocsinApi, changed: dict[str, str], field: str
) -> None:
    binding = {"resource": "*", "subject": "allAuthenticatedUsers", "role": "viewer", **changed}
    with pytest.raises(Refused) as refused:
        admin.call("AccessService.AddBinding", {"binding": binding})
    assert list(refused.value.fields) == [field]


def test_it_is_for_administrators(it: Secured, wire: str, key: ServiceKey) -> None:
    editor = it.api(wire, f"Bearer {it.token(key)}")
    for method, request in (
        ("ListAccounts", {}),
        ("CreateCredential", {"accountId": key.account_id, "kind": "KIND_API_KEY"}),
        ("DeleteKey", {"keyId": key.key_id}),
    ):
        with pytest.raises(Refused) as refused:
            editor.call(f"AccessService.{method}", request)
        assert refused.value.code == "PERMISSION_DENIED"


def test_a_token_of_another_account_needs_a_role(
    it: Secured, wire: str, key: ServiceKey, folder: str
) -> None:
    other_folder = f"b1g{uuid.uuid4().hex[:17]}"
    other = it.account(other_folder)
    request = {"serviceAccountId": other}
    caller = it.api(wire, f"Bearer {it.token(key)}")
    with pytest.raises(Refused) as refused:
        caller.call("IamTokenService.CreateForServiceAccount", request)
    assert refused.value.code == "PERMISSION_DENIED"
    binding = {
        "resource": f"folders/{other_folder}",
        "subject": f"serviceAccount:{key.account_id}",
        "role": "iam.serviceAccounts.tokenCreator",
    }
    it.admin.call("AccessService.AddBinding", {"binding": binding})
    fresh = it.service_key(folder)
    binding["subject"] = f"serviceAccount:{fresh.account_id}"
    it.admin.call("AccessService.AddBinding", {"binding": binding})
    caller = it.api(wire, f"Bearer {it.token(fresh)}")
    token = caller.call("IamTokenService.CreateForServiceAccount", request)["iamToken"]
    it.lists(wire, f"Bearer {token}", other_folder)
    claims = jwt.decode(f"e30.{token[3:]}", options={"verify_signature": False})
    assert claims["sub"] == f"serviceAccount:{other}"
