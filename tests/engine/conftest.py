"""Every test that asks for `url` runs on both stores."""

from store.conftest import path, postgres_url, runner, url

__all__ = ["path", "postgres_url", "runner", "url"]
