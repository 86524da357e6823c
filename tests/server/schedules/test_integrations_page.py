"""docs/integrations.md: whoever types what it shows has an integration that runs."""

from pathlib import Path

from docs.markdown import ROOT, blocks
from docs.test_access_walk import typed
from stand.recording_target import RecordingTarget
from stand.tocsin_process import serving

PAGE = ROOT / "docs" / "integrations.md"


def test_the_walk_works(tmp_path: Path) -> None:
    target = RecordingTarget()
    [version] = [block.code for block in blocks(PAGE, "yaml")][:1]
    by_command, by_curl = [block.code for block in blocks(PAGE, "sh")]
    try:
        with serving(tmp_path, "") as server:
            there = version.replace("http://127.0.0.1:9000", target.url)
            (tmp_path / "orders.yaml").write_text(there)
            assert "SUCCEEDED" in typed(by_command, tmp_path, TOCSIN_SERVER=server.grpc_address)
            [received] = target.all(lambda request: request.path == "/orders")
            assert received.json["parameters"] == {"total": 3}
            typed(
                by_curl.replace("127.0.0.1:8080", server.http_address).replace(
                    "http://127.0.0.1:9000", target.url
                ),
                tmp_path,
            )
            typed("tocsin schedule bills --wait", tmp_path, TOCSIN_SERVER=server.grpc_address)
            assert target.all(lambda request: request.path == "/bills")
    finally:
        target.close()


def test_the_commands_list_show_copy_and_take_back(tmp_path: Path) -> None:
    target = RecordingTarget()
    [version] = [block.code for block in blocks(PAGE, "yaml")][:1]
    (tmp_path / "orders.yaml").write_text(version.replace("http://127.0.0.1:9000", target.url))
    try:
        with serving(tmp_path, "") as server:
            there = {"TOCSIN_SERVER": server.grpc_address}
            typed("tocsin integrations apply orders -f orders.yaml --draft", tmp_path, **there)
            listed = typed("tocsin integrations get orders", tmp_path, **there)
            assert "DRAFT" in listed
            version_id = next(word for word in listed.split() if word.count("-") == 4)
            shown = f"tocsin integrations get orders --version {version_id}"
            typed(f"{shown} >copy.yaml", tmp_path, **there)
            typed("tocsin integrations apply copy -f copy.yaml", tmp_path, **there)
            published = typed("tocsin integrations publish orders", tmp_path, **there)
            assert "ACTIVE" in published
            rows = typed("tocsin integrations list", tmp_path, **there).splitlines()
            assert [row.split()[:2] for row in rows[-2:]] == [["copy", "yes"], ["orders", "yes"]]
            taken_back = typed("tocsin integrations unpublish orders", tmp_path, **there)
            assert "SNAPSHOT" in taken_back
            rows = typed("tocsin integrations list", tmp_path, **there).splitlines()
            assert rows[-1].split()[:2] == ["orders", "no"]
    finally:
        target.close()
