"""Tocsin fires as the suite's profile says: a real clock, a target that the suite starts.

It takes two minutes, since timers tick on the minute, and next to no work.
"""

from pathlib import Path

from conformance.suite import SCHEDULES, Subject
from stand.services.postgres_server import free_port
from stand.tocsin_process import serving


def config_for(target: str) -> str:
    """Everything that the suite makes is called there, and dead letters come there too."""
    return f"""
        [targets]
        function = "{target}/functions/{{function_id}}"
        container = "{target}/containers/{{container_id}}"

        [integrations.nightly]
        url = "{target}/integrations/nightly"
        triggers = ["api_trigger/nightly"]

        [dead_letters]
        endpoint = "{target}/queues"
        access_key_id = "conformance"
        secret_access_key = "conformance"
    """


def test_it_fires_as_the_contract_says(tmp_path: Path) -> None:
    listen = f"127.0.0.1:{free_port()}"
    with serving(tmp_path, config_for(f"http://{listen}"), http="off") as server:
        subject = Subject(("--target", server.grpc_address, *SCHEDULES))
        done = subject.check("--profile", "firing", "--target-listen", listen)
        assert done.status == 0, done.stdout + done.stderr
        assert "\nThe server conforms: " in done.stdout
