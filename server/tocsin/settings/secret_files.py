"""Looks at the files with secrets that the settings name."""

import stat
from collections.abc import Iterator
from pathlib import Path

from tocsin.settings.serve import Settings

# A group is chosen on purpose, as Kubernetes does for what it mounts.
OTHERS = stat.S_IROTH | stat.S_IWOTH


def exposed_files(settings: Settings) -> list[str]:
    """Returns a sentence for each of the files that every user of the machine can read or change.

    A file that is not there is not one of them: whatever needs it says so.
    """
    return [
        f"{setting}: every user of this machine can read or change {file}: chmod o-rw it"
        for setting, file in _secret_files(settings)
        if _mode(file) & OTHERS
    ]


def _secret_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    mail = settings.notify.mail
    files = {
        "access.key_file": settings.access.key_file,
        "tls_key": settings.tls_key,
        "notify.mail.password_file": None if mail is None else mail.password_file,
    }
    for setting, file in files.items():
        if file is not None:
            yield setting, file


def _mode(file: Path) -> int:
    try:
        return file.stat().st_mode
    except OSError:
        return 0
