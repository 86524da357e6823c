"""Writes the descriptors of all that is served over REST: `make descriptors`.

Their annotations are those that Envoy goes by: the vendors', with our overlay. A gateway in another
language, or its OpenAPI, is generated from this file alone: it has the comments of the protos.
"""

import argparse
import importlib
import pkgutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from google.longrunning import operations_pb2
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

import tocsin_protos
from regenerate import common_protos, protoc
from tocsin.contract.routes import descriptor_set, routes


def services() -> Iterator[ServiceDescriptor]:
    """Every service of the contracts that has a path."""
    prefix = f"{tocsin_protos.__name__}."
    found = [module.name for module in pkgutil.walk_packages(tocsin_protos.__path__, prefix)]
    modules = [importlib.import_module(name) for name in found if name.endswith("_pb2")]
    for module in (*modules, operations_pb2):
        for service in module.DESCRIPTOR.services_by_name.values():
            if routes([service]):
                yield service


def as_protoc_writes_them(descriptors: bytes) -> bytes:
    """Returns the same files as protoc writes them, with comments and the JSON names of fields.

    Stubs have neither. protoc's plugins take documentation from comments, and
    protoc-gen-openapiv2 crashes without JSON names.
    """
    ours = FileDescriptorSet.FromString(descriptors)
    compiled = {file.name: file for file in _compiled(ours).file}
    written = FileDescriptorSet()
    for file in ours.file:
        copy = written.file.add()
        copy.CopyFrom(compiled[file.name])
        for service, same in zip(file.service, copy.service, strict=True):
            for method, same_method in zip(service.method, same.method, strict=True):
                same_method.options.CopyFrom(method.options)
    return written.SerializeToString()


def _compiled(wanted: FileDescriptorSet) -> FileDescriptorSet:
    """Compiles the files again."""
    with tempfile.TemporaryDirectory() as made:
        roots, result = Path(made), Path(made) / "compiled.binpb"
        # The package of Google's clients has this file under another name.
        operations = roots / operations_pb2.DESCRIPTOR.name
        operations.parent.mkdir(parents=True)
        shipped = common_protos() / "google" / "longrunning" / "operations_proto.proto"
        operations.write_bytes(shipped.read_bytes())
        names = [file.name for file in wanted.file]
        protoc(roots, *names, f"--descriptor_set_out={result}", "--include_source_info")
        return FileDescriptorSet.FromString(result.read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "file", type=Path, help="where to write a google.protobuf.FileDescriptorSet"
    )
    file: Path = parser.parse_args().file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(as_protoc_writes_them(descriptor_set(services())))


if __name__ == "__main__":
    main()
