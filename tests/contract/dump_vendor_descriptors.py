"""Prints the vendor's descriptors; runs inside the vendor's environment and knows nothing of ours.

    python dump_vendor_descriptors.py yandex/cloud/validation.proto …

The output is a JSON object: the name of each file asked for, and the exact bytes of its descriptor
as the vendor's stub carries them, in base64.
"""

import base64
import json
import sys
from importlib import import_module


def descriptor_bytes(proto: str) -> bytes:
    stub = import_module(proto.removesuffix(".proto").replace("/", ".") + "_pb2")
    serialized: bytes = stub.DESCRIPTOR.serialized_pb
    return serialized


def main(protos: list[str]) -> None:
    dump = {proto: base64.b64encode(descriptor_bytes(proto)).decode() for proto in protos}
    json.dump(dump, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
