"""Installs built wheels into new, empty environments, and tries each with `smoke.py`.

`python release/try_wheels.py dist --python 3.11 --python 3.13` tries two Pythons;
`--resolution lowest-direct` the oldest libraries that pyproject.toml allows, and `--pre-releases`
the newest ones, unfinished ones included.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from uv import find_uv_bin

SMOKE = Path(__file__).with_name("smoke.py")
OURS = ("tocsin", "tocsin-protos")


def main() -> int:
    """Tries each Python; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheels", type=Path, help="the folder of the wheels")
    parser.add_argument("--python", action="append", help="a version or a path")
    parser.add_argument("--resolution", choices=["highest", "lowest-direct"], default="highest")
    parser.add_argument("--pre-releases", action="store_true")
    parser.add_argument("--without-rest", action="store_true")
    given = parser.parse_args()
    how = ["--resolution", given.resolution]
    how += ["--prerelease", "allow"] if given.pre_releases else []
    extras = frozenset() if given.without_rest else frozenset({"rest"})
    for python in given.python or [sys.executable]:
        try_one(given.wheels, python, how, extras)
    return 0


def try_one(folder: Path, python: str, how: list[str], extras: frozenset[str]) -> None:
    """Makes an environment of one Python, installs the wheels, and runs the smoke test in it."""
    wheels = sorted(folder.glob("tocsin-*.whl")) + sorted(folder.glob("tocsin_protos-*.whl"))
    if len(wheels) != len(OURS):
        raise SystemExit(f"{folder} must have one wheel of {' and one of '.join(OURS)}")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        environment = Path(temporary) / "environment"
        uv("venv", "--python", python, str(environment))
        executable = environment / "bin" / "python"
        # Listed one by one: what a wheel needs is no direct requirement of who installs it.
        listed = Path(temporary) / "requirements.txt"
        listed.write_text("\n".join(needs for wheel in wheels for needs in needed(wheel, extras)))
        installing = ["pip", "install", "--python", str(executable), *how, "--requirements"]
        uv(*installing, str(listed), *map(str, wheels))
        options = [] if "rest" in extras else ["--without-rest"]
        subprocess.run([executable, SMOKE, *options], check=True, cwd=temporary)
    print(f"tried in {time.monotonic() - started:.0f} s", flush=True)


def needed(wheel: Path, extras: frozenset[str]) -> list[str]:
    """Returns what a wheel requires, without the distributions of ours."""
    with ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(name).decode())
    found = []
    for requirement in map(Requirement, metadata.get_all("Requires-Dist", [])):
        marker = requirement.marker
        wanted = marker is None or any(marker.evaluate({"extra": each}) for each in {"", *extras})
        if wanted and requirement.name not in OURS:
            requirement.marker = None
            found.append(str(requirement))
    return found


def uv(*arguments: str) -> None:
    subprocess.run([find_uv_bin(), "--quiet", *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())
