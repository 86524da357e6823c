"""The settings of the engine: missed ticks, how long what is done is kept, the reconciler."""

from pydantic import BaseModel, Field

from tocsin.fields import CENTURY, DAY, STRICT, KeptCount, KeptSeconds
from tocsin.plans.plan import MisfirePolicy


class MisfireSettings(BaseModel):
    """What becomes of a timer's ticks that could not be fired in time."""

    model_config = STRICT

    policy: MisfirePolicy = Field(
        MisfirePolicy.FIRE_ONCE,
        description="One call for all that was missed, none, or one for each: `fire_once`, `skip` "
        "or `fire_all`. A trigger's label `tocsin/misfire` goes before it.",
    )
    window: float | None = Field(
        None,
        gt=0,
        le=CENTURY,
        description="Seconds; what was missed longer ago is only recorded in the log.",
        examples=[86400.0],
    )
    cap: int = Field(
        100,
        ge=1,
        le=1000,
        description="How many ticks of one timer `fire_all` makes up for: the latest ones.",
    )
    tolerance: float = Field(
        30.0,
        ge=0,
        le=3600,
        description="Seconds that a tick may be late without being counted as missed.",
    )


class RetentionSettings(BaseModel):
    """How long, and how much, of what is done is kept. It is swept once a minute."""

    model_config = STRICT

    age: KeptSeconds = Field(
        30 * DAY,
        gt=0,
        le=CENTURY,
        description="Seconds that an invocation that succeeded or was cancelled is kept; "
        "`forever` keeps it.",
    )
    failed_age: KeptSeconds = Field(
        90 * DAY,
        gt=0,
        le=CENTURY,
        description="The same for one that failed or was dead-lettered; it is kept for `age` at "
        "least.",
    )
    most: KeptCount = Field(
        1_000_000,
        ge=1,
        description="How many invocations of each final state are kept, a few more or less: the "
        "latest. `forever` keeps all.",
    )
    operations_age: KeptSeconds = Field(
        30 * DAY,
        ge=2 * DAY,
        le=CENTURY,
        description="Seconds that operations on triggers are kept, two days (172800) at least: a "
        "repeated call is answered with the operation of the first.",
    )


class ReconcilerSettings(BaseModel):
    """The search for what nobody would hear of, such as an active timer without a next tick."""

    model_config = STRICT

    interval: float = Field(
        300.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds from one pass over all triggers and all that waits to the next, "
        "give or take a fifth.",
    )
