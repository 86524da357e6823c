"""docs/openapi/ has what the contracts say, and each document is whole by itself."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from docs.markdown import ROOT

DOCUMENTS = sorted((ROOT / "docs" / "openapi").glob("*.yaml"))


def test_they_are_what_the_contracts_say() -> None:
    script = ROOT / "docs" / "build_openapi.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_there_is_one_for_each_vendor_and_one_of_ours() -> None:
    assert [file.name for file in DOCUMENTS] == [
        "integrations.yaml",
        "tocsin.yaml",
        "triggers.yaml",
    ]


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_each_is_valid_openapi(file: Path) -> None:
    described = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    assert list(OpenAPIV31SpecValidator(described).iter_errors()) == []
