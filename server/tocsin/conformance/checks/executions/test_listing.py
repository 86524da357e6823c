"""executions.list of v1 and v1alpha: what it has, pages, orders."""

from typing import Any

import pytest

from tocsin.conformance.checks.executions.cases import V1
from tocsin.conformance.checks.executions.fixtures import Three
from tocsin.conformance.checks.executions.runs import FEATURE, Runs
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause
from tocsin.conformance.expecting import Code, expect_rest_error, expect_rest_ok

pytest_plugins = ["tocsin.conformance.checks.executions.fixtures"]

LIST = f"{V1}, executions.list"
ALL = f"{LIST}: 'Lists the results of all the integration executions'"
ORDER = f"{LIST}, orderBy: 'The results would be returned in order you specified here. Currently "
ORDER += 'supporting "create_time"\''
INFOS = f"{V1}, ListExecutionsResponse.executionInfos: 'Required. The detailed information of "
INFOS += "requested executions'"


def list_clause(
    name: str, level: Level, sentence: str, *, source: str, features: tuple[str, ...] = ()
) -> pytest.MarkDecorator:
    needed = (FEATURE, "execute", "filters", *features)
    return clause(f"executions.list.{name}", level, sentence, source=source, features=needed)


@pytest.mark.parametrize(
    "which",
    [
        pytest.param(
            which,
            marks=list_clause(
                f"has.{which}", MUST, f"A list MUST have an execution that {what}.", source=ALL
            ),
        )
        for which, what in {
            "waiting": "waits for its time",
            "cancelled": "is cancelled",
            "done": "has ended",
        }.items()
    ],
)
def test_it_is_listed(three: Three, which: str) -> None:
    found = three.runs.listed([three.id_of(which)])
    assert found == [three.id_of(which)]


@list_clause(
    "name",
    MUST,
    "The name of an execution in a list MUST be its parent's, `/executions/`, and its id.",
    source=f"{V1}, executions.get, name: 'Format: projects/{{gcp_project_id}}/locations/"
    "{location}/products/{product}/integrations/{integration_id}/executions/{execution_id}'",
)
def test_a_name_is_whole(runs: Runs) -> None:
    execution_id = runs.waiting()
    [shown] = runs.page([("filter", f'execution_id="{execution_id}"')])
    assert shown["name"] == runs.name(execution_id)


@list_clause(
    "of-one-integration",
    MUST,
    "A list MUST NOT have the executions of another integration.",
    source=f"{LIST}, parent: 'The parent resource name of the integration execution'",
)
def test_another_integration_has_its_own(runs: Runs) -> None:
    execution_id = runs.waiting()
    elsewhere = f"{runs.peer.location}/integrations/{runs.short}-elsewhere"
    query = [("filter", f'execution_id="{execution_id}"')]
    answer = runs.listing(query, integration=elsewhere)
    if answer.ok:
        assert not answer.json.get("executions")
    else:
        expect_rest_error(answer, Code.NOT_FOUND, Code.PERMISSION_DENIED)


@list_clause(
    "of-one-location",
    MUST,
    "A list MUST NOT have the executions of another location.",
    source=f"{LIST}, parent: 'The parent resource name of the integration execution'",
)
def test_another_location_has_its_own(runs: Runs) -> None:
    execution_id = runs.waiting()
    elsewhere = f"{runs.peer.location}-elsewhere/integrations/{runs.short}"
    query = [("filter", f'execution_id="{execution_id}"')]
    answer = runs.listing(query, integration=elsewhere)
    if answer.ok:
        assert not answer.json.get("executions")
    else:
        expect_rest_error(answer, Code.NOT_FOUND, Code.PERMISSION_DENIED)


@list_clause(
    "all-integrations",
    MAY,
    "`-` in place of an integration MAY stand for all of the location; known answers are the list, "
    "and an error.",
    source="AIP-159; Google's documents say so of schedule and execute alone",
)
def test_all_integrations(runs: Runs) -> None:
    execution_id = runs.waiting()
    query = [("filter", f'execution_id="{execution_id}"')]
    answer = runs.listing(query, integration=f"{runs.peer.location}/integrations/-")
    if answer.ok:
        [shown] = answer.json["executions"]
        assert shown["name"] == runs.name(execution_id)
    else:
        expect_rest_error(answer, Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.PERMISSION_DENIED)


@pytest.mark.parametrize(
    ("version", "below"),
    [
        pytest.param(
            version,
            below,
            marks=list_clause(
                f"path.{version}{'.products' if below else ''}",
                MUST,
                f"GET /{version}/{'{parent}' if not below else 'a parent with `products`'}"
                "/executions MUST list the executions, with names below that parent.",
                source=f"discovery document integrations {version}, executions.list: path "
                f"'{version}/{{+parent}}/executions'",
                features=(
                    *(("products",) if below else ()),
                    *(("v1alpha",) if version == "v1alpha" else ()),
                ),
            ),
        )
        for version in ("v1", "v1alpha")
        for below in (False, True)
    ],
)
def test_each_path_lists(runs: Runs, version: str, below: bool) -> None:
    integration = runs.of_product if below else runs.peer.integration
    execution_id = runs.waiting(version, integration)
    query = [("filter", f'execution_id="{execution_id}"')]
    [shown] = runs.page(query, version, integration)
    assert shown["name"] == runs.name(execution_id, integration)


@list_clause(
    "page-size",
    MUST,
    "A page MUST NOT have more executions than pageSize.",
    source=f"{LIST}, pageSize: 'The size of entries in the response'; AIP-158",
)
def test_a_page_has_no_more_than_asked(three: Three) -> None:
    assert len(three.runs.page([("pageSize", "2")])) <= 2


@list_clause(
    "pages",
    MUST,
    "Pages MUST together have each execution once.",
    source=f"{LIST}, pageToken: 'The token returned in the previous response'; AIP-158",
)
def test_pages_have_all(three: Three) -> None:
    found = three.runs.listed(three.ids, ("pageSize", "1"))
    assert sorted(found) == sorted(three.ids)


@list_clause(
    "pages.not-of-new-ones",
    SHOULD,
    "An execution that is made between two pages SHOULD NOT shift the second one.",
    source="AIP-158: pages are of one list",
)
def test_pages_do_not_shift(three: Three, runs: Runs) -> None:
    mine = " OR ".join(f'execution_id="{each}"' for each in three.ids)
    first = expect_rest_ok(runs.listing([("filter", mine), ("pageSize", "2")]))
    runs.waiting()
    token = ("pageToken", first["nextPageToken"])
    second = runs.page([("filter", mine), ("pageSize", "2"), token])
    names = [each["name"] for each in [*first["executions"], *second]]
    assert sorted(names) == sorted(three.runs.name(each) for each in three.ids)


WRONG: dict[str, tuple[Level, str, str, str]] = {
    "page-size.negative": (MUST, "A negative pageSize", "pageSize", "-1"),
    "page-token.unknown": (SHOULD, "A pageToken that nobody was given", "pageToken", "bm9ib2R5cw"),
    "order-by.unknown": (SHOULD, "An orderBy that names another field", "orderBy", "nothing"),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(
            name,
            value,
            marks=list_clause(
                part,
                level,
                f"{what} {level} be refused with INVALID_ARGUMENT.",
                source="AIP-132" if name == "orderBy" else "AIP-158",
            ),
        )
        for part, (level, what, name, value) in WRONG.items()
    ],
)
def test_a_wrong_argument_is_refused(runs: Runs, name: str, value: str) -> None:
    expect_rest_error(runs.listing([(name, value)]), Code.INVALID_ARGUMENT, field=name)


@list_clause(
    "page-size.large",
    SHOULD,
    "A pageSize above what the server allows SHOULD be taken, and lead to a smaller page.",
    source="AIP-158: 'the API should coerce down to the maximum'",
)
def test_a_large_page_size_is_taken(three: Three) -> None:
    found = three.runs.listed(three.ids, ("pageSize", "2000000000"))
    assert sorted(found) == sorted(three.ids)


@list_clause(
    "page-token.other-filter",
    SHOULD,
    "A pageToken with another filter SHOULD be refused with INVALID_ARGUMENT.",
    source="AIP-158: 'If the user changes the page_token's other arguments'",
)
def test_a_token_is_of_one_filter(three: Three) -> None:
    mine = " OR ".join(f'execution_id="{each}"' for each in three.ids)
    page = expect_rest_ok(three.runs.listing([("filter", mine), ("pageSize", "1")]))
    token = ("pageToken", page["nextPageToken"])
    other = ("filter", 'trigger_id="api_trigger/nothing"')
    expect_rest_error(three.runs.listing([other, token]), Code.INVALID_ARGUMENT)


@pytest.mark.parametrize(
    ("order", "forward"),
    [
        pytest.param(
            order,
            forward,
            marks=list_clause(
                f"order-by.{part}",
                MUST,
                f"orderBy `{order}` MUST put the {first} first.",
                source=f"{ORDER}; AIP-132",
            ),
        )
        for part, order, forward, first in (
            ("create-time", "create_time", True, "oldest"),
            ("create-time.desc", "create_time desc", False, "latest"),
        )
    ],
)
def test_executions_are_ordered(three: Three, order: str, forward: bool) -> None:
    found = three.runs.listed(three.ids, ("orderBy", order), ("pageSize", "2"))
    assert found == (three.ids if forward else three.ids[::-1])


@list_clause(
    "order-by.none",
    MAY,
    "Without an orderBy the latest MAY come first; the known answers are this and any other order.",
    source="Google publishes no usual order",
)
def test_the_usual_order(three: Three) -> None:
    assert sorted(three.runs.listed(three.ids)) == sorted(three.ids)


@pytest.mark.parametrize(
    "flag",
    [
        pytest.param(
            flag,
            marks=list_clause(
                f"flag.{flag.lower()}",
                MUST,
                f"{flag} MUST be taken, and list the same executions.",
                source=f"{LIST}, {flag}: '{said}'",
            ),
        )
        for flag, said in {
            "refreshAcl": "If true, the service will use the most recent acl information",
            "snapshotMetadataWithoutParams": "If true, the service will provide execution info "
            "with snapshot metadata only",
        }.items()
    ],
)
def test_a_flag_is_taken(three: Three, flag: str) -> None:
    found = three.runs.listed(three.ids, (flag, "true"))
    assert sorted(found) == sorted(three.ids)


@list_clause(
    "flag.truncateparams",
    MUST,
    "truncateParams MUST be taken.",
    source=f"{LIST}, truncateParams: 'If true, the service will truncate the params'",
)
def test_parameters_may_be_cut(three: Three) -> None:
    expect_rest_ok(three.runs.listing([("truncateParams", "true"), ("pageSize", "3")]))


def info(three: Three, execution_id: str) -> Any:
    """Returns the older form of an execution in a list."""
    answer = expect_rest_ok(three.runs.listing([("filter", f'execution_id="{execution_id}"')]))
    [found] = answer["executionInfos"]
    return found


@list_clause(
    "infos",
    SHOULD,
    "A list SHOULD have each execution in the older form too, with id, trigger and integration.",
    source=INFOS,
)
def test_the_older_form_is_there(three: Three) -> None:
    shown = info(three, three.done)
    assert shown["eventExecutionInfoId"] == three.done
    assert shown["triggerId"] == three.runs.peer.trigger_id
    assert shown["workflowName"] == three.runs.short


@pytest.mark.parametrize(
    ("which", "wanted"),
    [
        pytest.param(
            which,
            wanted,
            marks=list_clause(
                f"infos.state.{which}",
                SHOULD,
                f"The older form of an execution that {what} SHOULD have the state {wanted}.",
                source=f"{V1}, EventExecutionDetails.eventExecutionState",
            ),
        )
        for which, what, wanted in (
            ("waiting", "waits", "ON_HOLD"),
            ("cancelled", "is cancelled", "CANCELED"),
            ("done", "succeeded", "SUCCEEDED"),
        )
    ],
)
def test_the_older_form_has_a_state(three: Three, which: str, wanted: str) -> None:
    shown = info(three, three.id_of(which))
    assert shown["eventExecutionDetails"]["eventExecutionState"] == wanted


@pytest.mark.parametrize(
    ("which", "wanted"),
    [
        pytest.param(
            which,
            wanted,
            marks=list_clause(
                f"infos.method.{which}",
                SHOULD,
                f"The older form of an execution that was {what} SHOULD have postMethod {wanted}.",
                source=f"{V1}, EventExecutionInfo.postMethod",
            ),
        )
        for which, what, wanted in (
            ("waiting", "scheduled for a time", "SCHEDULE"),
            ("done", "executed while its caller waited", "POST"),
        )
    ],
)
def test_the_older_form_has_a_method(three: Three, which: str, wanted: str) -> None:
    assert info(three, three.id_of(which))["postMethod"] == wanted
