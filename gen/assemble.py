"""Assembles the program that bounds connections in Envoy: `make wasm`."""

from pathlib import Path

import wasmtime

SOURCE = Path(__file__).parent.parent / "server/tocsin/gateway/bounds/connections.wat"


def main() -> None:
    SOURCE.with_suffix(".wasm").write_bytes(wasmtime.wat2wasm(SOURCE.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
