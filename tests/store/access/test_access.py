"""Accounts, keys, secrets, roles and revocations, on both stores."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from store.work import opened
from tocsin.store.access.accounts import (
    Account,
    delete_account,
    find_account,
    insert_account,
    page_of_accounts,
)
from tocsin.store.access.authorised_keys import StoredAuthorisedKey, find_key, insert_key, keys_of
from tocsin.store.access.bindings import (
    StoredBinding,
    add_binding,
    bindings_of,
    delete_binding,
    page_of_bindings,
)
from tocsin.store.access.configured import AlreadyThere, keep_configured
from tocsin.store.access.credentials import (
    Credential,
    credential_of_digest,
    credentials_of,
    insert_credential,
)
from tocsin.store.access.sessions import StoredSession, begin_session, session_of_digest
from tocsin.store.access.tokens import (
    access_generation,
    is_revoked,
    revoke_token,
    use_assertion,
)
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction, UniqueViolation
from tocsin.store.expiry import PROOFS, delete_expired

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def account(name: str, folder: str = "f", kind: str = "serviceAccount", **more: bool) -> Account:
    return Account(f"aje{folder}{name}{kind[0]}", kind, folder, name, NOW, NOW, **more)


def key(key_id: str, account_id: str, pem: str = "PEM", **more: bool) -> StoredAuthorisedKey:
    return StoredAuthorisedKey(key_id, account_id, "RSA_2048", pem, "", NOW, **more)


def on(url: str, runner: asyncio.Runner, scenario: Callable[[Transaction], None]) -> None:
    """Runs a scenario in one transaction of a new store."""

    async def run() -> None:
        async with opened(url) as database:
            await database.write(scenario)

    runner.run(run())


def test_accounts_are_listed_by_folder_and_kind(url: str, runner: asyncio.Runner) -> None:
    def scenario(tx: Transaction) -> None:
        for each in (
            account("a"),
            account("b"),
            account("c", "g"),
            account("a", kind="userAccount"),
        ):
            insert_account(tx, each)

        def names(folder: str | None, kind: str | None, after: str = "", limit: int = 9) -> str:
            found = page_of_accounts(tx, folder_id=folder, kind=kind, after=after, limit=limit)
            return "".join(each.name for each in found)

        assert names(None, None) == "aabc"
        assert names("f", None) == "aab"
        assert names(None, "serviceAccount") == "abc"
        assert names("f", "userAccount") == "a"
        assert names("f", "serviceAccount", limit=1) == "a"
        assert names("f", "serviceAccount", after=account("a").id) == "b"

    on(url, runner, scenario)


def test_a_name_is_taken_once_and_no_name_any_number_of_times(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            await database.write(lambda tx: insert_account(tx, account("a")))
            other = Account("ajeother", "serviceAccount", "f", "a", NOW, NOW)
            with pytest.raises(UniqueViolation):
                await database.write(lambda tx: insert_account(tx, other))
            for number in range(2):
                nameless = Account(f"aje{number}", "serviceAccount", "f", "", NOW, NOW)
                await database.write(lambda tx, each=nameless: insert_account(tx, each))

    runner.run(scenario())


def test_all_that_is_an_account_s_goes_with_it(url: str, runner: asyncio.Runner) -> None:
    def scenario(tx: Transaction) -> None:
        mine, other = account("a"), account("b")
        for each in (mine, other):
            insert_account(tx, each)
            insert_key(tx, key(f"k{each.name}", each.id))
            secret = Credential(f"c{each.name}", "apiKey", each.id, "", NOW)
            insert_credential(tx, secret, each.name.encode())
            add_binding(tx, StoredBinding("*", each.subject, "viewer"))
        delete_account(tx, mine)
        assert find_account(tx, mine.id) is None
        assert (keys_of(tx, mine.id), credentials_of(tx, mine.id)) == ([], [])
        assert credential_of_digest(tx, b"a") is None
        assert credential_of_digest(tx, b"b") is not None
        assert [each.subject for each in bindings_of(tx, [mine.subject, other.subject])] == [
            other.subject
        ]

    on(url, runner, scenario)


def test_bindings_are_listed_page_by_page(url: str, runner: asyncio.Runner) -> None:
    def scenario(tx: Transaction) -> None:
        every = [
            StoredBinding(resource, subject, role)
            for resource in ("*", "folders/f", "folders/g")
            for subject in ("userAccount:a", "userAccount:b")
            for role in ("editor", "viewer")
        ]
        assert all(add_binding(tx, each) for each in reversed(every))
        assert not add_binding(tx, every[0])
        seen: list[StoredBinding] = []
        while page := page_of_bindings(
            tx, resource=None, subject=None, after=seen[-1].key if seen else ("", "", ""), limit=5
        ):
            seen += page
        assert seen == every
        of_a = page_of_bindings(
            tx, resource="folders/f", subject="userAccount:a", after=("", "", ""), limit=9
        )
        assert of_a == every[4:6]
        delete_binding(tx, every[4])
        assert every[4] not in bindings_of(tx, ["userAccount:a"])

    on(url, runner, scenario)


def test_what_has_expired_is_forgotten_and_nothing_else(url: str, runner: asyncio.Runner) -> None:
    def scenario(tx: Transaction) -> None:
        for number, expires_at in enumerate((NOW, NOW + SECOND)):
            revoke_token(tx, f"t{number}", expires_at=expires_at)
            revoke_token(tx, f"t{number}", expires_at=expires_at)  # once more changes nothing
            digest = bytes([number])
            assert use_assertion(tx, digest, now=NOW, expires_at=expires_at) == NOW
            used_again = use_assertion(tx, digest, now=NOW + SECOND, expires_at=expires_at)
            assert used_again == NOW
            secret = Credential(f"c{number}", "apiKey", "a", "", NOW, expires_at)
            insert_credential(tx, secret, digest)
            opened_page = StoredSession(f"s{number}", "a", "", "", "", NOW, expires_at)
            begin_session(tx, opened_page, digest)
        insert_credential(tx, Credential("c", "apiKey", "a", "", NOW), b"for ever")
        for each in PROOFS:
            assert delete_expired(tx, each, now=NOW + each.kept) == 1
            assert delete_expired(tx, each, now=NOW + each.kept) == 0
        assert not is_revoked(tx, "t0")
        assert is_revoked(tx, "t1")
        assert [each.id for each in credentials_of(tx, "a")] == ["c", "c1"]
        assert [session_of_digest(tx, bytes([number])) for number in (0, 1)] == [None, opened_page]

    on(url, runner, scenario)


async def kept(database: Database, **wanted: list[object]) -> int:
    """Makes the store have what the settings say; returns what its number is then."""
    parts = [wanted.get(name, []) for name in ("accounts", "keys", "bindings")]
    await database.write(lambda tx: keep_configured(tx, *parts))  # type: ignore[arg-type]
    return await database.read(access_generation)


def test_the_store_has_what_the_settings_say(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            own = account("own")
            await database.write(lambda tx: insert_account(tx, own))
            a, b = account("a", configured=True), account("b", configured=True)
            role = StoredBinding("*", a.subject, "viewer", configured=True)
            first = await kept(
                database,
                accounts=[a, b],
                keys=[key("k", a.id, configured=True)],
                bindings=[role],
            )
            later = Account(a.id, a.kind, "g", "new", NOW + SECOND, NOW + SECOND, configured=True)
            moved = key("k", a.id, "OTHER", configured=True)
            second = await kept(database, accounts=[later], keys=[moved])
            assert second > first

            def check(tx: Transaction) -> None:
                found = find_account(tx, a.id)
                assert found is not None
                assert (found.folder_id, found.name) == ("g", "new")
                # It is the same account: what it was given before still counts.
                assert (found.created_at, found.tokens_from) == (NOW, NOW)
                assert find_account(tx, b.id) is None
                assert find_account(tx, own.id) == own
                there = find_key(tx, "k")
                assert there is not None
                assert there.public_key == "OTHER"
                assert bindings_of(tx, [a.subject]) == []

            await database.read(check)

    runner.run(scenario())


@pytest.mark.parametrize("what", ["id", "name", "key"])
def test_what_was_made_otherwise_is_not_taken_over(
    url: str, runner: asyncio.Runner, what: str
) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            own = account("own")
            await database.write(lambda tx: insert_account(tx, own))
            await database.write(lambda tx: insert_key(tx, key("k", own.id)))
            wanted = {
                "id": {"accounts": [account("own", configured=True)]},
                "name": {
                    "accounts": [
                        Account("ajex", "serviceAccount", "f", "own", NOW, NOW, configured=True)
                    ]
                },
                "key": {"keys": [key("k", "ajex", configured=True)]},
            }[what]
            with pytest.raises(AlreadyThere):
                await kept(database, **wanted)
            assert await database.read(lambda tx: find_account(tx, own.id)) == own

    runner.run(scenario())
