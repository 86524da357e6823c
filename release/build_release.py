"""Builds a release into a folder, twice, and tries it: `python release/build_release.py dist`.

It holds the wheels and the sdists of the server and of its stubs, an SBOM (CycloneDX) of what an
installation with REST brings, and the checksums of all. Instants in the files are that of the
commit (SOURCE_DATE_EPOCH), so that two builds of one commit are the same to the byte.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from try_wheels import try_one, uv

ROOT = Path(__file__).parents[1]
COMMIT = "server/tocsin/commit.txt"  # as hatch_build.py has it
CHECKSUMS = "SHA256SUMS"
SBOM = "tocsin.cdx.json"
RELEASE = re.compile(r"^## \[(?P<version>\d[^\]]*)\] - (?P<day>\S+)$", re.MULTILINE)
NEWEST_MINOR = 20


def main() -> int:
    """Builds, compares and tries; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--untried", action="store_true", help="don't install the wheels")
    given = parser.parse_args()
    check_changelog((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), tag())
    folder: Path = given.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as temporary:
        tree, again = Path(temporary) / "tree", Path(temporary) / "again"
        again.mkdir()
        take_snapshot(tree)
        for place in (folder, again):
            build(tree, place)
            write_checksums(place)
        refuse_differences(folder, again)
    print_sizes(folder)
    if not given.untried:
        for python in pythons():
            try_one(folder, python, [], frozenset({"rest"}))
    return 0


def tag() -> str | None:
    """Returns the version of the commit's tag, such as `0.2.0`; None if it has none."""
    names = git("tag", "--points-at", "HEAD", "--list", "v[0-9]*").split()
    return names[0].removeprefix("v") if names else None


def check_changelog(text: str, tagged: str | None) -> None:
    """Ends the program if the changelog does not fit what is built.

    Args:
        text: the changelog.
        tagged: the version of the tag; None for a build between releases.
    """
    unreleased = text.partition("## [Unreleased]")[2].partition("\n## ")[0]
    days = {found["version"]: found["day"] for found in RELEASE.finditer(text)}
    for version, day in days.items():
        try:
            datetime.strptime(day, "%Y-%m-%d")  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            raise SystemExit(f"CHANGELOG.md: {day} of {version} is not a day") from None
    if "## [Unreleased]" not in text:
        raise SystemExit("CHANGELOG.md has no section [Unreleased]")
    if tagged is None and "\n- " not in unreleased:
        raise SystemExit("CHANGELOG.md says nothing under [Unreleased]: what changed since then?")
    if tagged is not None and tagged not in days:
        raise SystemExit(f"CHANGELOG.md has no section [{tagged}] with a day, but its tag exists")
    if tagged is not None and "\n- " in unreleased:
        raise SystemExit(f"CHANGELOG.md has lines under [Unreleased] that belong to [{tagged}]")


def take_snapshot(tree: Path) -> None:
    """Copies what git knows or would add, and pins its version, its commit and its instant.

    So neither an editor nor a commit makes the second build differ from the first.
    """
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    (tree / COMMIT).write_text(git("rev-parse", "HEAD"))
    asked = [sys.executable, "-m", "hatchling", "version"]
    version = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    os.environ["SETUPTOOLS_SCM_PRETEND_VERSION"] = version.strip()
    os.environ["SOURCE_DATE_EPOCH"] = git("log", "-1", "--format=%ct").strip()


def build(tree: Path, folder: Path) -> None:
    """Builds everything but the checksums into a folder."""
    for project in (tree / "gen", tree):
        command = [
            sys.executable,
            "-m",
            "build",
            "--installer",
            "uv",
            "--outdir",
            str(folder),
            str(project),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
    write_sbom(tree, folder)


def write_sbom(tree: Path, folder: Path) -> None:
    """Lists what an installation of the wheels has, in a new environment."""
    (wheel,) = folder.glob("tocsin-*.whl")
    version = wheel.name.split("-")[1]
    with tempfile.TemporaryDirectory() as temporary:
        environment = Path(temporary) / "environment"
        uv("venv", "--python", sys.executable, str(environment))
        python = str(environment / "bin" / "python")
        named = ["--find-links", str(folder), f"tocsin[rest]=={version}"]
        uv("pip", "install", "--python", python, *named)
        project = Path(temporary) / "pyproject.toml"
        told = (tree / "pyproject.toml").read_text(encoding="utf-8")
        project.write_text(told.replace('dynamic = ["version"]', f'version = "{version}"', 1))
        listing = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"]
        listing += ["--pyproject", str(project), "--output-file", str(folder / SBOM)]
        subprocess.run([*listing, python], check=True)


def write_checksums(folder: Path) -> None:
    """Writes the file that `sha256sum --check` reads."""
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(folder.iterdir())
        if not file.name.startswith(".")
    ]
    (folder / CHECKSUMS).write_text("".join(lines))


def refuse_differences(first: Path, second: Path) -> None:
    """Ends the program if two builds of one commit are not the same to the byte."""
    sums = [set((place / CHECKSUMS).read_text().splitlines()) for place in (first, second)]
    if differing := sorted({line.split()[1] for line in sums[0] ^ sums[1]}):
        kept = ROOT / "build" / "second"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(second, kept)
        raise SystemExit(f"built twice, differs: {', '.join(differing)} ({first}, {kept})")
    print(f"built twice, the same to the byte: {len(sums[0])} files")


def print_sizes(folder: Path) -> None:
    for file in sorted(folder.iterdir()):
        print(f"{file.stat().st_size / 1024:9,.0f} KiB  {file.name}", flush=True)


def pythons() -> list[str]:
    """Returns one interpreter of each Python from 3.11 on that this machine has."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = []
    for minor in range(11, NEWEST_MINOR):
        ours = [str(each) for each in sorted(root.glob(f"3.{minor}.*/bin/python"))]
        named = shutil.which(f"python3.{minor}")
        for python in [*ours, *([named] if named else [])]:
            if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
                found.append(python)
                break
    return found


def git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
