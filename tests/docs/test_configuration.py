"""docs/configuration.md says what the settings are, and what it says works."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docs.markdown import ROOT, blocks
from tocsin.settings import load_settings

PAGE = ROOT / "docs" / "configuration.md"
[EXAMPLE] = blocks(PAGE, "toml")


def variables() -> list[str]:
    cells = [
        cell.strip().strip("`")
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        for cell in line.split("|")
    ]
    return [cell for cell in cells if cell.startswith("TOCSIN_")]


def named(settings: Any, variable: str) -> Any:
    """The value of the setting that a variable stands for, as JSON has it."""
    value = settings.model_dump(mode="json")
    for name in variable.removeprefix("TOCSIN_").lower().split("__"):
        value = value[name]
    return value


@pytest.fixture
def example(tmp_path: Path) -> Any:
    file = tmp_path / "tocsin.toml"
    file.write_text(EXAMPLE.code)
    return load_settings(file)


def test_is_what_the_settings_say() -> None:
    script = ROOT / "docs" / "build_configuration.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_its_example_loads(example: Any) -> None:
    assert example.targets.function == "http://127.0.0.1:9000/{function_id}"
    assert example.integrations["nightly"].triggers == ["api_trigger/nightly"]


# What can't be set alone, and what it needs.
TLS_FILES = {"tls_cert": "server.pem", "tls_key": "server.key"}
NEEDED = {"TOCSIN_TLS": TLS_FILES, "TOCSIN_CLIENT_CA": {"tls": "127.0.0.1:0", **TLS_FILES}}


@pytest.mark.parametrize("variable", variables())
def test_its_variables_set_what_they_are_named_for(
    variable: str, example: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = named(example, variable)
    if value is None:
        value = "http://127.0.0.1:9000/"
    text = value if isinstance(value, str) else json.dumps(value)
    monkeypatch.setenv(variable, text)
    found = named(load_settings(None, NEEDED.get(variable)), variable)
    # What is secret is not shown.
    assert found == ("*" * 10 if "SECRET" in variable else value)
