"""Which files of the contracts bind other servers: those that their owners publish."""

import re
from pathlib import Path

import pytest

from tocsin.conformance.reflection.contracts import is_published

PROTOS = Path(__file__).parents[3] / "protos"
FILES = sorted(
    str(file.relative_to(PROTOS))
    for file in (PROTOS / "google/cloud/integrations").rglob("*.proto")
)


@pytest.mark.parametrize("file", FILES)
def test_numbers_that_a_file_calls_tocsins_bind_nobody(file: str) -> None:
    head = (PROTOS / file).read_text().partition("syntax =")[0]
    words = " ".join(head.replace("//", " ").split())
    ours = re.search(r"(field|all) numbers?( in this file)?,? (is|are) Tocsin's", words)
    assert is_published(file) == (ours is None), words
