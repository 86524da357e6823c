"""`tocsin serve`: its one line, its settings, what it refuses to start with."""

import re
import socket
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from stand.apis.triggers import RestApi, create
from stand.apis.wire import send
from stand.tocsin_process import Tocsin, run_tocsin, serving

SERVICES = {
    "yandex.cloud.serverless.triggers.v1.TriggerService",
    "yandex.cloud.operation.OperationService",
    "google.cloud.integrations.v1alpha.Executions",
    "google.longrunning.Operations",
}


def test_it_prints_one_line_when_both_wires_answer(directory: Path) -> None:
    # As a process that was not forked: `env` runs the command itself.
    with serving(directory, within=["env"]) as server:
        pattern = r"ready grpc=127\.0\.0\.1:[1-9]\d* http=127\.0\.0\.1:[1-9]\d*"
        assert re.fullmatch(pattern, server.ready)
        RestApi(server.http_address).call("List", {"folderId": "f"})
        with server.channel() as channel:
            health = health_pb2_grpc.HealthStub(channel)
            assert health.Check(health_pb2.HealthCheckRequest()).status == SERVING
        server.stop()
        assert server.process.stdout is not None
        assert server.process.stdout.read() == ""


SERVING = health_pb2.HealthCheckResponse.SERVING


def test_without_http_there_is_no_rest_and_no_envoy(directory: Path) -> None:
    with serving(directory, http="off") as server:
        assert re.fullmatch(r"ready grpc=127\.0\.0\.1:[1-9]\d* http=off", server.ready)
        assert server.children() == []


@pytest.mark.parametrize("service", ["", *sorted(SERVICES)])
def test_health_tells_that_each_service_is_served(server: Tocsin, service: str) -> None:
    with server.channel() as channel:
        health = health_pb2_grpc.HealthStub(channel)
        assert health.Check(health_pb2.HealthCheckRequest(service=service)).status == SERVING


def test_health_does_not_know_other_services(server: Tocsin) -> None:
    request = health_pb2.HealthCheckRequest(service="no.such.Service")
    with server.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        health_pb2_grpc.HealthStub(channel).Check(request)
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


def reflect(
    server: Tocsin, version: str = "v1alpha", **asked: str
) -> reflection_pb2.ServerReflectionResponse:
    """Asks once; messages of both versions have the same bytes."""
    with server.channel() as channel:
        ask = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            reflection_pb2.ServerReflectionRequest.SerializeToString,
            reflection_pb2.ServerReflectionResponse.FromString,
        )
        return next(ask(iter([reflection_pb2.ServerReflectionRequest(**asked)])))


VERSIONS = ("v1", "v1alpha")


@pytest.mark.parametrize("version", VERSIONS)
def test_reflection_describes_itself_in_both_versions(server: Tocsin, version: str) -> None:
    names = {f"grpc.reflection.{each}.ServerReflection" for each in VERSIONS}
    listed = reflect(server, version, list_services="").list_services_response.service
    assert {each.name for each in listed} >= names
    for name in (*names, "grpc.reflection.v1.ServerReflection.ServerReflectionInfo"):
        answer = reflect(server, version, file_containing_symbol=name).file_descriptor_response
        [file] = [FileDescriptorProto.FromString(each) for each in answer.file_descriptor_proto]
        [service] = file.service
        assert name.startswith(f"{file.package}.{service.name}")
        assert service.method[0].input_type == f".{file.package}.ServerReflectionRequest"
        again = reflect(server, version, file_by_filename=file.name).file_descriptor_response
        assert again == answer
    missing = reflect(server, version, file_containing_symbol="grpc.reflection.v1.NoSuch")
    assert missing.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


def test_both_versions_of_reflection_describe_alike(server: Tocsin) -> None:
    for name in sorted(SERVICES):
        answers = [reflect(server, version, file_containing_symbol=name) for version in VERSIONS]
        assert answers[0].file_descriptor_response == answers[1].file_descriptor_response


def test_reflection_lists_what_is_served(server: Tocsin) -> None:
    listed = reflect(server, list_services="").list_services_response.service
    assert {each.name for each in listed} >= SERVICES | {"grpc.health.v1.Health"}


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_reflection_describes_what_is_served(server: Tocsin, service: str) -> None:
    described = reflect(server, file_containing_symbol=service)
    assert described.file_descriptor_response.file_descriptor_proto


def test_an_option_goes_before_a_variable_and_that_before_the_file(directory: Path) -> None:
    in_file, in_variable = directory / "file.db", directory / "variable.db"
    config = f"""
        database = "sqlite:///{in_file}"
        cloud_id = "of-the-file"
        listen = "127.0.0.1:1"
    """
    environment = {
        "TOCSIN_DATABASE": f"sqlite:///{in_variable}",
        "TOCSIN_CLOUD_ID": "of-the-variable",
        "TOCSIN_LISTEN": "127.0.0.1:2",
        "TOCSIN_TARGETS__TIMEOUT": "7",
    }
    with serving(directory, config, http="off", environment=environment):
        assert (directory / "tocsin.db").exists()
    assert not in_file.exists()
    assert not in_variable.exists()

    file = str(directory / "tocsin.toml")
    ended = run_tocsin("config", "check", "--config", file, environment=environment)
    assert ended.status == 0
    assert '"cloud_id": "of-the-variable"' in ended.stdout
    assert f'"database": "sqlite:///{in_variable}"' in ended.stdout
    assert '"listen": "127.0.0.1:2"' in ended.stdout
    assert '"http": "127.0.0.1:8080"' in ended.stdout
    assert '"timeout": 7.0' in ended.stdout


def test_the_file_may_be_named_by_a_variable(directory: Path) -> None:
    file = directory / "named.toml"
    file.write_text('cloud_id = "of-the-named"')
    ended = run_tocsin("config", "check", environment={"TOCSIN_CONFIG": str(file)})
    assert (ended.status, '"cloud_id": "of-the-named"' in ended.stdout) == (0, True)


@pytest.mark.parametrize(
    "url", ["postgresql://u:hush@h:5432/d", "postgresql:///d?user=u&password=hush&host=/tmp"]
)
def test_no_password_is_shown(url: str) -> None:
    ended = run_tocsin("config", "check", environment={"TOCSIN_DATABASE": url})
    assert (ended.status, "hush" in ended.stdout) == (0, False)
    assert '"database": "postgresql://' in ended.stdout


@pytest.mark.parametrize("url", ["postgresql://u:h/u@s:h@h:5432/d", "postgresql://u:a@h@hush/d"])
def test_no_part_of_a_password_is_shown(url: str) -> None:
    ended = run_tocsin("config", "check", environment={"TOCSIN_DATABASE": url})
    assert f'"database": "postgresql://***@{url.rpartition("@")[2]}"' in ended.stdout


def test_no_url_of_the_settings_shows_a_secret(directory: Path) -> None:
    url = "http://u:hush@h:1/a@b/{function_id}?key=hush&k=hush"
    file = directory / "tocsin.toml"
    file.write_text(f"""
        [targets]
        function = "{url}"
        functions.f = "{url}"
        [dead_letters]
        endpoint = "{url}"
        secret_access_key = "hush"
        queues.q = "{url}"
        [integrations.i]
        triggers = ["api_trigger/i"]
        url = "{url}"
    """)
    ended = run_tocsin("config", "check", "--config", str(file))
    assert (ended.status, "hush" in ended.stdout) == (0, False)
    assert ended.stdout.count('"http://***@h:1/a@b/{function_id}?key=***&k=***"') == 5


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ('listn = "127.0.0.1:1"', "listn: unknown setting"),
        ("channelz = true", "channelz: this setting was removed"),
        ('[targets]\nfunctoin = "http://x/"', "targets.functoin: unknown setting"),
        ('[integrations.x]\nurl = "http://x/"', "integrations.x.triggers: Field required"),
        ('[integrations.x]\ntriggers = []\nurl = "http://x/"', "integrations.x.triggers"),
        ('[targets]\nfunction = "not a url"', "targets.function: expected a URL"),
        ('listen = "somewhere"', "listen: expected HOST:PORT"),
        ('listen = "127.0.0.1:65536"', "listen: expected HOST:PORT"),
        ("max_request_bytes = 1", "max_request_bytes: "),
        ("grace = -1", "grace: "),
        # Longer than there are years to go back, or on.
        ("[retention]\nage = inf", "retention.age: "),
        ("[retention]\nfailed_age = 1e11", "retention.failed_age: "),
        ("[retention]\noperations_age = 1e11", "retention.operations_age: "),
        ("[misfires]\nwindow = nan", "misfires.window: "),
        ("[sources]\nremember = 1e300", "sources.remember: "),
        ("[targets", "is not TOML"),
    ],
)
def test_a_wrong_setting_is_named(directory: Path, config: str, told: str) -> None:
    file = directory / "tocsin.toml"
    file.write_text(config)
    ended = run_tocsin("config", "check", "--config", str(file))
    assert (ended.status, ended.stdout) == (1, "")
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_does_not_start_with_a_wrong_setting(directory: Path) -> None:
    file = directory / "tocsin.toml"
    file.write_text("nonsense = 1")
    ended = run_tocsin("serve", "--config", str(file))
    assert (ended.status, ended.stdout) == (1, "")
    assert ended.stderr == "tocsin: nonsense: unknown setting\n"


def test_every_wrong_setting_is_named_at_once(directory: Path) -> None:
    file = directory / "tocsin.toml"
    file.write_text("one = 1\ntwo = 2\ngrace = -1")
    ended = run_tocsin("config", "check", "--config", str(file))
    assert all(name in ended.stderr for name in ("one: ", "two: ", "grace: "))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOCSIN_GRACE", "soon"),
        ("TOCSIN_TARGETS", "{not JSON"),
        ("TOCSIN_TARGETS__FUNCTOIN", "http://x/"),
        ("TOCSIN_LISTEN", "somewhere"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str) -> None:
    ended = run_tocsin("config", "check", environment={variable: value})
    assert (ended.status, ended.stdout) == (1, "")
    assert variable.lower().removeprefix("tocsin_").replace("__", ".") in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_file_that_is_not_there_is_named(directory: Path) -> None:
    ended = run_tocsin("config", "check", "--config", str(directory / "nothing.toml"))
    assert (ended.status, ended.stdout) == (1, "")
    assert "nothing.toml: No such file" in ended.stderr


@pytest.mark.parametrize(("option", "host"), [("--listen", "0.0.0.0"), ("--http", "[::]")])
def test_it_does_not_listen_for_others_unless_told(directory: Path, option: str, host: str) -> None:
    other = "--http" if option == "--listen" else "--listen"
    database = f"sqlite:///{directory / 'tocsin.db'}"
    addresses = (option, f"{host}:0", other, "127.0.0.1:0")
    ended = run_tocsin("serve", *addresses, "--database", database)
    assert (ended.status, ended.stdout) == (1, "")
    assert f"{option} {host.strip('[]')} can be reached from other machines" in ended.stderr
    assert "--allow-unauthenticated" in ended.stderr
    assert not (directory / "tocsin.db").exists()


@pytest.mark.parametrize("option", ["--listen", "--http"])
def test_a_port_that_is_taken_is_told(directory: Path, option: str) -> None:
    other = "--http" if option == "--listen" else "--listen"
    database = f"sqlite:///{directory / 'tocsin.db'}"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        addresses = (option, address, other, "127.0.0.1:0")
        ended = run_tocsin("serve", *addresses, "--database", database)
    assert (ended.status, ended.stdout) == (1, "")
    assert address in ended.stderr
    assert option in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_request_over_the_limit_is_refused_on_both_wires(directory: Path) -> None:
    with serving(directory, "max_request_bytes = 2000") as server:
        api = RestApi(server.http_address)
        create(api, "f")
        body = b'{"folderId": "f", "description": "' + b"x" * 4000 + b'"}'
        reply = send(server.http_address, "POST", "/triggers/v1/triggers", body)
        assert reply.status == 413
        assert reply.json["message"]
        create_method = "/yandex.cloud.serverless.triggers.v1.TriggerService/Create"
        with server.channel() as channel, pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(create_method)(b"\x1a\xff\x1f" + b"x" * 4095)
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_log_lines_may_be_json(directory: Path) -> None:
    with serving(directory, "", "--log-format", "json", http="off") as server:
        server.stop()
        lines = server.log.read_text().splitlines()
    assert lines
    assert all(line.startswith("{") and line.endswith("}") for line in lines)


def test_authorities_of_clients_without_tls_are_refused(directory: Path) -> None:
    file = directory / "tocsin.toml"
    file.write_text('client_ca = "ca.pem"')
    ended = run_tocsin("config", "check", "--config", str(file))
    assert (ended.status, ended.stdout) == (1, "")
    assert ended.stderr.startswith("tocsin: client_ca: ")
