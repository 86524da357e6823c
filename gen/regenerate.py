"""Rebuilds gen/tocsin_protos from protos/: `make gen`.

The stubs are moved under one package of ours (`tocsin_protos.yandex…`, `tocsin_protos.google…`), so that
installing Tocsin never writes into the vendors' own `yandex` and `google` packages. The descriptors
themselves are left as protoc makes them: file names and full names stay the vendors'.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
TARGET = ROOT / "gen" / "tocsin_protos"
PACKAGE = "tocsin_protos"


def folder_of(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{package} is not installed: pip install -e '.[dev]'")
    return Path(spec.submodule_search_locations[0])


def compile_protos(protos: list[str], into: Path) -> None:
    common_protos = folder_of("google.api").parent.parent
    well_known = folder_of("grpc_tools") / "_proto"
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc"),
            *(f"-I{PROTOS}", f"-I{common_protos}", f"-I{well_known}"),
            *(f"--python_out={into}", f"--pyi_out={into}", f"--grpc_python_out={into}"),
            *protos,
        ],
        check=True,
    )


def relocate(source: str, modules: set[str]) -> str:
    """Points imports of our own modules into our package; all other imports stay as they are."""

    def moved(match: re.Match[str]) -> str:
        package, module = match.group(1), match.group(2)
        if f"{package}.{module}" in modules:
            return f"from {PACKAGE}.{package} import {module}"
        return match.group(0)

    return re.sub(r"^from ([\w.]+) import (\w+_pb2)\b", moved, source, flags=re.MULTILINE)


def main() -> None:
    protos = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    modules = {proto.removesuffix(".proto").replace("/", ".") + "_pb2" for proto in protos}
    with tempfile.TemporaryDirectory() as scratch:
        compile_protos(protos, Path(scratch))
        shutil.rmtree(TARGET, ignore_errors=True)
        for made in sorted(Path(scratch).rglob("*.py*")):
            if made.name.endswith("_pb2_grpc.py") and "Servicer" not in made.read_text():
                continue  # protoc writes one for every file, services or not
            place = TARGET / made.relative_to(scratch)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(relocate(made.read_text(), modules))
    for folder in [TARGET, *(path for path in TARGET.rglob("*") if path.is_dir())]:
        (folder / "__init__.py").touch()
    (TARGET / "py.typed").touch()


if __name__ == "__main__":
    main()
