"""Defines the settings of the page."""

from pydantic import BaseModel, Field, field_validator

from tocsin.fields import STRICT

TRACE_ID = "{trace_id}"


class ConsoleSettings(BaseModel):
    """Configures the page in the browser."""

    model_config = STRICT

    enabled: bool = Field(
        True, description="Whether the page is served, at `/` of REST, by `http` and by `tls`."
    )
    session_hours: float = Field(
        12.0,
        gt=0,
        le=24 * 30,
        allow_inf_nan=False,
        description="Hours after which one must sign in again, at most: a session also ends with "
        "the API key that it was made of, or with the token of an issuer.",
    )

    trace_url: str = Field(
        "",
        description="URL at which people see a trace, with `{trace_id}` in place of its 32 "
        "hexadecimal digits. Invocations link to it.",
        examples=["https://traces.example.com/trace/{trace_id}"],
    )

    @field_validator("trace_url")
    @classmethod
    def _leads_to_a_trace(cls, url: str) -> str:
        if url and (TRACE_ID not in url or not url.startswith(("http://", "https://"))):
            raise ValueError(f"must be a URL of http or https with {TRACE_ID} in it")
        return url
