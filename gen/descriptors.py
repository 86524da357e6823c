"""Writes the descriptors of all that is served over REST: `make descriptors`.

Their annotations are those that Envoy goes by: the vendors', with our overlay. A gateway in another
language is generated from this file alone.
"""

import argparse
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from google.longrunning import operations_pb2
from google.protobuf.descriptor import ServiceDescriptor

import tocsin_protos
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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "file", type=Path, help="where to write a google.protobuf.FileDescriptorSet"
    )
    file: Path = parser.parse_args().file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(descriptor_set(services()))


if __name__ == "__main__":
    main()
