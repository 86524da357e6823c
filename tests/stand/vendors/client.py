"""The vendors' clients, which live in a process and an environment of their own."""

import json
import subprocess
from pathlib import Path
from typing import Any

from stand.vendors.environment import vendor_python

DRIVER = Path(__file__).with_name("driver.py")


class VendorClient:
    """Speaks to the driver beside this file; one call at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [str(vendor_python()), str(DRIVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, function: str, *arguments: Any) -> Any:
        """Calls a function of the driver; what it answers holds `response` or `error`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([function, *arguments]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the driver ended; what it said is in the captured output"
        return json.loads(answer)

    def close(self) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
