"""The registry of CNCF distribution: Debian's `docker-registry`, got without being installed.

It is unpacked below build/ on first use. Where there is no apt, it is built by Go.
"""

import fcntl
import hashlib
import json
import platform
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stand.services.postgres_server import free_port
from stand.vendors.environment import ROOT, run

FOLDER = ROOT / "build" / "docker-registry"
PACKAGE = "docker-registry"
MODULE = "github.com/distribution/distribution/v3/cmd/registry@v3.0.0"
PATIENCE = 30

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def registry_binary() -> Path:
    binary = FOLDER / "registry"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with FOLDER.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            made = _from_debian() if shutil.which("apt-get") else _from_go()
            made.rename(binary)
    return binary


def _from_debian() -> Path:
    """With lists of packages of its own: those of the machine may be empty, or another's."""
    state, cache = FOLDER / "apt" / "state", FOLDER / "apt" / "cache"
    for folder in (state / "lists" / "partial", cache / "archives" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    apt = ("apt-get", "-qq", "-o", f"Dir::State={state}", "-o", f"Dir::Cache={cache}")
    apt += ("-o", "APT::Sandbox::User=root")  # root too can't but write here
    run(*apt, "update")
    download = f"cd '{FOLDER}' && exec \"$@\""
    run("sh", "-c", download, "sh", *apt, "download", PACKAGE)
    [package] = FOLDER.glob(f"{PACKAGE}_*.deb")
    run("dpkg", "-x", str(package), str(FOLDER / "unpacked"))
    shutil.rmtree(FOLDER / "apt")
    return FOLDER / "unpacked" / "usr" / "bin" / "docker-registry"


def _from_go() -> Path:
    assert shutil.which("go"), f"a registry needs apt-get or go, on {platform.platform()}"
    run("env", f"GOBIN={FOLDER / 'go'}", "go", "install", MODULE)
    return FOLDER / "go" / "registry"


class Registry:
    """A registry that runs, and the calls by which clients push, tag and delete."""

    def __init__(self, address: str) -> None:
        self.address = address

    def push(self, repository: str, reference: str, content: str) -> str:
        """Pushes an image of one small layer, under a tag; returns its digest."""
        config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers"}}
        layers = [self._push_blob(repository, content.encode(), "layer.v1.tar")]
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._push_blob(repository, json.dumps(config).encode(), "config.v1+json"),
            "layers": layers,
        }
        return self._put_manifest(repository, reference, json.dumps(manifest).encode())

    def tag(self, repository: str, reference: str, tag: str) -> str:
        """Puts another tag on an image, as `docker tag` and `docker push` do."""
        manifest = self._call(
            "GET", f"/v2/{repository}/manifests/{reference}", headers={"Accept": MANIFEST}
        )[1]
        return self._put_manifest(repository, tag, manifest)

    def delete(self, repository: str, digest: str) -> None:
        self._call("DELETE", f"/v2/{repository}/manifests/{digest}")

    def _put_manifest(self, repository: str, reference: str, manifest: bytes) -> str:
        path = f"/v2/{repository}/manifests/{reference}"
        return self._call("PUT", path, manifest, {"Content-Type": MANIFEST})[0][
            "Docker-Content-Digest"
        ]

    def _push_blob(self, repository: str, content: bytes, kind: str) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        place = self._call("POST", f"/v2/{repository}/blobs/uploads/")[0]["Location"]
        path = place.removeprefix(f"http://{self.address}") + f"&digest={digest}"
        self._call("PUT", path, content, {"Content-Type": "application/octet-stream"})
        media_type = f"application/vnd.oci.image.{kind}"
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def _call(
        self,
        verb: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Mapping[str, str], bytes]:
        url = f"http://{self.address}{path}"
        request = urllib.request.Request(url, body, dict(headers or {}), method=verb)
        with DIRECT.open(request, timeout=PATIENCE) as answer:
            return answer.headers, answer.read()


@contextmanager
def docker_registry(folder: Path, url: str, authorization: str = "") -> Iterator[Registry]:
    """Runs a registry that tells `url` of what happens in it."""
    address = f"127.0.0.1:{free_port()}"
    headers = {"Authorization": [authorization]} if authorization else {}
    endpoint = {
        "name": "tocsin",
        "url": url,
        "headers": headers,
        "timeout": "2s",
        "threshold": 3,
        "backoff": "200ms",
    }
    storage = {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}}
    config = folder / "registry.yml"
    config.write_text(  # JSON is YAML
        json.dumps(
            {
                "version": "0.1",
                "log": {"level": "error", "accesslog": {"disabled": True}},
                "storage": storage,
                "http": {"addr": address},
                "notifications": {"endpoints": [endpoint]},
            }
        )
    )
    with (
        (folder / "registry.log").open("w") as log,
        subprocess.Popen(
            [str(registry_binary()), "serve", str(config)], stdout=log, stderr=log
        ) as process,
    ):
        try:
            _wait_for(address, process, folder / "registry.log")
            yield Registry(address)
        finally:
            process.terminate()


def _wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            with DIRECT.open(f"http://{address}/v2/", timeout=PATIENCE):
                return
        except urllib.error.URLError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < give_up, log.read_text()
            time.sleep(0.02)
