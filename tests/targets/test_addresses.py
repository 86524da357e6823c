"""Where each target is reached, from the configuration."""

import pytest
from pydantic import ValidationError

from tocsin.plans.plan import Container, Function, Integration, Target, Workflow
from tocsin.sources.mqtt.settings import BrokerSettings
from tocsin.targets.addresses import Addresses, UnmappedTarget
from tocsin.targets.settings import IntegrationSettings, TargetSettings

ADDRESSES = Addresses(
    TargetSettings(
        function="http://127.0.0.1:9000/{function_id}",
        functions={"special": "https://user@fn.example/run?key=1"},
        container="http://127.0.0.1:9001/{container_id}",
        containers={"keyed": "http://h.example/run?key=S"},
    ),
    {
        "nightly": IntegrationSettings(
            triggers=["api_trigger/nightly"], url="http://127.0.0.1:9002/nightly"
        )
    },
)


@pytest.mark.parametrize(
    ("target", "url"),
    [
        (Function("d4e1"), "http://127.0.0.1:9000/d4e1?integration=raw"),
        (Function("d4e1", tag="prod"), "http://127.0.0.1:9000/d4e1?tag=prod&integration=raw"),
        (
            Function("special", tag="$latest"),
            "https://user@fn.example/run?key=1&tag=$latest&integration=raw",
        ),
        (Function("a/b?c#d"), "http://127.0.0.1:9000/a%2Fb%3Fc%23d?integration=raw"),
        (Function("a..b"), "http://127.0.0.1:9000/a..b?integration=raw"),
        (
            Container("bba1", path="/a;v=1/..b/.well-known/x%25z"),
            "http://127.0.0.1:9001/bba1/a;v=1/..b/.well-known/x%25z",
        ),
        (Container("bba1"), "http://127.0.0.1:9001/bba1"),
        (Container("bba1", path="/jobs/run"), "http://127.0.0.1:9001/bba1/jobs/run"),
        (Container("bba1", path="jobs"), "http://127.0.0.1:9001/bba1/jobs"),
        (Container("bba1", path="//evil.example/x"), "http://127.0.0.1:9001/bba1/evil.example/x"),
        (Container("keyed", path="/extra"), "http://h.example/run/extra?key=S"),
        (Integration("nightly"), "http://127.0.0.1:9002/nightly"),
    ],
)
def test_a_target_has_its_url(target: Target, url: str) -> None:
    assert str(ADDRESSES.url(target)) == url


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Workflow("dfq1"), r"set workflow in \[targets\], or dfq1 in \[targets.workflows\]"),
        (Integration("gone"), r"set url in \[integrations.gone\]"),
        (Container("bba1", path="/../other"), "would lead out of the target's URL"),
        (Container("bba1", path="/%2e%2e/other"), "would lead out of the target's URL"),
        (Container("bba1", path="./other"), "would lead out of the target's URL"),
        (Container("bba1", path=".\t./.\t./other"), "a path can't have"),
        (Container("bba1", path="..?x"), "a path can't have"),
        (Container("bba1", path="..#x"), "a path can't have"),
        (Container("bba1", path="a\\..\\b"), "a path can't have"),
    ],
)
def test_a_target_without_one_is_told_what_is_missing(target: Target, said: str) -> None:
    with pytest.raises(UnmappedTarget, match=said):
        ADDRESSES.url(target)


@pytest.mark.parametrize(
    ("template", "function_id", "url"),
    [
        ("http://{function_id}:9000/", "d4e1", "http://d4e1:9000/"),
        ("http://{function_id}:9000/", "my_function", "http://my_function:9000/"),
        ("https://{function_id}.fn.example/x", "D4E1", "https://d4e1.fn.example/x"),
        ("https://fn-{function_id}.example/", "d4e1", "https://fn-d4e1.example/"),
        ("https://{function_id}@fn.example/", "a@b", "https://a%40b@fn.example/"),
    ],
)
def test_an_id_may_stand_in_a_host(template: str, function_id: str, url: str) -> None:
    addresses = Addresses(TargetSettings(function=template), {})
    assert str(addresses.url(Function(function_id)).with_query(None)) == url


@pytest.mark.parametrize(
    ("template", "function_id"),
    [
        # An address in place of a name, in all the forms that some resolver takes for one.
        ("http://{function_id}:9000/", "169.254.169.254"),
        ("http://{function_id}:9000/", "2852039166"),
        ("http://{function_id}:9000/", "0xa9fea9fe"),
        ("http://{function_id}:9000/", "[fd00:ec2::254]"),
        ("http://{function_id}:9000/", "localhost"),
        ("http://{function_id}:9000/", "LOCALHOST"),
        ("http://{function_id}.:9000/", "localhost"),
        ("http://10.0.0.{function_id}/", "5"),
        ("http://10.0.0.{function_id}/", "0x5"),
        # Out of the operator's domain.
        ("http://{function_id}.fn.example/", "evil.example/"),
        ("http://{function_id}.fn.example/", "evil.example#"),
        ("http://{function_id}.fn.example/", "evil.example?"),
        ("http://{function_id}.fn.example/", "evil.example\\"),
        ("http://{function_id}.fn.example/", "user@evil.example:80/"),
        ("http://{function_id}.fn.example/", "a.b"),
        ("http://{function_id}.fn.example/", "evil。example"),
        ("http://{function_id}.fn.example/", "%65vil"),
        ("http://{function_id}.fn.example/", "a b"),
        ("http://{function_id}.fn.example/", "a\r\nHost: evil"),
        ("http://{function_id}.fn.example/", "-"),
        ("http://{function_id}.fn.example/", ""),
        ("http://fn-{function_id}", "x.evil.example"),
        ("http://fn-{function_id}:9000", "x:80"),
        ("http://u:p@{function_id}:9000", "127.0.0.1"),
    ],
)
def test_an_id_makes_no_address_of_a_host_and_leads_out_of_no_domain(
    template: str, function_id: str
) -> None:
    with pytest.raises(UnmappedTarget):
        Addresses(TargetSettings(function=template), {}).url(Function(function_id))


# As servers read them: with parameters, decoded once or more, with the other slash, overlong.
DOTS = [
    *("..", ".", "..;", "..;/x", ".;x", "a/..;x=1/b", "%2e%2e", "%2e.;", "..%3b", "%252e%252e"),
    *("%25252e.", "a%2f..%2fb", "a%5c..%5cb", "%c0%ae%c0%ae", "%e0%80%ae.", "..%252fb", " .. "),
]


@pytest.mark.parametrize("dots", DOTS)
def test_no_segment_that_some_server_takes_for_dots_goes_out(dots: str) -> None:
    for target in (Function(dots), Container(dots), Container("bba1", path=f"/a/{dots}/b")):
        with pytest.raises(UnmappedTarget):
            ADDRESSES.url(target)
    with pytest.raises(ValidationError):
        TargetSettings(function=f"http://127.0.0.1/a/{dots.strip()}/{{function_id}}")


@pytest.mark.parametrize("function_id", [".", ";x", ".;x", "%2e", "%3b", "/x", "%2fx"])
def test_an_id_and_its_template_make_no_dots_together(function_id: str) -> None:
    addresses = Addresses(TargetSettings(function="http://h.example/.{function_id}"), {})
    with pytest.raises(UnmappedTarget):
        addresses.url(Function(function_id))


@pytest.mark.parametrize(
    "host",
    [
        "2852039166",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.",
        "0",
        "1.2.3.4.5",
        "a.1",
        "\uff12852039166",
        "0251.0376.0251.0376",
    ],
)
def test_a_number_in_place_of_an_address_is_refused_in_the_settings(host: str) -> None:
    with pytest.raises(ValidationError, match="number in place of an address"):
        TargetSettings(function=f"http://{host}/{{function_id}}")
    with pytest.raises(ValidationError, match="number in place of an address"):
        BrokerSettings(url=f"mqtt://{host}", brokers=["b"])


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "h1.example", "1.example", "x1", "10.0.0.{function_id}"]
)
def test_other_hosts_are_not(host: str) -> None:
    TargetSettings(function=f"http://{host}/{{function_id}}")


@pytest.mark.parametrize("function_id", [".", "..", "..."])
def test_an_id_of_dots_leads_out_of_no_path(function_id: str) -> None:
    addresses = Addresses(TargetSettings(function="http://127.0.0.1/a/.{function_id}/b"), {})
    with pytest.raises(UnmappedTarget, match="would lead out of the target's URL"):
        addresses.url(Function(function_id))
