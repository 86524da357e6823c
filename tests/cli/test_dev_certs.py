"""`tocsin dev-certs`: its files, its names, its lines."""

import os
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from stand.tocsin_process import Ended, run_tocsin

FILES = {"ca.pem", "server.pem", "server.key"}


def made(directory: Path, *arguments: str) -> Ended:
    return run_tocsin("dev-certs", "--directory", str(directory), *arguments)


def test_it_makes_an_authority_and_a_certificate(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "certs"
    ended = made(directory, "*.api.cloud.yandex.net", "tocsin.example", "localhost")
    assert (ended.status, ended.stderr) == (0, "")
    assert {file.name for file in directory.iterdir()} == FILES
    ca = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
    server = x509.load_pem_x509_certificate((directory / "server.pem").read_bytes())
    server.verify_directly_issued_by(ca)
    key = load_pem_private_key((directory / "server.key").read_bytes(), None)
    assert key.public_key() == server.public_key()
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == [
        *("localhost", "127.0.0.1", "::1", "*.api.cloud.yandex.net", "tocsin.example")
    ]
    now = datetime.now(UTC)
    assert server.not_valid_before_utc < now < server.not_valid_after_utc
    life = server.not_valid_after_utc - server.not_valid_before_utc
    assert life.days <= 825, "what Apple's systems take"


def test_only_its_owner_can_read_the_key(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "server.key").stat().st_mode) == 0o600


def test_it_overwrites_only_when_it_is_told(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "server.pem").unlink()
    (tmp_path / "ca.pem").unlink()
    key = (tmp_path / "server.key").read_bytes()
    refused = made(tmp_path)
    assert (refused.status, refused.stdout) == (1, "")
    assert (
        f"{tmp_path / 'server.key'}: already exists; give --overwrite to replace" in refused.stderr
    )
    assert {file.name for file in tmp_path.iterdir()} == {"server.key"}

    assert made(tmp_path, "--overwrite").status == 0
    assert {file.name for file in tmp_path.iterdir()} == FILES
    assert (tmp_path / "server.key").read_bytes() != key


@pytest.mark.parametrize("name", ["a b", "-", "host:8443", "x" * 64 + ".example"])
def test_a_name_that_can_be_in_no_certificate_is_refused(tmp_path: Path, name: str) -> None:
    ended = made(tmp_path, "--", name)
    assert (ended.status, list(tmp_path.iterdir())) == (2, [])
    assert name in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_directory_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = made(tmp_path / "file")
    assert ended.status == 1
    assert str(tmp_path / "file") in ended.stderr
    assert "Traceback" not in ended.stderr


def test_its_lines_work_wherever_the_directory_is(tmp_path: Path) -> None:
    """What a shell can try without a server; the others are tried with the clients themselves."""
    directory = tmp_path / "with a space"
    ended = made(directory)
    lines = dict(zip(*[iter(ended.stdout.splitlines())] * 2, strict=True))
    for name in ("Python and Node, gRPC:", "Go, Terraform, yc, on Linux:", "tocsin:"):
        shown = subprocess.run(
            ["sh", "-c", f"{lines[name]}; env"], capture_output=True, text=True, check=True
        )
        assert f"={directory / 'ca.pem'}\n" in shown.stdout
    assert "--tls-key" in lines["Serve:"]
