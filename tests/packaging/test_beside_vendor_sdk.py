"""Tocsin and the vendor's SDK live in one environment, and neither disturbs the other."""

import sys
from pathlib import Path

import pytest

from stand.vendors.environment import ROOT, YANDEXCLOUD, make_environment, pip, run

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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT))
    (built,) = folder.glob("tocsin-*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds both."""
    return make_environment(tmp_path_factory.mktemp("both"), YANDEXCLOUD, str(wheel))


def files(python: Path, distribution: str) -> set[str]:
    return set(run(str(python), "-c", LIST_FILES, distribution).splitlines())


def damage(python: Path, distribution: str) -> str:
    return run(str(python), "-c", FIND_DAMAGE, distribution)


def test_requirements_of_both_are_met_together(python: Path) -> None:
    pip(python, "check")


def test_wheel_keeps_out_of_the_vendors_packages(python: Path) -> None:
    installed = files(python, "tocsin")
    stub = f"tocsin_protos/{MODULE.replace('.', '/')}"
    assert {f"{stub}.py", f"{stub}.pyi", "tocsin_protos/py.typed"} <= installed
    assert not {name for name in installed if name.startswith(("yandex/", "google/"))}
    assert not installed & files(python, "yandexcloud")


def test_each_sides_stubs_work_in_a_process_of_their_own(python: Path) -> None:
    theirs = run(str(python), "-c", MAKE_REQUEST, MODULE)
    ours = run(str(python), "-c", MAKE_REQUEST, f"tocsin_protos.{MODULE}")
    assert ours == theirs


def test_both_sides_stubs_work_in_one_process(python: Path) -> None:
    run(str(python), "-c", MEET_IN_ONE_PROCESS)


def test_neither_installing_nor_uninstalling_tocsin_damages_the_sdk(
    python: Path, wheel: Path
) -> None:
    assert damage(python, "yandexcloud") == ""
    pip(python, "uninstall", "--quiet", "--yes", "tocsin")
    try:
        assert damage(python, "yandexcloud") == ""
        run(str(python), "-c", MAKE_REQUEST, MODULE)
    finally:
        pip(python, "install", "--quiet", "--no-deps", str(wheel))
