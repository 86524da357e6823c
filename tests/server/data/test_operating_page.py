"""Every command of docs/operating.md works, in the order of the page."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from docs.markdown import ROOT, blocks
from stand.tocsin_process import clean_environment, serving

PAGE = ROOT / "docs" / "operating.md"
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
BACKUP = re.compile(r"tocsin-\d{8}T\d{6}Z\.db")


def typed(place: Path, code: str, new_database: str) -> str:
    """Types a block in a directory; returns what it printed."""
    [*made] = (place / "backups").glob("*.db")
    if made:
        code = BACKUP.sub(made[0].name, code)
    database = {
        "TOCSIN_DATABASE": f"sqlite:///{place}/tocsin.db",
        "NEW_DATABASE": new_database,
        "PATH": PATH,
    }
    done = subprocess.run(
        ["sh", "-e", "-c", code],
        cwd=place,
        env=clean_environment(database),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_every_command_works_in_the_order_of_the_page(
    tmp_path: Path, new_store: Callable[[str], str]
) -> None:
    new = new_store("postgresql")
    codes = [block.code for block in blocks(PAGE, "sh")]
    # From this one on servers must be stopped.
    stopped = next(number for number, code in enumerate(codes) if "keys decrypt" in code)
    with serving(tmp_path, http="off"):
        printed = [typed(tmp_path, code, new) for code in codes[:stopped]]
    assert any("of them encrypted anew, all with key" in text for text in printed)
    assert any("Released" in text for text in printed)
    assert any("Nothing is wrong." in text for text in printed)
    with serving(tmp_path / "restored", http="off") as server:
        assert "hold" not in server.ready
    printed = [typed(tmp_path, code, new) for code in codes[stopped:]]
    assert "is marked as moved" in printed[-2]
