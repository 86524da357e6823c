"""What bindings come to: which permission on which resource, and for how long that is believed."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.access.permissions.bindings import ALL_AUTHENTICATED_USERS, Binding
from tocsin.access.permissions.grants import (
    CACHED_SECONDS,
    MOST_SUBJECTS,
    Grants,
    GrantsOfSubjects,
)
from tocsin.access.permissions.resources import folder, is_bindable, lineage
from tocsin.access.permissions.roles import ROLES, Permission
from tocsin.schedule import ManualClock

GET, UPDATE = Permission.TRIGGERS_GET, Permission.TRIGGERS_UPDATE
INVOKE = Permission.INTEGRATIONS_INVOKE
INTEGRATION = "projects/p1/locations/l1/integrations/nightly"
ME = "serviceAccount:aje1"


def grants(*bindings: tuple[str, str]) -> Grants:
    return Grants(Binding(ME, role, resource) for role, resource in bindings)


@pytest.mark.parametrize(
    ("bindings", "permission", "resource", "allowed"),
    [
        ([], GET, "folders/f1", False),
        ([("viewer", "folders/f1")], GET, "folders/f1", True),
        ([("viewer", "folders/f1")], UPDATE, "folders/f1", False),
        ([("viewer", "folders/f1")], GET, "folders/f2", False),
        ([("viewer", "folders/f1")], GET, "folders/f11", False),
        ([("viewer", "folders/f1")], GET, "folders/f", False),
        ([("viewer", "folders/f1")], GET, "projects/f1", False),
        ([("viewer", "folders/f1")], GET, "*", False),
        ([("viewer", "*")], GET, "folders/f1", True),
        ([("viewer", "*")], GET, "*", True),
        ([("viewer", "*")], UPDATE, "folders/f1", False),
        ([("viewer", "folders/f1"), ("editor", "folders/f1")], UPDATE, "folders/f1", True),
        ([("viewer", "folders/f1"), ("editor", "folders/f2")], UPDATE, "folders/f1", False),
        ([("functions.auditor", "folders/f1")], Permission.INVOCATIONS_GET, "folders/f1", False),
        ([("functions.viewer", "folders/f1")], Permission.INVOCATIONS_GET, "folders/f1", True),
        ([("no.such.role", "*")], GET, "folders/f1", False),
        ([("roles/integrations.integrationInvoker", "projects/p1")], INVOKE, INTEGRATION, True),
        (
            [("roles/integrations.integrationInvoker", "projects/p1/locations/l1")],
            INVOKE,
            INTEGRATION,
            True,
        ),
        (
            [("roles/integrations.integrationInvoker", "projects/p1/locations/l2")],
            INVOKE,
            INTEGRATION,
            False,
        ),
        ([("roles/integrations.integrationInvoker", INTEGRATION)], INVOKE, INTEGRATION, True),
        (
            [("roles/integrations.integrationInvoker", INTEGRATION)],
            INVOKE,
            "projects/p1/locations/l1",
            False,
        ),
        ([("roles/integrations.integrationViewer", "projects/p1")], INVOKE, INTEGRATION, False),
        ([("roles/owner", "projects/p1")], Permission.ACCESS_MANAGE, "*", False),
        ([("admin", "*")], Permission.ACCESS_MANAGE, "*", True),
        ([("editor", "*")], Permission.ACCESS_MANAGE, "*", False),
    ],
)
def test_a_role_allows_what_it_holds_where_it_was_given(
    bindings: list[tuple[str, str]], permission: Permission, resource: str, allowed: bool
) -> None:
    assert grants(*bindings).allow(permission, resource) is allowed


def test_what_is_allowed_somewhere_or_everywhere_is_known() -> None:
    some, all_ = grants(("viewer", "folders/f1")), grants(("viewer", "*"))
    assert some.allow_somewhere(GET)
    assert not some.allow_everywhere(GET)
    assert not some.allow_somewhere(UPDATE)
    assert all_.allow_everywhere(GET)


def test_our_roles_hold_ever_more() -> None:
    viewer, editor, admin = (ROLES[name].permissions for name in ("viewer", "editor", "admin"))
    assert viewer < editor < admin == frozenset(Permission)


@pytest.mark.parametrize(
    ("resource", "bindable"),
    [
        ("*", True),
        ("folders/b1g0", True),
        ("projects/p-1", True),
        ("projects/p-1/locations/us-central1", True),
        (INTEGRATION, True),
        ("", False),
        ("folders", False),
        ("folders/", False),
        ("folders//", False),
        ("folders/a/b", False),
        ("folders/a b", False),
        ("clouds/b1g0", False),
        ("serviceAccounts/aje0", False),
        ("/folders/a", False),
        ("folders/a\nfolders/b", False),
        ("folders/" + "a" * 600, False),
    ],
)
def test_roles_are_given_on_what_can_be_named(resource: str, bindable: bool) -> None:
    assert is_bindable(resource) is bindable


def test_a_folder_that_could_be_taken_for_another_is_nobodys() -> None:
    assert folder("b1g0") == "folders/b1g0"
    assert folder("b1g0/locations/x") == "*"
    assert folder("") == "*"


def test_what_a_resource_is_below_of_ends_with_everything() -> None:
    assert lineage(INTEGRATION) == (
        INTEGRATION,
        "projects/p1/locations/l1",
        "projects/p1",
        "*",
    )
    assert lineage("*") == ("*",)


class Kept:
    """Bindings that can be changed, and who asked for them."""

    def __init__(self) -> None:
        self.bindings: list[Binding] = []
        self.asked: list[Sequence[str]] = []
        self.hold: asyncio.Event | None = None

    async def bindings_of(self, subjects: Sequence[str]) -> Sequence[Binding]:
        self.asked.append(subjects)
        if self.hold is not None:
            await self.hold.wait()
        return [each for each in self.bindings if each.subject in subjects]


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 25, tzinfo=UTC))


def test_bindings_are_asked_for_every_few_seconds(kept: Kept, clock: ManualClock) -> None:
    async def scenario() -> None:
        known = GrantsOfSubjects(kept, clock)
        kept.bindings = [Binding(ME, "viewer", "folders/f1")]
        for _ in range(5):
            assert (await known.of(ME)).allow(GET, "folders/f1")
        assert kept.asked == [(ME, ALL_AUTHENTICATED_USERS)]
        kept.bindings = []
        assert (await known.of(ME)).allow(GET, "folders/f1")
        await clock.advance(timedelta(seconds=CACHED_SECONDS))
        assert not (await known.of(ME)).allow(GET, "folders/f1")

    asyncio.run(scenario())


def test_those_who_ask_together_ask_once_though_one_hangs_up(
    kept: Kept, clock: ManualClock
) -> None:
    async def scenario() -> None:
        known = GrantsOfSubjects(kept, clock)
        kept.bindings = [Binding(ALL_AUTHENTICATED_USERS, "viewer", "*")]
        kept.hold = asyncio.Event()
        calls = [asyncio.create_task(known.of(ME)) for _ in range(3)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        calls[0].cancel()
        kept.hold.set()
        assert all([(await each).allow(GET, "folders/f1") for each in calls[1:]])
        assert len(kept.asked) == 1

    asyncio.run(scenario())


def test_a_store_that_is_away_denies_and_is_asked_again(kept: Kept, clock: ManualClock) -> None:
    class Away(Kept):
        async def bindings_of(self, subjects: Sequence[str]) -> Sequence[Binding]:
            self.asked.append(subjects)
            raise ConnectionError("away")

    async def scenario() -> None:
        away = Away()
        known = GrantsOfSubjects(away, clock)
        for _ in range(2):
            with pytest.raises(ConnectionError):
                await known.of(ME)
        assert len(away.asked) == 2

    asyncio.run(scenario())


def test_no_more_than_so_many_subjects_are_remembered(kept: Kept, clock: ManualClock) -> None:
    async def scenario() -> None:
        known = GrantsOfSubjects(kept, clock)
        for number in range(MOST_SUBJECTS + 1):
            await known.of(f"userAccount:u{number}")
        asked = len(kept.asked)
        await known.of(f"userAccount:u{MOST_SUBJECTS}")
        assert len(kept.asked) == asked
        await known.of("userAccount:u0")
        assert len(kept.asked) == asked + 1

    asyncio.run(scenario())
