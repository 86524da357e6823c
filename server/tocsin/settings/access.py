"""Who may call."""

from pydantic import BaseModel, Field

from tocsin.settings.fields import STRICT


class Access(BaseModel):
    """Who may call, and how they prove it."""

    model_config = STRICT

    enabled: bool = Field(
        False,
        description="Whether calls are authenticated and authorised. Without it anyone who reaches "
        "the server may do all.",
    )
