"""The stubs are those of protos/, whole, and keep out of the vendors' packages."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stand.vendors.environment import ROOT, run

GENERATED = ROOT / "gen" / "tocsin_protos"
REGENERATE = ROOT / "gen" / "regenerate.py"
PROTOS = sorted((ROOT / "protos").rglob("*.proto"))
STUBS = [
    GENERATED / proto.relative_to(ROOT / "protos").with_name(proto.stem + "_pb2.py")
    for proto in PROTOS
]
SERVICES = [
    stub for proto, stub in zip(PROTOS, STUBS, strict=True) if "\nservice " in proto.read_text()
]


def module_of(stub: Path) -> str:
    return ".".join(stub.relative_to(GENERATED.parent).with_suffix("").parts)


def test_stubs_are_up_to_date() -> None:
    run(sys.executable, str(REGENERATE), "--check")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """protos/ and gen/ for a test to spoil: regenerate.py works on the folders beside it."""
    for folder in ("protos", "gen"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def checked(copy: Path) -> list[str]:
    """What the check says of a copy that has drifted, without its first line."""
    command = [sys.executable, str(copy / "gen" / "regenerate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr.splitlines()[1:]


def test_check_notices_a_proto_that_changed(copy: Path) -> None:
    proto = copy / "protos/yandex/cloud/serverless/triggers/v1/trigger.proto"
    proto.write_text(proto.read_text().replace('"<=4096"', '"<=4095"'))
    assert checked(copy) == ["yandex/cloud/serverless/triggers/v1/trigger_pb2.py: out of date"]


def test_check_notices_files_that_are_missing_or_left_over(copy: Path) -> None:
    stub = copy / "gen/tocsin_protos/yandex/cloud/validation_pb2.py"
    stub.rename(stub.with_name("validations_pb2.py"))
    assert checked(copy) == [
        "yandex/cloud/validation_pb2.py: missing",
        "yandex/cloud/validations_pb2.py: left over",
    ]


def test_regenerating_mends_what_drifted(copy: Path) -> None:
    (copy / "gen/tocsin_protos/yandex/cloud/validation_pb2.py").write_text("")
    (copy / "gen/tocsin_protos/yandex/cloud/extra_pb2.py").write_text("")
    run(sys.executable, str(copy / "gen" / "regenerate.py"))
    run(sys.executable, str(copy / "gen" / "regenerate.py"), "--check")


@pytest.mark.parametrize("stub", STUBS, ids=module_of)
def test_each_proto_has_a_stub_and_its_types(stub: Path) -> None:
    assert stub.is_file()
    assert stub.with_suffix(".pyi").is_file()


@pytest.mark.parametrize("stub", SERVICES, ids=module_of)
def test_each_service_has_a_grpc_stub(stub: Path) -> None:
    assert stub.with_name(stub.stem + "_grpc.py").is_file()


def test_type_checkers_may_use_the_types() -> None:
    assert (GENERATED / "py.typed").is_file()


def test_stubs_import_and_take_nothing_from_the_vendors_packages() -> None:
    modules = [module_of(stub) for stub in STUBS]
    modules += [module_of(stub) + "_grpc" for stub in SERVICES]
    imports = "; ".join(f"import {module}" for module in modules)
    loaded = run(sys.executable, "-c", f"{imports}; import sys; print(*sys.modules, sep='\\n')")
    vendors = ("yandex", "google.cloud.integrations")
    assert not [name for name in loaded.split() if name.startswith(vendors)]
