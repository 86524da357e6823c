"""Rebuilds gen/tocsin_protos from protos/: `make gen`. With --check it only says what has drifted.

The stubs are moved under one package of ours (`tocsin_protos.yandex…`, `tocsin_protos.google…`),
so that installing Tocsin never writes into the vendors' own `yandex` and `google` packages. The
descriptors themselves are left as protoc makes them: file names and full names stay the vendors'.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from comments import comments

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
TARGET = ROOT / "gen" / "tocsin_protos"
PACKAGE = "tocsin_protos"
COMMENTS = Path("comments.json")
IMPORTED_PACKAGES = ("google/api", "google/rpc")


def folder_of(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{package} is not installed: pip install -e '.[dev]'")
    return Path(spec.submodule_search_locations[0])


def common_protos() -> Path:
    """Where googleapis-common-protos put google/api and google/rpc."""
    return folder_of("google.api").parent.parent


def our_protos() -> list[str]:
    return sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.rglob("*.proto"))


def protoc(first: Path, *arguments: str) -> None:
    """Runs protoc on our protos and what they import; files are looked for in `first` first."""
    well_known = folder_of("grpc_tools") / "_proto"
    roots = (first, PROTOS, common_protos(), well_known)
    subprocess.run(  # noqa: S603 (nothing in the command comes from outside)
        [sys.executable, "-m", "grpc_tools.protoc", *(f"-I{root}" for root in roots), *arguments],
        check=True,
    )


def compile_protos(protos: list[str], into: Path) -> None:
    outputs = (f"--python_out={into}", f"--pyi_out={into}", f"--grpc_python_out={into}")
    protoc(PROTOS, *outputs, *protos)


def relocate(source: str, modules: set[str]) -> str:
    """Points imports of our own modules into our package; all other imports stay as they are."""

    def moved(match: re.Match[str]) -> str:
        package, module = match.group(1), match.group(2)
        if f"{package}.{module}" in modules:
            return f"from {PACKAGE}.{package} import {module}"
        return match.group(0)

    return re.sub(r"^from ([\w.]+) import (\w+_pb2)\b", moved, source, flags=re.MULTILINE)


def make_comments(protos: list[str]) -> str:
    """The comments of our protos, as JSON; those of others stay theirs."""
    with tempfile.TemporaryDirectory() as scratch:
        compiled = Path(scratch) / "compiled.binpb"
        protoc(PROTOS, *protos, f"--descriptor_set_out={compiled}", "--include_source_info")
        found = comments(FileDescriptorSet.FromString(compiled.read_bytes()), protos)
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def make_stubs() -> dict[Path, str]:
    """Every file that belongs into TARGET, with its text."""
    protos = our_protos()
    modules = {proto.removesuffix(".proto").replace("/", ".") + "_pb2" for proto in protos}
    stubs = {Path("py.typed"): "", COMMENTS: make_comments(protos)}
    with tempfile.TemporaryDirectory() as scratch:
        compile_protos(protos, Path(scratch))
        for made in Path(scratch).rglob("*.py*"):
            text = made.read_text(encoding="utf-8")
            if made.name.endswith("_pb2_grpc.py") and "Servicer" not in text:
                continue  # protoc writes one for every file, services or not
            stubs[made.relative_to(scratch)] = relocate(text, modules)
    packages = {package for stub in stubs for package in stub.parents}
    return stubs | {package / "__init__.py": "" for package in packages}


def kept_stubs() -> dict[Path, str]:
    """Every file that TARGET holds now."""
    return {
        path.relative_to(TARGET): path.read_text(encoding="utf-8")
        for path in TARGET.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def drift(made: dict[Path, str], kept: dict[Path, str]) -> list[str]:
    """One line for every file that a rebuild would change."""
    changes = {
        "missing": made.keys() - kept.keys(),
        "left over": kept.keys() - made.keys(),
        "out of date": {path for path in made.keys() & kept.keys() if made[path] != kept[path]},
    }
    return sorted(f"{path.as_posix()}: {why}" for why, paths in changes.items() for path in paths)


def write(made: dict[Path, str], kept: dict[Path, str]) -> None:
    """Changes only what differs, so that whoever imports the stubs meanwhile finds them whole."""
    for path, text in made.items():
        if kept.get(path) != text:
            (TARGET / path).parent.mkdir(parents=True, exist_ok=True)
            unfinished = (TARGET / path).with_suffix(".new")
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(TARGET / path)
    for path in kept.keys() - made.keys():
        (TARGET / path).unlink()


def copy_imports(into: Path) -> None:
    """Lays out the .proto files that ours import, for tools that can't look into site-packages."""
    for package in IMPORTED_PACKAGES:
        for proto in sorted((common_protos() / package).glob("*.proto")):
            (into / package).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(proto, into / package / proto.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing; fail if stubs drifted")
    what.add_argument(
        "--imports",
        type=Path,
        metavar="FOLDER",
        help="write no stubs; copy the imported google/api and google/rpc protos to FOLDER",
    )
    arguments = parser.parse_args()
    if arguments.imports:
        copy_imports(arguments.imports)
        return
    made, kept = make_stubs(), kept_stubs()
    if not arguments.check:
        write(made, kept)
    elif drifted := drift(made, kept):
        raise SystemExit("\n".join(["The stubs are not those of protos/: run make gen", *drifted]))


if __name__ == "__main__":
    main()
