"""Rebuilds what docs/access.md says of roles and methods, from the code that enforces it.

`make docs`. With --check nothing is written; it fails if the page is not what the code says.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tocsin.access.permissions.needs import NEEDS, OPEN_SERVICES, Audience, Need, Unnamed
from tocsin.access.permissions.roles import ROLES, Permission

PAGE = Path(__file__).with_name("access.md")
BEGIN = "<!-- Made from server/tocsin/access/ by `make docs`, to the end mark. Don't edit it. -->"
END = "<!-- The end of what `make docs` makes. -->"

METHODS = """\
## Which method needs what

The permission is needed on what the call is about, or on what that is below of; of a call that
names several things, on each. An id that nothing is known of is in no folder, so for it the
permission is needed on `*`, and all others are told the same as of what they may not see. What was
deleted is not found by those who might have seen it, as long as something of it is kept.

A role that is given counts within three seconds, and so does one that is taken away.
"""

ROLES_HEAD = """\
## Roles

A role is given on `folders/ID`, on `projects/ID`, on something below that
(`projects/ID/locations/ID`, `projects/ID/locations/ID/integrations/ID`), or on `*`, which is
everything. It counts there and for all that is below. The vendors' roles are called as they are
there, and hold what there is of them here.
"""

ACCOUNTS_NOTE = (
    "A rule that is written, or changed, needs `iam.serviceAccounts.use` besides, on the folder of "
    "each service account that it names, or on `*` where there is no such account. So does firing "
    "a trigger with a payload other than its own."
)
SCOPE_NOTE = (
    "Google's methods ask a token that is limited to scopes for "
    "`https://www.googleapis.com/auth/cloud-platform`."
)
OURS = ("viewer", "editor", "admin")


def table(rows: list[tuple[str, ...]]) -> str:
    head, *body = rows
    lines = [head, tuple("---" for _ in head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def code(text: str) -> str:
    return f"`{text}`"


def methods() -> Iterator[tuple[str, ...]]:
    yield "Method", "Needs", "On", "Least role", "In the audit log as"
    for method, need in NEEDS.items():
        yield code(method), permission(need), where(need), least(need), event(need)


def permission(need: Need) -> str:
    if need.audience is Audience.PUBLIC:
        return "a secret of its own" if need.shows_secret else "nothing"
    return "a credential" if need.permission is None else code(need.permission)


def where(need: Need) -> str:
    if need.audience is not Audience.PERMITTED:
        return ""
    named = list(dict.fromkeys(each.kind.value for each in need.named))
    if not named:
        return "`*`"
    unnamed = {
        Unnamed.EVERYTHING: "",
        Unnamed.NOTHING: "; where none is named, nothing is needed but a credential",
        Unnamed.SHOWN: "; where none is named, that is shown which the caller may see",
    }
    return " or ".join(named) + unnamed[need.unnamed]


def least(need: Need) -> str:
    if need.permission is None:
        return ""
    return code(next(name for name in OURS if need.permission in ROLES[name].permissions))


def event(need: Need) -> str:
    return code(need.event) if need.event else ""


def roles() -> Iterator[tuple[str, ...]]:
    yield "Role", "What for", "Permissions"
    for name, role in ROLES.items():
        held = "all" if role.permissions == frozenset(Permission) else listed(role.permissions)
        yield code(name), role.purpose, held


def listed(permissions: frozenset[Permission]) -> str:
    return ", ".join(code(each) for each in Permission if each in permissions)


def made() -> str:
    open_services = " and ".join(code(each) for each in OPEN_SERVICES)
    return "\n".join(
        [
            BEGIN,
            "",
            ROLES_HEAD,
            table(list(roles())),
            METHODS,
            table(list(methods())),
            f"{ACCOUNTS_NOTE}\n",
            f"{SCOPE_NOTE}\n",
            f"{open_services} answer everybody.\n",
            END,
        ]
    )


def page(text: str) -> str:
    """Returns the page with what is made put between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{PAGE.name} has no place for what is made: {BEGIN} … {END}")
    return before + made() + after


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail on drift")
    text = PAGE.read_text(encoding="utf-8")
    if not parser.parse_args().check:
        PAGE.write_text(page(text), encoding="utf-8")
    elif page(text) != text:
        raise SystemExit(f"{PAGE.name} is not what the code says: run make docs")


if __name__ == "__main__":
    main()
