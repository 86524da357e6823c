"""Defines the settings of the engine: missed ticks, retention and the reconciler."""

from pydantic import BaseModel, Field

from tocsin.fields import CENTURY, DAY, STRICT, KeptCount, KeptSeconds
from tocsin.plans.plan import MisfirePolicy


class MisfireSettings(BaseModel):
    """Sets how ticks that could not fire in time are made up for."""

    model_config = STRICT

    policy: MisfirePolicy = Field(
        MisfirePolicy.FIRE_ONCE,
        description="How missed ticks are made up for: by one call for all (`fire_once`), by "
        "none (`skip`) or by one for each (`fire_all`). A trigger's label `tocsin/misfire` "
        "overrides it.",
    )
    window: float | None = Field(
        None,
        gt=0,
        le=CENTURY,
        description="Seconds after which a missed tick no longer fires and is only recorded; "
        "without it, every missed tick counts.",
        examples=[86400.0],
    )
    cap: int = Field(
        100,
        ge=1,
        le=1000,
        description="Most missed ticks of one timer that `fire_all` fires, the latest ones.",
    )
    tolerance: float = Field(
        30.0,
        ge=0,
        le=3600,
        description="Seconds that a tick may be late without counting as missed.",
    )


class RetentionSettings(BaseModel):
    """Sets how long and how many finished rows are kept; they are swept once a minute."""

    model_config = STRICT

    age: KeptSeconds = Field(
        30 * DAY,
        gt=0,
        le=CENTURY,
        description="Seconds that succeeded and cancelled invocations are kept; `forever` keeps "
        "them.",
    )
    failed_age: KeptSeconds = Field(
        90 * DAY,
        gt=0,
        le=CENTURY,
        description="Seconds that failed and dead-lettered invocations are kept, at least `age`; "
        "`forever` keeps them.",
    )
    most: KeptCount = Field(
        1_000_000,
        ge=1,
        description="About how many of the latest invocations of each final state are kept; "
        "`forever` keeps all.",
    )
    operations_age: KeptSeconds = Field(
        30 * DAY,
        ge=2 * DAY,
        le=CENTURY,
        description="Seconds that operations on triggers are kept, at least two days (172800), "
        "because a repeated call gets the operation of the first; `forever` keeps them.",
    )
    request_ids_age: float = Field(
        DAY,
        ge=60,
        le=31 * DAY,
        allow_inf_nan=False,
        description="Seconds within which requests to schedule or execute integrations with the "
        "same `requestId` run once.",
    )


class ReconcilerSettings(BaseModel):
    """Sets the search for silent faults, such as an active timer without a next tick."""

    model_config = STRICT

    interval: float = Field(
        300.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds between two passes over all triggers and all waiting work, give or "
        "take a fifth.",
    )
