"""Every setting: from the command line, `TOCSIN_*` variables, a TOML file, or its default."""

from tocsin.settings.addresses import Address
from tocsin.settings.loading import SettingsError, load_settings
from tocsin.settings.serve import Settings

__all__ = ["Address", "Settings", "SettingsError", "load_settings"]
