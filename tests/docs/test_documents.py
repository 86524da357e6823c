"""Every YAML and TOML that the pages show is taken by what they are for."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from docs.markdown import PAGES, Block, blocks
from stand.tocsin_process import Tocsin, serving
from tocsin.cli import app
from tocsin.settings import load_settings

YAML = [(page, block) for page in PAGES for block in blocks(page, "yaml", "yml")]
TOML = [(page, block) for page in PAGES for block in blocks(page, "toml")]
# Other programs' documents have one of these at the top.
OTHERS = {
    *("triggerConfigs", "integrationParameters"),
    *("bootstrap", "plugins", "notifications", "services", "scrape_configs", "groups", "jobs"),
    *("missing", "known-failing"),
}


def fields_of(block: Block) -> set[str]:
    return set(yaml.safe_load(block.code))


TRIGGERS = [
    (page, block) for page, block in YAML if "rule" in fields_of(block) or "# tocsin" in block.code
]


def named(each: object) -> str:
    return each.name if isinstance(each, Path) else str(each)


@pytest.fixture(scope="module")
def server() -> Iterator[Tocsin]:
    with tempfile.TemporaryDirectory() as made, serving(Path(made), http="off") as running:
        yield running


@pytest.mark.parametrize(("page", "block"), YAML, ids=named)
def test_a_document_is_of_a_known_kind(page: Path, block: Block) -> None:
    fields = fields_of(block)
    assert fields & {"rule", *OTHERS} or fields <= {"name", "description", "labels"}, page


@pytest.mark.parametrize(("page", "block"), TRIGGERS, ids=named)
def test_a_trigger_can_be_created(server: Tocsin, page: Path, block: Block, tmp_path: Path) -> None:
    """`wrong.yaml` of the commands' page is there to be refused, and tested with that page."""
    (tmp_path / "trigger.yaml").write_text(block.code)
    words = ["triggers", "create", "-f", str(tmp_path / "trigger.yaml"), "-o", "json"]
    folder = f"{page.stem}-{block.line}"
    done = CliRunner().invoke(
        app, words, env={"TOCSIN_SERVER": server.grpc_address, "TOCSIN_FOLDER": folder}
    )
    assert done.exit_code == (1 if "name: wrong" in block.code else 0), done.stderr


@pytest.mark.parametrize(("page", "block"), TOML, ids=named)
def test_settings_load(page: Path, block: Block, tmp_path: Path) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text(block.code)
    load_settings(file)
