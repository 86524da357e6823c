"""The page is served at `/`, by any name and below any prefix, and a browser keeps it safely."""

import gzip
import http.client
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from console.browser import Faults
from stand.apis.wire import Reply, send
from stand.tocsin_process import Tocsin, serving
from tocsin.console.assets import MEDIA_TYPES, read_page
from tocsin.console.headers import POLICY

FOLDER = Path(__file__).parents[2] / "server" / "tocsin" / "console" / "page"


def asked(server: Tocsin, path: str, verb: str = "GET", **headers: str) -> Reply:
    return send(server.http_address, verb, path, headers=headers)


def assets_in(index: str) -> list[str]:
    return re.findall(r'(?:src|href)="\./(console/assets/[^"]+)"', index)


def test_the_page_runs(page: Page, server: Tocsin, axe: Callable[[Page], None]) -> None:
    page.goto("/")
    expect(page.locator("main h1")).to_be_visible()
    assert page.title().endswith("Tocsin")
    axe(page)


def test_its_files_are_those_of_the_folder(server: Tocsin) -> None:
    index = asked(server, "/").text
    tree = assets_in(index)[0].split("/")[2]
    files = [path for path in FOLDER.rglob("*") if path.is_file() and path.name != "index.html"]
    assert files
    for file in files:
        reply = asked(server, f"/console/assets/{tree}/{file.relative_to(FOLDER)}")
        assert reply.status == 200, file
        assert reply.headers["content-type"] == MEDIA_TYPES[file.suffix[1:]]
        assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert reply.text == file.read_text()


@pytest.mark.parametrize("query", ["", "?", "?code=c&state=s", "?utm_source=%ff", "?a.b=1&a.b=2"])
def test_a_query_is_for_the_script_of_the_page(server: Tocsin, query: str) -> None:
    reply = asked(server, f"/{query}")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_a_browser_may_do_little_with_it(server: Tocsin) -> None:
    index = asked(server, "/")
    for path in ("/", f"/{assets_in(index.text)[0]}", "/console/assets/none/main.js"):
        headers = asked(server, path).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
    assert index.headers["cache-control"] == "no-cache"
    assert "<style" not in index.text
    assert re.findall(r"<script(?![^>]* src=)", index.text) == []
    assert re.findall(r"\son\w+=", index.text) == []
    assert re.findall(r'(?:src|href)="(?!\./|data:)', index.text) == []


def test_it_comes_compressed_to_who_can_inflate_it(server: Tocsin) -> None:
    path = f"/{assets_in(asked(server, '/').text)[0]}"
    tags = set()
    for encoding in ("gzip, br", "identity", "gzip;q=0"):
        connection = http.client.HTTPConnection(server.http_address, timeout=30)
        connection.request("GET", path, headers={"Accept-Encoding": encoding})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        compressed = answer.headers.get("content-encoding") == "gzip"
        assert compressed == encoding.startswith("gzip, ") or len(body) < 100
        assert (gzip.decompress(body) if compressed else body).decode() == asked(server, path).text
        tags.add((answer.headers["etag"], compressed))
    assert len({tag for tag, _ in tags}) == len({compressed for _, compressed in tags})


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("@/missing.js", "ASSET_NOT_FOUND"),
        ("@/index.html", "ASSET_NOT_FOUND"),
        ("@/../../../main.js", "ASSET_NOT_FOUND"),
        ("@/%2e%2e/assets.py", "ASSET_NOT_FOUND"),
        ("@/..%2fassets.py", "ASSET_NOT_FOUND"),
        ("@//etc/passwd", "ASSET_NOT_FOUND"),
        ("0000000000000000/main.js", "PAGE_OUTDATED"),
    ],
)
def test_an_unknown_file_is_refused_in_words(server: Tocsin, path: str, reason: str) -> None:
    tree = assets_in(asked(server, "/").text)[0].split("/")[2]
    reply = asked(server, f"/console/assets/{path.replace('@', tree)}")
    assert reply.status == 404
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json["details"][0]["reason"] == reason


@pytest.mark.parametrize(
    "path", ["/nothing", "//", "/console", "/console/assets", "/;", "/index.html"]
)
def test_other_paths_are_refused_as_before(server: Tocsin, path: str) -> None:
    reply = asked(server, path)
    assert (reply.status, reply.json["code"]) == (404, 5)


@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE"])
def test_the_page_takes_nothing(server: Tocsin, verb: str) -> None:
    assert asked(server, "/", verb).status == 404


def test_a_name_that_was_pointed_here_gets_no_page(server: Tocsin) -> None:
    for path in ("/", "/console/assets/x/main.js"):
        reply = asked(server, path, Host="evil.example")
        assert (reply.status, reply.json["code"]) == (403, 7)


def test_one_setting_turns_it_off(tmp_path: Path) -> None:
    for number, (config, option) in enumerate(
        [("[console]\nenabled = false\n", []), ("", ["--console", "off"])]
    ):
        directory = tmp_path / str(number)
        directory.mkdir()
        with serving(directory, config, *option) as server:
            for path in ("/", "/console/assets/x/main.js"):
                reply = asked(server, path)
                assert reply.json["details"][0]["reason"] == "METHOD_NOT_FOUND"
            assert asked(server, "/operations/o1").json["code"] == 5


class Prefixed(BaseHTTPRequestHandler):
    """A proxy that serves another server below a path."""

    protocol_version = "HTTP/1.1"
    behind = ""
    prefix = ""

    def do_GET(self) -> None:
        if not self.path.startswith(self.prefix):
            self.send_error(404)
            return
        connection = http.client.HTTPConnection(self.behind, timeout=30)
        connection.request("GET", self.path.removeprefix(self.prefix), headers={"Accept": "*/*"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        self.send_response(answer.status)
        for name in ("content-type", "content-security-policy", "x-content-type-options"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def prefixed(server: Tocsin, prefix: str) -> Iterator[str]:
    handler = type("Handler", (Prefixed,), {"behind": server.http_address, "prefix": prefix})
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{proxy.server_address[1]}{prefix}"
    proxy.shutdown()
    proxy.server_close()


def test_it_works_below_a_prefix(page: Page, server: Tocsin, faults: Faults) -> None:
    # The proxy above passes neither streams nor what is written.
    faults.expect(r"/watch|50[0-9] |POST")
    with prefixed(server, "/deep/er") as url:
        loaded: list[str] = []
        page.on("response", lambda response: loaded.append(response.url))
        page.goto(f"{url}/")
        expect(page.locator("main h1")).to_be_visible()
        assert page.title().endswith("Tocsin")
        assert [each for each in loaded if not each.startswith(f"{url}/")] == []
        assert any(each.endswith("/page.js") for each in loaded)


def test_what_the_index_names_exists() -> None:
    page = read_page()
    named = assets_in(page.index.content.decode())
    assert {path.split("/", 3)[3] for path in named} == {"icon.svg", "page.css", "page.js"}
    assert {"icon.svg", "page.css", "page.js"} <= set(page.assets)
