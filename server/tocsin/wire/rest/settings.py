"""Defines the settings of REST."""

from pydantic import BaseModel, Field

from tocsin.fields import STRICT


class RestSettings(BaseModel):
    """Says how requests of REST are read."""

    model_config = STRICT

    strict: bool = Field(
        default=False,
        description="Whether a name in a body that no field has is an error on all paths. On the "
        "paths of Google it always is; elsewhere such names are dropped, as the vendor does.",
    )
