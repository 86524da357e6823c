"""Names the resource of an invocation in a statement, as the gate does for a row."""

from sqlalchemy import case

from tocsin.store.schema import invocations

# An integration's full name has slashes, a trigger's id has none.
RESOURCE = case(
    (invocations.c.origin.contains("/"), invocations.c.origin), else_=invocations.c.parent
)
