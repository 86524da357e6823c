"""Where each target is reached, from the configuration."""

import pytest

from tocsin.plans.plan import Container, Function, Integration, Target, Workflow
from tocsin.targets.addresses import Addresses, UnmappedTarget

ADDRESSES = Addresses(
    templates={
        "function": "http://127.0.0.1:9000/{function_id}",
        "container": "http://127.0.0.1:9001/{container_id}",
    },
    overrides={
        "function": {"special": "https://user@fn.example/run?key=1"},
        "container": {"keyed": "http://h.example/run?key=S"},
    },
    integrations={"nightly": "http://127.0.0.1:9002/nightly"},
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
        (Function("a/../b?c#d"), "http://127.0.0.1:9000/a%2F..%2Fb%3Fc%23d?integration=raw"),
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
        (Container("bba1", path="/../other"), "leaves its target"),
        (Container("bba1", path="/%2e%2e/other"), "leaves its target"),
        (Container("bba1", path="./other"), "leaves its target"),
        (Container("bba1", path=".\t./.\t./other"), "no path has"),
        (Container("bba1", path="..?x"), "no path has"),
        (Container("bba1", path="..#x"), "no path has"),
        (Container("bba1", path="a\\..\\b"), "no path has"),
    ],
)
def test_a_target_without_one_is_told_what_is_missing(target: Target, said: str) -> None:
    with pytest.raises(UnmappedTarget, match=said):
        ADDRESSES.url(target)
