"""Programs of Debian's packages: those of the machine, or unpacked from the packages.

Unpacking needs neither root nor the package lists of the machine.
"""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

BUILD = Path(__file__).parents[3] / "build"
# Every Debian or Ubuntu has these, and the rest by its packages' own dependencies.
EVERYWHERE = ("libc6", "libgcc-s1", "libstdc++6")


@dataclass(frozen=True)
class Program:
    """A program, and the environment that lets it find its libraries."""

    path: str
    environment: dict[str, str]


def debian_program(package: str, path: str, copied_to: Path | None = None) -> Program:
    """Finds a program that a package installs at `path`, such as `usr/sbin/mosquitto`.

    What was unpacked is copied, if asked for: the checkout of root may be closed to others.
    """
    found = shutil.which(Path(path).name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is not None:
        return Program(found, dict(os.environ))
    root = BUILD / package / "root"
    if not root.exists():
        unpack(package, root)
    if copied_to is not None:
        root = Path(shutil.copytree(root, copied_to, symlinks=True))
    libraries = ":".join(sorted({str(each.parent) for each in root.rglob("*.so.*")}))
    return Program(str(root / path), {**os.environ, "LD_LIBRARY_PATH": libraries})


def unpack(package: str, root: Path) -> None:
    """Downloads a package and its libraries, and unpacks them."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent) as made:
        directory = Path(made)
        wanted, known = [package], set(EVERYWHERE)
        # Its libraries, and theirs.
        for _ in range(3):
            if wanted:
                download(wanted, directory)
            known.update(wanted)
            wanted = sorted(libraries_of(directory) - known)
        for archive in directory.glob("*.deb"):
            run("dpkg-deb", "-x", str(archive), f"{made}/root", cwd=directory)
        # PostgreSQL's own user may have to run it.
        (directory / "root").chmod(0o755)
        # Another process may have been as quick.
        if not root.exists():
            (directory / "root").rename(root)


def download(packages: list[str], directory: Path) -> None:
    """By the machine's package lists, or by fresh ones of our own where it has none."""
    command = ("apt-get", "-o", "APT::Sandbox::User=", "download", *packages)
    if subprocess.run(command, cwd=directory, capture_output=True).returncode == 0:
        return
    own = (
        "apt-get",
        *("-o", f"Dir::State::Lists={directory}/lists"),
        *("-o", f"Dir::Cache={directory}/cache"),
        *("-o", "APT::Sandbox::User="),
    )
    if not (directory / "lists").exists():
        for name in ("lists/partial", "cache/archives/partial"):
            (directory / name).mkdir(parents=True)
        run(*own, "update", cwd=directory)
    run(*own, "download", *packages, cwd=directory)


def libraries_of(directory: Path) -> set[str]:
    """The packages of libraries that the downloaded ones depend on."""
    found = set()
    for archive in directory.glob("*.deb"):
        depends = run("dpkg-deb", "-f", str(archive), "Depends", cwd=directory)
        names = [each.split()[0].split(":")[0] for each in depends.split(",") if each.strip()]
        found.update(name for name in names if name.startswith("lib"))
    return found


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout
