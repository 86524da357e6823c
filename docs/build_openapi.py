"""Rebuilds docs/openapi/ from the contracts: one OpenAPI document for each vendor's API, and ours.

`make docs`. With --check it writes nothing, and fails if a document differs from the contracts.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "gen"))

from descriptors import services  # noqa: E402 (beside the script that writes the stubs)
from tocsin.api.tocsin.open_api import describing  # noqa: E402
from tocsin.contract.openapi.writing import as_yaml  # noqa: E402

FOLDER = Path(__file__).with_name("openapi")
# Files, and the packages of the services that each describes.
DOCUMENTS = {
    "triggers.yaml": "yandex.",
    "integrations.yaml": "google.",
    "tocsin.yaml": "tocsin.",
}
HEAD = "# Made from the contracts by `make docs`. Don't edit it.\n"


def documents() -> Iterator[tuple[Path, str]]:
    found = list(services())
    for name, package in DOCUMENTS.items():
        described = [service for service in found if service.full_name.startswith(package)]
        made = describing(described, last_release(), guarded=True)
        yield FOLDER / name, HEAD + as_yaml(made)


def last_release() -> str:
    """Returns the version of the changelog's last release; that of a commit would change daily."""
    found = re.search(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert found is not None, "the changelog names each release"
    return found[1]


def differs(file: Path, text: str) -> bool:
    return not file.exists() or file.read_text(encoding="utf-8") != text


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail on drift")
    changed = [(file, text) for file, text in documents() if differs(file, text)]
    if not parser.parse_args().check:
        FOLDER.mkdir(exist_ok=True)
        for file, text in changed:
            file.write_text(text, encoding="utf-8")
    elif changed:
        names = ", ".join(f"openapi/{file.name}" for file, _ in changed)
        raise SystemExit(f"{names} differ from the contracts: run make docs")


if __name__ == "__main__":
    main()
