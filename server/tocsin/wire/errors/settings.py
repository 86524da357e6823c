"""Errors about the settings of a node."""

from tocsin.wire.errors.error import ApiError, about, precondition


def no_settings_file(host: str) -> ApiError:
    return about(
        precondition(
            "NO_SETTINGS_FILE",
            f"The server on {host} was started without a file of settings: start it with --config "
            "FILE, then it can read that again",
        ),
        host=host,
    )


def settings_refused(host: str, problem: str) -> ApiError:
    return about(
        precondition(
            "SETTINGS_REFUSED",
            f"The settings on {host} are wrong, and those before stay in force: {problem}",
        ),
        host=host,
        problem=problem,
    )
