"""Lists what a caller of each method needs; the gate follows this table.

The server does not start if it serves a method that has no line here. `docs/access.md` is generated
from this table.
"""

from collections.abc import Mapping

from tocsin.access.permissions.needs import google, opentelemetry, tocsin, yandex
from tocsin.access.permissions.needs.need import (
    Audience,
    Brings,
    Kind,
    Made,
    Named,
    Need,
    Unnamed,
    nothing,
)

__all__ = [
    "NEEDS",
    "OPEN_SERVICES",
    "Audience",
    "Brings",
    "Kind",
    "Made",
    "Named",
    "Need",
    "Unnamed",
    "nothing",
]

NEEDS: Mapping[str, Need] = {
    **yandex.NEEDS,
    **google.NEEDS,
    **opentelemetry.NEEDS,
    **tocsin.NEEDS,
}

# No gate guards these: they tell how to call this server, and whether it is up.
OPEN_SERVICES = (
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
)
