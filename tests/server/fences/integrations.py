"""Integrations that these tests schedule, each with a URL of its own."""

from collections.abc import Mapping

LOCATION = "projects/p1/locations/here"


def config_of(urls: Mapping[str, str]) -> str:
    """The settings of integrations; each is called at its name, below its URL."""
    tables = (
        f'[integrations.{name}]\ntriggers = ["api_trigger/{name}"]\nurl = "{url}/{name}"\n'
        for name, url in urls.items()
    )
    return "\n".join(tables)
