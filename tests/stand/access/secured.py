"""A server that asks who calls, and somebody who is allowed everything there."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

from stand.apis.tocsin import TocsinApi, TocsinGrpc, TocsinRest
from stand.apis.wire import Refused
from stand.tocsin_process import Tocsin, run_tocsin, serving

USUAL_AUDIENCE = "https://iam.api.cloud.yandex.net/iam/v1/tokens"

# Tests show many bad credentials from one address.
PATIENT = "[limits]\nbad_credentials_per_minute = 1000000\n"


@dataclass(frozen=True)
class ServiceKey:
    """A service account with an authorised key, as its file tells it."""

    file: dict[str, Any]

    @property
    def account_id(self) -> str:
        found: str = self.file["service_account_id"]
        return found

    @property
    def key_id(self) -> str:
        found: str = self.file["id"]
        return found

    def jwt(
        self,
        *,
        algorithm: str = "PS256",
        key: Any = None,
        kid: str | None = None,
        **claims: Any,
    ) -> str:
        """Signs what asks for a token; claims that are None are left out."""
        now = int(time.time())
        whole = {
            "iss": self.account_id,
            "aud": USUAL_AUDIENCE,
            "iat": now,
            "exp": now + 3600,
            **claims,
        }
        given = {name: value for name, value in whole.items() if value is not None}
        signed_with = self.file["private_key"] if key is None else key
        return jwt.encode(given, signed_with, algorithm, headers={"kid": kid or self.key_id})


@dataclass(frozen=True)
class Secured:
    server: Tocsin
    admin_key: str

    def api(self, wire: str, authorization: str | None) -> TocsinApi:
        if wire == "grpc":
            return TocsinGrpc(self.server.grpc_address, authorization)
        return TocsinRest(self.server.http_address, authorization)

    @property
    def admin(self) -> TocsinApi:
        return self.api("grpc", f"Api-Key {self.admin_key}")

    def account(self, folder: str, kind: str = "KIND_SERVICE_ACCOUNT") -> str:
        """Makes an account that may edit its folder; returns its id."""
        request = {"kind": kind, "folderId": folder}
        account = self.admin.call("AccessService.CreateAccount", request)["account"]
        prefix = "serviceAccount" if kind == "KIND_SERVICE_ACCOUNT" else "userAccount"
        binding = {
            "resource": f"folders/{folder}",
            "subject": f"{prefix}:{account['id']}",
            "role": "editor",
        }
        self.admin.call("AccessService.AddBinding", {"binding": binding})
        found: str = account["id"]
        return found

    def service_key(self, folder: str) -> ServiceKey:
        request = {"accountId": self.account(folder)}
        return ServiceKey(
            json.loads(self.admin.call("AccessService.CreateKey", request)["keyFile"])
        )

    def secret(self, account_id: str, kind: str = "KIND_API_KEY", **more: Any) -> tuple[str, str]:
        """Gives an account a secret; returns its id and the secret."""
        request = {"accountId": account_id, "kind": kind, **more}
        answer = self.admin.call("AccessService.CreateCredential", request)
        return answer["credential"]["id"], answer["secret"]

    def token(self, key: ServiceKey) -> str:
        return self.exchange("grpc", {"jwt": key.jwt()})

    def exchange(self, wire: str, proof: dict[str, str]) -> str:
        """Gets an IAM token for a proof."""
        answer = self.api(wire, None).call("IamTokenService.Create", proof)
        found: str = answer["iamToken"]
        return found

    def lists(self, wire: str, authorization: str | None, folder: str) -> None:
        """Makes a call that an editor of the folder may make."""
        self.api(wire, authorization).call("TriggerService.List", {"folderId": folder})

    def refusal(self, wire: str, authorization: str | None, folder: str) -> str | None:
        """Returns the code with which such a call is refused; None: it is not."""
        try:
            self.lists(wire, authorization, folder)
        except Refused as refused:
            return refused.code
        return None


@contextmanager
def secured(
    directory: Path,
    config: str = "",
    *options: str,
    database: str | None = None,
    limits: str = PATIENT,
) -> Iterator[Secured]:
    """Makes an administrator on the database, then serves it."""
    url = database or f"sqlite:///{directory / 'tocsin.db'}"
    name = f"admin-{uuid.uuid4().hex[:8]}"
    made = run_tocsin("access", "init", "--database", url, "--name", name)
    assert made.status == 0, made.stderr
    where = ("--database", url)
    with serving(directory, limits + config, "--access", *where, *options) as server:
        yield Secured(server, made.stdout.strip())
