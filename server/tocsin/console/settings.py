"""Defines the settings of the page."""

from pydantic import BaseModel, Field

from tocsin.fields import STRICT


class ConsoleSettings(BaseModel):
    """Configures the page in the browser."""

    model_config = STRICT

    enabled: bool = Field(
        True, description="Whether the page is served, at `/` of REST, by `http` and by `tls`."
    )
