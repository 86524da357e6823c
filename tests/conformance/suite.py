"""The command `tocsin conformance` as a person runs it, and servers to run it against."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from stand.access.guarded import Caller, guarded
from stand.access.secured import PATIENT
from stand.certificates import issue
from stand.recording_target import RecordingTarget
from stand.tocsin_process import TOCSIN, Ended, clean_environment, serving

PATIENCE = 180
FOLDER = "b1g00000000000000001"
LOCATION = "projects/conformance/locations/local"
TRIGGER = "api_trigger/nightly"


@dataclass(frozen=True)
class Subject:
    """A server under test: what names it on the command line."""

    options: Sequence[str]

    def check(self, *more: str) -> Ended:
        return conformance(*self.options, *more)


def conformance(*words: str) -> Ended:
    """Runs the command to its end."""
    done = subprocess.run(
        [str(TOCSIN), "conformance", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=clean_environment({"PYTEST_ADDOPTS": "--nonsense"}),
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def config_for(target: RecordingTarget) -> str:
    """Functions and an integration that the target answers."""
    return (
        f'[targets]\nfunction = "{target.url}/{{function_id}}"\n'
        f'[integrations.nightly]\nurl = "{target.url}/nightly"\ntriggers = ["{TRIGGER}"]\n'
    )


SCHEDULES = ("--location", LOCATION, "--integration", "nightly", "--trigger-id", TRIGGER)


@contextmanager
def open_server(directory: Path, *options: str) -> Iterator[Subject]:
    """A server without access control, over SQLite if the options name no database."""
    with (
        closing(RecordingTarget()) as target,
        serving(directory, config_for(target), *options) as server,
    ):
        yield Subject(
            (
                *("--target", server.grpc_address, "--rest", f"http://{server.http_address}"),
                *SCHEDULES,
            )
        )


@contextmanager
def guarded_server(directory: Path) -> Iterator[tuple[Subject, Subject]]:
    """A server with TLS and access control, as two callers see it.

    The first may do everything everywhere, the second in one folder and one project.
    """
    ca = trustme.CA()
    authority = directory / "ca.pem"
    authority.write_bytes(ca.cert_pem.bytes())
    certificate, private_key = issue(ca, directory)
    tls = ("--tls", "127.0.0.1:0", "--tls-cert", str(certificate), "--tls-key", str(private_key))
    with (
        closing(RecordingTarget()) as target,
        guarded(directory, config_for(target) + PATIENT, *tls) as server,
    ):
        caller = server.caller_with(
            [("admin", f"folders/{FOLDER}"), ("admin", "projects/conformance")]
        )
        address = f"localhost:{server.tocsin.address('tls').rpartition(':')[2]}"
        named = ("--target", address, "--rest", f"https://{address}", "--ca", str(authority))
        files = (
            key_file(directory / name, of) for name, of in (("all", server.admin), ("some", caller))
        )
        everything, something = (
            Subject((*named, "--key", str(file), "--folder", FOLDER, *SCHEDULES)) for file in files
        )
        yield everything, something


def key_file(file: Path, caller: Caller) -> Path:
    file.write_text(f"{(caller.credential or '').removeprefix('Api-Key ')}\n")
    return file
