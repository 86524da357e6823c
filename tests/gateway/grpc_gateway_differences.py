"""Where grpc-gateway can't do what Envoy does: tests by name, each with the reason.

A test of this list must fail with grpc-gateway; one that passes doesn't belong here any more. A
name without parameters stands for the test with any of them.
"""

from collections.abc import Mapping

QUERY = "it ignores query parameters that it does not know"
GZIP = "it does not inflate requests, which takes a handler of its user's before it"
METHOD = "it answers 501 where a path is known and the HTTP verb is not"
VERB = "it takes a verb that is not this path's, `:pause`, for a part of the last segment"
JSON = "its JSON parser has other words for what is wrong, and names no field"
LIMITS = "its limits are those of Go's HTTP server and of the gRPC server behind it"

PATH = "it lets the path win, and ignores what a query says besides"

DIFFERENCES: Mapping[str, str] = {
    "test_a_field_of_the_path_is_refused_in_the_query": PATH,
    "test_however_the_name_is_written": PATH,
    "test_where_the_body_has_all_fields_the_query_has_none": PATH,
    "test_a_name_is_answered_without_what_could_harm_a_reader": PATH,
    "test_a_slash_in_a_name_of_many_segments_stays_escaped": (
        "it decodes %2F in all variables, or in none"
    ),
    "test_the_path_and_the_body_may_not_name_different_things": (
        "the path's value wins over the body's under both of its names"
    ),
    "test_googles_system_parameters_mean_nothing_elsewhere": QUERY,
    "test_an_unknown_query_parameter_is_refused_by_name": QUERY,
    "test_a_request_id_is_kept_and_answered": (
        "Envoy answers it by itself; here it is only answered if the gRPC server does"
    ),
    "test_a_client_cannot_steer_envoy": "there is no Envoy to steer",
    "test_a_body_may_be_compressed": GZIP,
    "test_a_compressed_body_above_the_limit_is_refused": GZIP,
    "test_a_body_that_is_compressed_in_another_way_is_refused": GZIP,
    "test_a_body_of_any_size_may_be_compressed": GZIP,
    "test_many_bodies_may_be_compressed_one_after_the_other": GZIP,
    "test_a_body_that_is_not_compressed_as_it_says_is_refused"
    "[/triggers/v1/triggers-not at all]": GZIP,
    "test_a_body_that_is_not_compressed_as_it_says_is_refused"
    "[/triggers/v1/triggers/a1s:pause-not at all]": GZIP,
    "test_a_body_that_is_not_compressed_as_it_says_is_refused[/triggers/v1/triggers-nothing]": GZIP,
    "test_a_body_that_is_not_compressed_as_it_says_is_refused"
    "[/triggers/v1/triggers/a1s:pause-nothing]": GZIP,
    "test_what_is_not_served_is_not_found[GET-/]": "it has the routes of the page, served or not",
    "test_what_is_not_served_is_not_found[PUT-/triggers/v1/triggers/a1s]": METHOD,
    "test_what_is_not_served_is_not_found[OPTIONS-/triggers/v1/triggers/a1s]": METHOD,
    "test_what_is_not_served_is_not_found[POST-/triggers/v1/triggers/a1s]": METHOD,
    "test_what_is_not_served_is_not_found[POST-/triggers/v1/triggers/a1s:nope]": METHOD,
    "test_what_is_not_served_is_not_found[GET-/triggers/v1/triggers/a1s:pause]": VERB,
    "test_what_is_not_served_is_not_found[DELETE-/operations/op1]": METHOD,
    "test_what_google_does_not_serve_is_not_found[GET-/v1]": "Go's mux redirects to /v1/",
    "test_what_google_does_not_serve_is_not_found[PUT-/v1/projects/p/locations/l/operations/o]": (
        METHOD
    ),
    "test_what_google_does_not_serve_is_not_found[POST-/v1/projects/p/locations/l/operations/o]": (
        METHOD
    ),
    "test_what_google_does_not_serve_is_not_found"
    "[POST-/v1/projects/p/locations/l/operations/o:nope]": METHOD,
    "test_what_google_does_not_serve_is_not_found"
    "[GET-/v1/projects/p/locations/l/integrations/i:schedule]": METHOD,
    'test_a_body_that_is_no_such_message_is_refused[{"name": -Unexpected end]': JSON,
    'test_a_body_that_is_no_such_message_is_refused[{"name": "n"} more-more]': (
        "it reads a body up to the end of its first JSON value"
    ),
    "test_a_body_that_is_no_such_message_is_refused[[]-message]": JSON,
    'test_a_body_that_is_no_such_message_is_refused[{"rule": {"messageQueue": '
    '{"visibilityTimeout": "soon"}}}-visibility_timeout]': JSON,
    "test_a_wrong_type_is_refused_in_googles_envelope": JSON,
    "test_a_body_above_the_limit_is_refused": LIMITS,
    "test_headers_above_the_limit_are_refused": LIMITS,
}


def difference(name: str) -> str | None:
    """Why a test, by its name with all parameters, is expected to fail with grpc-gateway."""
    test, bracket, parameters = name.partition("[grpc-gateway")
    if not bracket:
        return None
    with_parameters = f"{test}[{parameters.removeprefix('-')}"
    return DIFFERENCES.get(test) or DIFFERENCES.get(with_parameters)
