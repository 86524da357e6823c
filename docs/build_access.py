"""Rebuilds the tables of roles and methods in docs/access.md from the code that enforces them.

`make docs`. With --check it writes nothing, and fails if the page differs from the code.
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

You need the permission on the resource of the call, or on a resource above it; if a call names
several resources, on each. An unknown id is in no folder, so it needs the permission on `*`, and
all others get the same answer as for a resource that they may not see. A deleted resource is not
found by callers who might have seen it, as long as the store keeps something of it.

The permission is checked before the rules of the request (AIP-211): first the credential, then
whether the request can be decoded, then the permission, then everything else. If you may not make
a call, you get the same denial for a bad request as for a good one, also if the bad part is the
name that the permission depends on.

A role that you give, or take away, counts within three seconds.
"""

ROLES_HEAD = """\
## Roles

You give a role on `folders/ID`, on `projects/ID`, on a part of a project
(`projects/ID/locations/ID`, `projects/ID/locations/ID/integrations/ID`), or on `*`, which is
everything. It counts there and for everything below. The vendors' roles have the vendors' names,
and hold those of their permissions that exist here.
"""

ACCOUNTS_NOTE = (
    "Writing or changing a rule also needs `iam.serviceAccounts.use`, on the folder of each "
    "service account that the rule names, or on `*` if the account does not exist. So does firing "
    "a trigger with a payload of your own."
)
SCOPE_NOTE = (
    "If a token is limited to scopes, Google's methods need "
    "`https://www.googleapis.com/auth/cloud-platform` among them."
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
    if need.permission is None:
        return "a credential"
    also = (f"; to {each.to} also {code(each.permission)}" for each in need.also)
    return "".join((code(need.permission), *also))


def where(need: Need) -> str:
    if need.audience is not Audience.PERMITTED:
        return ""
    named = list(dict.fromkeys(each.kind.value for each in need.named))
    if not named:
        return "`*`"
    unnamed = {
        Unnamed.EVERYTHING: "",
        Unnamed.NOTHING: "; if the call names none, it needs a credential only",
        Unnamed.SHOWN: "; if the call names none, it lists what the caller may see",
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
    open_services = ", ".join(code(each) for each in OPEN_SERVICES)
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
            f"{open_services} answer everyone.\n",
            END,
        ]
    )


def page(text: str) -> str:
    """Returns the page with the tables between its marks replaced."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{PAGE.name} lacks the marks for the tables: {BEGIN} … {END}")
    return before + made() + after


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail on drift")
    text = PAGE.read_text(encoding="utf-8")
    if not parser.parse_args().check:
        PAGE.write_text(page(text), encoding="utf-8")
    elif page(text) != text:
        raise SystemExit(f"{PAGE.name} differs from the code: run make docs")


if __name__ == "__main__":
    main()
