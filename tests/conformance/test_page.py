"""docs/conformance.md has the clauses of the checks, and files that the command reads."""

import subprocess
import sys
from pathlib import Path

from docs.markdown import ROOT, blocks
from tocsin.conformance.declared.features import read_features
from tocsin.conformance.declared.known_failing import KnownFailing
from tocsin.conformance.options import NEEDS, PROFILES

PAGE = ROOT / "docs" / "conformance.md"


def test_it_is_what_the_checks_say() -> None:
    script = ROOT / "docs" / "build_conformance.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_its_files_are_read(tmp_path: Path) -> None:
    features, known = (block.code for block in blocks(PAGE, "yaml"))
    (tmp_path / "features.yaml").write_text(features)
    (tmp_path / "known.yaml").write_text(known)
    assert list(read_features(tmp_path / "features.yaml")) == ["filters"]
    listed = KnownFailing.read(str(tmp_path / "known.yaml"))
    assert listed.reason("transcoding.body.chunked") is not None


def test_it_has_all_profiles_with_what_they_need() -> None:
    rows = {
        line.split("`")[1]: line
        for line in PAGE.read_text().partition("<!--")[0].splitlines()
        if line.startswith("| `") and line.split("`")[1] in PROFILES
    }
    assert list(rows) == list(PROFILES)
    for profile, needs in NEEDS.items():
        for option in " ".join(needs).split(" or "):
            assert all(word in rows[profile] for word in option.split())


def test_one_page_can_be_shown() -> None:
    assert PAGE.stat().st_size < 512 * 1024  # GitHub shows no larger one
