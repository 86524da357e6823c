"""One server with access control on all its doors, and one who may do everything there.

The attackers know the server's address, and what a client of little rights knows.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from stand.access.secured import Secured, secured
from stand.certificates import issue

SENDERS = """
[sources.webhooks.object_storage]
hub_keys = ["the key of the storage"]
folders = ["f"]
[sources.webhooks.registries.shows]
secret = "the secret of the registry"
folders = ["f"]
[sources.webhooks.registries.signs]
standard_keys = ["whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="]
folders = ["f"]
[sources.logs.folders_of]
g = ["f"]
[sources.logs.otlp_senders.shop]
secret = "the secret of the shop"
log_group = "g"
"""


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def it(ca: trustme.CA) -> Iterator[Secured]:
    with tempfile.TemporaryDirectory() as made:
        certificate, key = issue(ca, Path(made))
        files = ("--tls-cert", str(certificate), "--tls-key", str(key))
        doors = [f"--{name}=127.0.0.1:0" for name in ("tls", "metrics", "smtp")]
        with secured(Path(made), SENDERS, *doors, *files) as running:
            yield running


@pytest.fixture
def authorization(it: Secured) -> str:
    return f"Api-Key {it.admin_key}"
