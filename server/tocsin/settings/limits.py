"""What callers may take, and what is written down of them."""

from pydantic import BaseModel, Field

from tocsin.settings.fields import STRICT


class Limits(BaseModel):
    """How much one caller, or one folder or project, may take. Each node counts for itself."""

    model_config = STRICT

    calls_per_second: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="How many calls a second one caller may make in the long run; without access "
        "control, one address.",
        examples=[100.0],
    )
    calls_burst: int = Field(
        200, ge=1, description="How many calls may come at once where `calls_per_second` is set."
    )
    bad_credentials_per_minute: float | None = Field(
        60.0,
        gt=0,
        allow_inf_nan=False,
        description="How many bad credentials a minute may come from one address, and so many at "
        "once. Beyond that no other is looked at that comes from there, but for those that were "
        "good lately.",
    )
    triggers_per_folder: int | None = Field(
        None, ge=0, description="How many triggers a folder may have.", examples=[100]
    )
    invocations_per_minute: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="How many invocations a minute calls may make for one folder or project, and "
        "so many at once: of schedules, of triggers that are fired by hand, of events. Where an "
        "event can reach any folder, for one caller. Ticks of timers do not count.",
        examples=[600.0],
    )
    payload_bytes: int | None = Field(
        None,
        ge=1024,
        description="The largest request that makes an invocation or brings events, in bytes.",
        examples=[262144],
    )


class AuditLog(BaseModel):
    """Where the audit log goes: a JSON line for each change, and for each call that is denied."""

    model_config = STRICT

    to: str | None = Field(
        None,
        min_length=1,
        description="`stderr`, `off`, or a file, which is appended to; after it was renamed a new "
        "one is begun. Without it: `stderr` with access control, else `off`.",
        examples=["/var/log/tocsin/audit.jsonl"],
    )
