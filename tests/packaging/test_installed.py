"""What the wheels install: alone, and beside the vendor's SDK, which neither disturbs."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import yaml

from docs.markdown import ROOT, blocks
from stand.tocsin_process import clean_environment
from stand.vendors.environment import pip, run

TESTING = ROOT / "docs" / "testing.md"
MODULE = "yandex.cloud.serverless.triggers.v1.trigger_service_pb2"

# Prints a CreateTriggerRequest as hex, made with the stubs of the module named by the argument.
MAKE_REQUEST = """
import sys
from importlib import import_module
stub = import_module(sys.argv[1])
request = stub.CreateTriggerRequest(folder_id="folder", name="nightly")
request.rule.timer.cron_expression = "0 3 * * ? *"
request.rule.timer.invoke_function_with_retry.function_id = "function"
print(request.SerializeToString(deterministic=True).hex())
"""

# Both sides' stubs in one process, where protobuf refuses two files of one name that differ.
MEET_IN_ONE_PROCESS = f"""
import tocsin
import yandexcloud
from {MODULE} import CreateTriggerRequest as Theirs
from tocsin_protos.{MODULE} import CreateTriggerRequest as Ours
theirs = Theirs(folder_id="folder", labels={{"team": "night"}})
theirs.rule.mail.invoke_function.function_id = "function"
ours = Ours.FromString(theirs.SerializeToString())
assert ours.rule.mail.invoke_function.function_id == "function"
assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)
"""

# Prints each file of a distribution that is gone or whose hash is not the recorded one.
FIND_DAMAGE = """
import base64, hashlib, sys
from importlib.metadata import distribution
for file in distribution(sys.argv[1]).files:
    place = file.locate()
    if not place.is_file():
        print(file, "is gone")
    elif file.hash:
        digest = hashlib.new(file.hash.mode, place.read_bytes()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            print(file, "has changed")
"""

LIST_FILES = """
import sys
from importlib.metadata import distribution
print(*distribution(sys.argv[1]).files, sep="\\n")
"""


def files(python: Path, distribution: str) -> set[str]:
    return set(run(str(python), "-c", LIST_FILES, distribution).splitlines())


def damage(python: Path, distribution: str) -> str:
    return run(str(python), "-c", FIND_DAMAGE, distribution)


def test_requirements_of_both_are_met_together(python: Path) -> None:
    pip(python, "check")


def test_wheels_keep_out_of_the_vendors_packages(python: Path) -> None:
    stubs = files(python, "tocsin-protos")
    stub = f"tocsin_protos/{MODULE.replace('.', '/')}"
    assert {f"{stub}.py", f"{stub}.pyi", "tocsin_protos/py.typed"} <= stubs
    installed = stubs | files(python, "tocsin")
    assert not {name for name in installed if name.startswith(("yandex/", "google/"))}
    assert not installed & files(python, "yandexcloud")


def test_the_installed_wheels_serve(python: Path, tmp_path: Path) -> None:
    command = [str(python.with_name("tocsin")), "serve", "--listen", "127.0.0.1:0"]
    command += ["--http", "127.0.0.1:0", "--database", f"sqlite:///{tmp_path}/tocsin.db"]
    log = tmp_path / "log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=clean_environment({})
        ) as server,
    ):
        try:
            assert server.stdout is not None
            ready = server.stdout.readline().split()
            assert ready[:1] == ["ready"], log.read_text()
            healthz = f"http://{ready[2].removeprefix('http=')}/healthz"
            with urlopen(healthz) as answer:
                assert answer.status == 200
        finally:
            server.terminate()


def test_each_sides_stubs_work_in_a_process_of_their_own(python: Path) -> None:
    theirs = run(str(python), "-c", MAKE_REQUEST, MODULE)
    ours = run(str(python), "-c", MAKE_REQUEST, f"tocsin_protos.{MODULE}")
    assert ours == theirs


def test_both_sides_stubs_work_in_one_process(python: Path) -> None:
    run(str(python), "-c", MEET_IN_ONE_PROCESS)


def test_the_commands_of_the_workflow_run_the_tests_of_the_page(
    python: Path, wheels: Path, tmp_path: Path
) -> None:
    """One of them has the vendor's SDK and the fixture in one process."""
    (workflow,) = (yaml.safe_load(each.code) for each in blocks(TESTING, "yaml"))
    commands = [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    assert [command.split()[0] for command in commands] == ["pip", "pytest"]
    for block in blocks(TESTING, "python"):
        (tmp_path / f"test_line_{block.line}.py").write_text(block.code)
    # The environment has no pip of its own.
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "pip").write_text(f'#!/bin/sh\nexec {sys.executable} -m pip --python {python} "$@"\n')
    (tools / "pip").chmod(0o755)
    path = os.pathsep.join([str(tools), str(python.parent), os.environ["PATH"]])
    environment = {**clean_environment({}), "PATH": path}
    (tmp_path / "dist").symlink_to(wheels)
    for command in commands:
        done = subprocess.run(
            ["sh", "-e", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_neither_installing_nor_uninstalling_tocsin_damages_the_sdk(
    python: Path, server_wheel: Path, stubs_wheel: Path
) -> None:
    assert damage(python, "yandexcloud") == ""
    pip(python, "uninstall", "--quiet", "--yes", "tocsin", "tocsin-protos")
    try:
        assert damage(python, "yandexcloud") == ""
        run(str(python), "-c", MAKE_REQUEST, MODULE)
    finally:
        pip(python, "install", "--quiet", "--no-deps", str(server_wheel), str(stubs_wheel))
