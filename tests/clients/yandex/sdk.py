"""The vendor's SDKs for triggers, as programs that their users would write.

Each program plays the same scenarios, which are named in its one argument, and prints what it saw,
a JSON object a line. It is given by its environment:

| Variable | What it says |
| --- | --- |
| `ENDPOINT` | The one address that its user knows. |
| `CA_FILE` | Whom it trusts; the second Go SDK takes `SSL_CERT_FILE`, Java a trust store. |
| `FOLDER` | A folder that is its own. |
| `IAM_TOKEN`, `OAUTH_TOKEN` or `KEY_FILE` | Who it is. |
| `LOSING_ENDPOINT` | Where the trigger service is, in the scenario of the lost answer. |
"""

import json
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clients.toolchains import (
    HERE,
    go_program,
    java_classpath,
    need,
    node_project,
    run,
)
from stand.vendors.environment import vendor_python

Json = dict[str, Any]

ANYONE = {"IAM_TOKEN": "t1.any.token"}
"""What whoever has no token shows; the form is one that the vendor's clients take for a token."""

SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Options of a JVM that is to end soon: they halve what its start costs."""


@dataclass(frozen=True)
class Sdk:
    """An SDK's program: what runs it, and what makes it trust a certificate authority."""

    command: tuple[str, ...]
    trust: Callable[[Path], Mapping[str, str]] = field(default=lambda ca: {"CA_FILE": str(ca)})

    def play(
        self, scenario: str, endpoint: str, folder: str, ca: Path | None, **given: str
    ) -> dict[str, Json]:
        """What the program saw, by the step at which it did."""
        trusted = {} if ca is None else self.trust(ca)
        environment = {"ENDPOINT": endpoint, "FOLDER": folder, **trusted, **(given or ANYONE)}
        printed = run(*self.command, scenario, environment=environment).splitlines()
        # Node's SDK logs to its standard output, too.
        lines = [json.loads(line) for line in printed if line.startswith("{")]
        return {line.pop("step"): line for line in lines}


Playing = Future[dict[str, Json]]


def python_sdk() -> Sdk:
    return Sdk((str(vendor_python()), str(HERE / "python" / "yandex_triggers.py")))


def node_sdk() -> Sdk:
    need("node")
    return Sdk(("node", str(node_project(HERE / "node" / "yandex") / "main.js")))


def go_sdk() -> Sdk:
    return Sdk((str(go_program(HERE / "go" / "yandex")),))


def go_sdk_v2() -> Sdk:
    program = go_program(HERE / "go" / "yandex_v2")
    return Sdk((str(program),), trust=lambda ca: {"SSL_CERT_FILE": str(ca)})


def java_sdk() -> Sdk:
    need("java", "keytool")
    return Sdk(
        ("java", *SHORT_LIVED, "-cp", java_classpath(HERE / "java" / "yandex"), "example.Main"),
        trust=lambda ca: {"JDK_JAVA_OPTIONS": trust_store_options(ca)},
    )


def new_folder() -> str:
    """A folder that no other test knows."""
    return f"b1g{uuid.uuid4().hex[:17]}"


SDKS: dict[str, Callable[[], Sdk]] = {
    "python": python_sdk,
    "node": node_sdk,
    "go": go_sdk,
    "go-v2": go_sdk_v2,
    "java": java_sdk,
}


def trust_store_options(ca: Path) -> str:
    """What makes a JVM trust an authority; its trust store is made beside the authority's file."""
    store = ca.with_name("truststore.p12")
    password = "changeit"
    if not store.exists():
        imported = ("-importcert", "-noprompt", "-alias", "tocsin", "-file", ca)
        run("keytool", *imported, "-keystore", store, "-storepass", password)
    return f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword={password}"
