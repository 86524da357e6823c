"""The scripts of the page have the types that their comments say, and no habits that harm."""

import json
import shutil
from pathlib import Path

from clients.toolchains import run

PAGE = Path(__file__).parents[2] / "server" / "tocsin" / "console" / "page"


def test_types_are_right(tools: Path, tmp_path: Path) -> None:
    config = tmp_path / "tsconfig.json"
    config.write_text(
        json.dumps({"extends": str(tools / "tsconfig.json"), "include": [f"{PAGE}/**/*.js"]})
    )
    run(tools / "node_modules" / ".bin" / "tsc", "--project", config)


def test_no_line_is_suspect(tools: Path) -> None:
    eslint = tools / "node_modules" / ".bin" / "eslint"
    run(eslint, "--config", tools / "eslint.config.js", "--max-warnings", "0", ".", directory=PAGE)


def test_every_line_has_the_form_that_the_formatter_gives_it(tools: Path) -> None:
    """`--write` in place of `--check` gives it."""
    prettier = tools / "node_modules" / ".bin" / "prettier"
    run(prettier, "--config", tools / "prettier.json", "--check", ".", directory=PAGE)


def test_a_wrong_type_and_a_suspect_line_are_found(tools: Path, tmp_path: Path) -> None:
    """Otherwise the two tests above would hold nothing."""
    wrong = tmp_path / "wrong.js"
    wrong.write_text('/** @type {number} */\nexport let n = "one";\ndocument.body.innerHTML = n;\n')
    shutil.copy(tools / "tsconfig.json", tmp_path)
    found = _refused(tools, "tsc", "--project", tmp_path)
    assert "TS2322" in found
    config = ("--config", tools / "eslint.config.js")
    found = _refused(tools, "eslint", *config, wrong.name, at=tmp_path)
    assert "prefer-const" in found
    assert "no-restricted-properties" in found


def _refused(tools: Path, program: str, *arguments: str | Path, at: Path | None = None) -> str:
    try:
        run(tools / "node_modules" / ".bin" / program, *arguments, directory=at)
    except AssertionError as error:
        return str(error)
    raise AssertionError(f"{program} found nothing")
