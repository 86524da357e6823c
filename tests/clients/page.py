"""docs/clients.md, and what of it can be run."""

import re

from clients.toolchains import ROOT
from docs.markdown import blocks
from stand.tocsin_process import Tocsin

PAGE = ROOT / "docs" / "clients.md"


def code(section: str, language: str, number: int = 0) -> str:
    """A block of that language below a heading, with the addresses as the page has them."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    headings = [number for number, line in enumerate(lines, 1) if re.match("###? ", line)]
    [start] = [number for number in headings if lines[number - 1].lstrip("# ") == section]
    end = next((number for number in headings if number > start), len(lines) + 1)
    return [block.code for block in blocks(PAGE, language) if start < block.line < end][number]


def pointed_at(text: str, server: Tocsin) -> str:
    """The same code, for a server that listens elsewhere."""
    at_grpc = text.replace("127.0.0.1:50051", server.grpc_address)
    return at_grpc.replace("127.0.0.1:8080", server.http_address)


# Go is compiled, so its address comes when it runs; else each run would be a build.
_ADDRESSES = """package main

import "os"

var grpcAddress, httpAddress = os.Getenv("GRPC_ADDRESS"), os.Getenv("HTTP_ADDRESS")
"""


def go_sources(text: str) -> dict[str, str]:
    """The files of a Go program that is told by its environment where the server is."""
    text = text.replace('"127.0.0.1:50051"', "grpcAddress")
    text = text.replace('"http://127.0.0.1:8080/"', '"http://" + httpAddress + "/"')
    return {"main.go": text, "addresses.go": _ADDRESSES}


def point_at_environment(text: str) -> str:
    """The same for a program in TypeScript."""
    return text.replace('"127.0.0.1:50051"', "process.env.GRPC_ADDRESS!")


def addresses(server: Tocsin) -> dict[str, str]:
    return {"GRPC_ADDRESS": server.grpc_address, "HTTP_ADDRESS": server.http_address}
