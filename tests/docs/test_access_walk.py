"""docs/access.md: whoever types what it shows gets from nothing to a call."""

import json
import re
import subprocess
from pathlib import Path

from docs.curl_stand_in import path_with_curl
from docs.markdown import ROOT, blocks
from stand.tocsin_process import PATIENCE, clean_environment, serving
from stand.vendors.environment import vendor_python

PAGE = ROOT / "docs" / "access.md"


def typed(text: str, directory: Path, **variables: str) -> str:
    """Runs what a person types; returns what it prints."""
    environment = clean_environment({**variables, "PATH": path_with_curl(directory)})
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_walk_through_works(tmp_path: Path) -> None:
    first, served, administer, call = [block.code for block in blocks(PAGE, "sh")]
    [program] = [block.code for block in blocks(PAGE, "python")]
    typed(first, tmp_path)
    assert served.split()[:3] == ["tocsin", "serve", "--access"]
    options = re.sub(r":8443", ":0", served).replace("\\\n", " ").split()[2:]
    paths = [str(tmp_path / each) if "/" in each else each for each in options]
    database = ("--database", f"sqlite:///{tmp_path}/tocsin-data/tocsin.db")
    with serving(tmp_path, "", *paths, *database) as server:
        there = call.replace("127.0.0.1:8080", server.http_address)
        told = typed(administer + there, tmp_path, TOCSIN_SERVER=server.grpc_address)
        assert json.loads(told.splitlines()[-1]) == {"triggers": [], "nextPageToken": ""}
        port = server.address("tls").rpartition(":")[2]
        (tmp_path / "sdk.py").write_text(program.replace("8443", port))
        assert typed(f"{vendor_python()} sdk.py", tmp_path) == "0 triggers\n"
