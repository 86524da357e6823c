"""Builds the image where there is neither a registry of images nor a daemon, and runs it.

`python release/try_image.py [--ca FILE]`, as root on Debian with buildah and debootstrap. The base
is made of Debian's packages in place of the image that deploy/Dockerfile names. In a container of
the image, isolated by chroot, it runs the smoke test of releases, and then the command and the
HEALTHCHECK that the image names, as its user and without a capability.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from build_image import Secrets, build

SMOKE = Path(__file__).with_name("smoke.py")
BASE = "localhost/tocsin-base"
SUITE = "bookworm"
PACKAGES = "python3,python3-venv,ca-certificates"
# Where root in a container has no namespaces, as in many CI machines.
os.environ["BUILDAH_ISOLATION"] = "chroot"
TOOLS = ("buildah", "debootstrap")
STOP_SECONDS = 30


def main() -> int:
    """Builds and runs; returns the exit status, and raises at the first fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ca", type=Path, help="the certificates by which PyPI is known here")
    parser.add_argument("--rebuild-base", action="store_true", help="fetch Debian's packages again")
    given = parser.parse_args()
    if missing := [each for each in TOOLS if shutil.which(each) is None]:
        raise SystemExit(f"apt-get install {' '.join(missing)}")
    if given.rebuild_base or not buildah("images", "--quiet", "--filter", f"reference={BASE}"):
        make_base()
    image = build("buildah", BASE, Secrets(ca=given.ca))
    told = json.loads(buildah("inspect", "--type", "image", image))
    settings: dict[str, Any] = told["Docker"]["config"]
    print(f"{image}: {size_of(image)} on {SUITE}, runs as {settings['User']}", flush=True)
    with container(image) as name:
        smoke = running(name, ["python", "/smoke.py"], volume=f"{SMOKE}:/smoke.py:ro")
        subprocess.run(smoke, check=True)
        serve(name, settings)
    return 0


def make_base() -> None:
    """Makes an image of Debian's packages."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "root"
        options = ["--variant=minbase", f"--include={PACKAGES}"]
        subprocess.run(
            ["debootstrap", *options, SUITE, str(root)], check=True, stdout=subprocess.DEVNULL
        )
        for left in root.glob("var/cache/apt/archives/*.deb"):
            left.unlink()
        with container("scratch") as name:
            buildah("add", name, str(root), "/")
            buildah("commit", name, BASE)


def serve(name: str, settings: dict[str, Any]) -> None:
    """Runs the image's command until its HEALTHCHECK is content, then stops it."""
    grpc, http = free_port(), free_port()
    environment = [
        f"TOCSIN_LISTEN=127.0.0.1:{grpc}",
        f"TOCSIN_SERVER=127.0.0.1:{grpc}",
        f"TOCSIN_HTTP=127.0.0.1:{http}",
    ]
    command = [*settings["Entrypoint"], *settings["Cmd"]]
    kind, *check = settings["Healthcheck"]["Test"]
    if kind != "CMD":
        raise SystemExit(f"HEALTHCHECK is no command: {settings['Healthcheck']}")
    server = subprocess.Popen(running(name, command, environment))
    try:
        for waiting in (["--wait", "30s"], []):
            subprocess.run(running(name, [*check, *waiting], environment), check=True)
        with urlopen(f"http://127.0.0.1:{http}/healthz", timeout=10) as answer:
            rest = answer.status
    finally:
        for pid in processes_of(server.pid, b"/opt/tocsin/bin/tocsin"):
            os.kill(pid, signal.SIGTERM)
        status = server.wait(STOP_SECONDS)
    if status != 0:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    print(f"{' '.join(command)}: healthy by `{' '.join(check)}`, REST {rest}, stopped", flush=True)


def running(
    name: str, command: Sequence[str], environment: Sequence[str] = (), *, volume: str | None = None
) -> list[str]:
    """Returns what runs a command in a container, as its user and without a capability."""
    options = [f"--env={each}" for each in environment]
    options += [] if volume is None else [f"--volume={volume}"]
    return ["buildah", "run", "--cap-drop=ALL", *options, name, "--", *command]


def processes_of(root: int, program: bytes) -> list[int]:
    """Returns the processes of a Python program below another process."""
    found, parents = [], [root]
    while parents:
        pid = parents.pop()
        for thread in Path(f"/proc/{pid}/task").iterdir():
            parents += map(int, (thread / "children").read_text().split())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"/python" in words[0] and words[1] == program:
            found.append(pid)
    return found


@contextmanager
def container(image: str) -> Iterator[str]:
    """Makes a container of an image, and removes it at the end."""
    name = buildah("from", image)
    try:
        yield name
    finally:
        buildah("rm", name)


def size_of(image: str) -> str:
    """Returns the size of an image as buildah lists it."""
    return buildah("images", "--format", "{{.Size}}", image)


def buildah(*arguments: str) -> str:
    """Returns what buildah prints."""
    done = subprocess.run(["buildah", *arguments], check=True, text=True, stdout=subprocess.PIPE)
    return done.stdout.strip()


def free_port() -> int:
    """Returns a port of the loopback address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
