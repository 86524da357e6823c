"""The suite is not about Tocsin: a server without a line of Tocsin's code passes two profiles."""

import ast
from pathlib import Path

from conformance.independent.server import independent_server
from conformance.suite import conformance

HERE = Path(__file__).parent


def test_it_conforms() -> None:
    with independent_server() as address:
        done = conformance(
            *("--target", address, "--features", str(HERE / "features.yaml")),
            *("--profile", "triggers", "--profile", "operations"),
        )
    assert done.status == 0, done.stdout + done.stderr
    assert "\nThe server conforms: " in done.stdout


def test_it_shares_nothing_with_tocsin() -> None:
    imported = {
        name.split(".")[0]
        for module in ("server.py", "validity.py")
        for node in ast.walk(ast.parse((HERE / module).read_text()))
        for name in _names(node)
    }
    assert "tocsin_protos" in imported
    assert "tocsin" not in imported


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
