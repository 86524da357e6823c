"""The suite's caller proves itself as the vendor's clients do."""

import json
from pathlib import Path

from conformance.suite import FOLDER, conformance
from stand.access.secured import secured

ONE = ("-k", "triggers.create.labels.kept")


def test_an_authorised_key_is_exchanged_for_a_token(tmp_path: Path) -> None:
    with secured(tmp_path) as server:
        key = server.service_key(FOLDER)
        file = tmp_path / "key.json"
        file.write_text(json.dumps(key.file))
        words = ("--target", server.server.grpc_address, "--folder", FOLDER, *ONE)
        good = conformance(*words, "--key", str(file))
        file.write_text(json.dumps({**key.file, "id": "ajk00000000000000000"}))
        refused = conformance(*words, "--key", str(file))
        file.write_text(json.dumps({**key.file, "private_key": "a secret"}))
        broken = conformance(*words, "--key", str(file))
        nobody = conformance(*words)
    assert "1 of 1 executed checks passed" in good.stdout, good.stdout + good.stderr
    assert (refused.status, refused.stdout) == (2, "")
    assert "IamTokenService.Create refused it: UNAUTHENTICATED" in refused.stderr
    assert (broken.status, broken.stdout) == (2, "")
    assert "its private_key must be an RSA key in PEM" in broken.stderr
    assert "a secret" not in broken.stderr
    assert nobody.status == 1
