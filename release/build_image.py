"""Builds the container image from the wheels of dist/: `python release/build_image.py`.

Docker, podman or buildah does it, whichever is found first. The image is `tocsin:latest`, and
`tocsin:VERSION`; its labels tell version and commit.
"""

import argparse
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parents[1]
BUILDERS = ("docker", "podman", "buildah")
LABEL = "org.opencontainers.image"


@dataclass(frozen=True)
class Secrets:
    """Files that the build reads, and that do not become part of the image."""

    pip: Path | None = None
    ca: Path | None = None


def main() -> int:
    """Builds; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--builder", help=f"{', '.join(BUILDERS)}, or the path of one")
    parser.add_argument("--base", help="an image of Debian with Python 3.11 or newer, and its venv")
    parser.add_argument("--pip-conf", type=Path, help="settings of pip, such as another registry")
    parser.add_argument("--ca", type=Path, help="the certificates by which the registry is known")
    given = parser.parse_args()
    builder = given.builder or next(filter(shutil.which, BUILDERS), None)
    if builder is None:
        raise SystemExit(f"none of {', '.join(BUILDERS)} is here: install one")
    print(build(builder, given.base, Secrets(given.pip_conf, given.ca)))
    return 0


def build(builder: str, base: str | None, secrets: Secrets) -> str:
    """Builds the image, and returns its name with the version."""
    version, commit = wheel_of(ROOT / "dist")
    name = f"tocsin:{version.replace('+', '-')}"
    command = [builder, "build", "--file", str(ROOT / "deploy" / "Dockerfile")]
    command += ["--tag", name, "--tag", "tocsin:latest"]
    command += ["--label", f"{LABEL}.version={version}", "--label", f"{LABEL}.revision={commit}"]
    if Path(builder).name != "docker":
        # OCI's own form has no HEALTHCHECK.
        command += ["--format", "docker", "--layers"]
    if base is not None:
        command += ["--build-arg", f"BASE={base}"]
    for id_, file in (("pip", secrets.pip), ("ca", secrets.ca)):
        if file is not None:
            command += ["--secret", f"id={id_},src={file}"]
    subprocess.run([*command, str(ROOT)], check=True)
    return name


def wheel_of(folder: Path) -> tuple[str, str]:
    """Returns version and commit of the one server's wheel in a folder."""
    wheels = sorted(folder.glob("tocsin-*.whl"))
    if len(wheels) != 1:
        raise SystemExit(f"{folder} must have one wheel of tocsin: run `make build`")
    with ZipFile(wheels[0]) as archive:
        commit = archive.read("tocsin/commit.txt").decode().strip()
    return wheels[0].name.split("-")[1], commit


if __name__ == "__main__":
    sys.exit(main())
