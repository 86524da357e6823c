"""Schemathesis calls each operation as its description says, and as it does not.

The short form takes seconds; `make walk` calls thousands of times.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from stand.access.guarded import guarded
from stand.tocsin_process import Tocsin, clean_environment, serving

TESTS = Path(__file__).parents[2]
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
PATIENCE = 1800

CONFIG = """
    [targets]
    function = "http://127.0.0.1:1/{function_id}"
    container = "http://127.0.0.1:1/{container_id}"
    [integrations.nightly]
    triggers = ["api_trigger/nightly"]
    url = "http://127.0.0.1:1/"
    [sources.logs]
    otlp_group = "e23default0000000000"
    folders = ["*"]
    [limits]
    bad_credentials_per_minute = 1000000
"""

# What is left out, and why:
# - positive_data_acceptance: no schema can say what a cron expression, a page token or a filter is,
#   nor that an id was used before. `no_limit_is_missing_in_the_schema` stands in its place.
# - negative_data_rejection: protobuf's JSON has forms that the schema leaves out.
#   `what_is_answered_means_something` stands in its place.
# - unsupported_method: it expects 405, and Google's paths have 404 for an unknown verb, as Google.
LEFT_OUT = "positive_data_acceptance,negative_data_rejection,unsupported_method"
SETTINGS = """
hooks = "server.rest.walk_hooks"
[generation]
allow-x00 = false
[phases.fuzzing]
generation = {{ max-examples = {fuzzed} }}
[phases.stateful]
max-steps = 6
generation = {{ max-examples = {chained} }}
"""


@contextmanager
def unguarded(directory: Path) -> Iterator[tuple[Tocsin, list[str]]]:
    """A server that asks nobody who they are, so webhooks and logs are taken from anyone."""
    clock = 'clock = "manual"\n'
    with serving(directory, clock + CONFIG) as server:
        yield server, []


@contextmanager
def by_admin(directory: Path) -> Iterator[tuple[Tocsin, list[str]]]:
    """A server with access control, and what its administrator sends."""
    with guarded(directory, CONFIG) as running:
        yield running.tocsin, ["--header", f"Authorization: {running.admin.credential}"]


def walk(
    server: Tocsin, directory: Path, options: list[str], *, long: bool
) -> subprocess.CompletedProcess[str]:
    settings = directory / "schemathesis.toml"
    fuzzed, chained = (20, 40) if long else (2, 10)
    settings.write_text(SETTINGS.format(fuzzed=fuzzed, chained=chained))
    phases = ["examples", *(["coverage"] if long else []), "fuzzing", "stateful"]
    command = [
        *(SCHEMATHESIS, "--no-color", "--config-file", settings, "run"),
        f"http://{server.http_address}/openapi.json",
        # A stream has no end, and has tests of its own.
        *("--exclude-path", "/tocsin/v1/watch"),
        *("--exclude-checks", LEFT_OUT, "--suppress-health-check", "all", "--warnings", "off"),
        *("--phases", ",".join(phases)),
        *([] if long else ["--seed", "1"]),
        *options,
    ]
    environment = clean_environment({"PYTHONPATH": str(TESTS), "NO_PROXY": "127.0.0.1"})
    return subprocess.run(
        command,
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize("serve", [unguarded, by_admin])
def test_each_operation_does_what_its_description_says(
    serve: Callable[[Path], AbstractContextManager[tuple[Tocsin, list[str]]]],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    long = bool(request.config.getoption("--long"))
    with tempfile.TemporaryDirectory() as made, serve(Path(made)) as (server, options):
        done = walk(server, tmp_path, options, long=long)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
