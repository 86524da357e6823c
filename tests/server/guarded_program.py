"""`tocsin`, with a stand-in for what tells who calls: its first argument is a file that says it."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"

import tocsin.app
from tocsin.access.bindings import Binding
from tocsin.access.principal import CredentialRefused, Principal
from tocsin.cli import main
from tocsin.gating import Identity

WHO = Path(sys.argv.pop(1))


def told() -> Any:
    return json.loads(WHO.read_text())


class StandIn:
    async def authenticate(self, authorization: str) -> Principal:
        found = told()["credentials"].get(authorization)
        if found is None:
            raise CredentialRefused("nobody knows it")
        scopes = found["scopes"]
        return Principal(found["subject"], None if scopes is None else frozenset(scopes))

    async def bindings_of(self, subjects: Sequence[str]) -> Sequence[Binding]:
        return [Binding(*each) for each in told()["bindings"] if each[0] in subjects]

    async def folder_of(self, service_account_id: str) -> str | None:
        folder: str | None = told()["accounts"].get(service_account_id)
        return folder


tocsin.app.identity_of = lambda *_: Identity(StandIn(), StandIn(), StandIn())  # type: ignore[assignment]
main()
