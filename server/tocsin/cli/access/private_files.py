"""Writes secrets to files that only their owner can read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tocsin.cli.refusal import USAGE, refusal


@contextmanager
def private_file(file: Path) -> Iterator[TextIO]:
    """Creates a file with mode 0600; removes it if what should fill it fails.

    The file is there before the secret is made, so a secret is not lost for want of a place. Ends
    the program if the file exists or can't be created.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise refusal(f"{file}: already exists", status=USAGE) from error
    except OSError as error:
        raise refusal(f"{file}: {error.strerror}", status=USAGE) from error
    try:
        with os.fdopen(descriptor, "w") as opened:
            yield opened
    except BaseException:
        file.unlink(missing_ok=True)
        raise
