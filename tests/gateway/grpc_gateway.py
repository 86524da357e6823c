"""grpc-gateway in Envoy's place, generated from our descriptors alone."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clients.stubs.generating import BUF, go_plugins, path_with
from clients.toolchains import HERE, ROOT, built, go_build, go_install, run

PLUGIN = "github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway"
VERSION = "v2.33.0"
MODULE = HERE / "go" / "gateway"
CONTRACTS = (ROOT / "protos", ROOT / "server" / "tocsin" / "contract", ROOT / "gen")


@dataclass(frozen=True)
class GrpcGateway:
    address: tuple[str, int]


def gateway() -> Path:
    """The folder with the gateway's `module` and its `program`."""
    return built("go-gateway", ["go"], [MODULE, *CONTRACTS], _make)


def _make(folder: Path) -> None:
    module = shutil.copytree(MODULE, folder / "module")
    descriptors = folder / "tocsin.binpb"
    run(sys.executable, ROOT / "gen" / "descriptors.py", descriptors)
    plugins = [*go_plugins(), go_install(PLUGIN, VERSION)]
    theirs = ("google/api", "google/rpc", "google/protobuf")
    excluded = [word for package in theirs for word in ("--exclude-path", package)]
    command = (BUF, "generate", descriptors, "--template", module / "buf.gen.yaml", *excluded)
    run(*command, "--output", module, environment=path_with(plugins))
    go_build(module, folder)


@contextmanager
def serving(upstream: str) -> Iterator[GrpcGateway]:
    """Runs the gateway on a free port, before the gRPC server of that name."""
    command = (gateway() / "program", "127.0.0.1:0", upstream)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            host, _, port = process.stdout.readline().strip().rpartition(":")
            yield GrpcGateway((host, int(port)))
        finally:
            process.terminate()
