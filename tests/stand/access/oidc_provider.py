"""An issuer at which people sign in: its authorisation endpoint, its token endpoint, its keys."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, quote_plus, unquote_plus, urlencode, urlsplit

from stand.access.oidc_issuer import OidcIssuer

CLIENT = "tocsin-console"
SECRET = "s3cret: with a colon & more"

SIGN_IN = """<!doctype html><title>Issuer</title>
<h1>Who are you?</h1><form method="get" action="confirm">{hidden}
<button>I am Anna</button></form>"""


@dataclass
class Provider(OidcIssuer):
    """Knows one person. A code works once, for its verifier and its redirect URI."""

    subject: str = "anna"
    life_seconds: int = 300
    answers_in_fragment: bool = False
    asks: bool = False
    """Whether it shows a page with a button; otherwise it sends the browser back at once."""
    claims: dict[str, Any] = field(default_factory=dict)
    """Other claims in the ID token; None leaves one out."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    exchanged: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        OidcIssuer.__init__(self)

    def document(self, path: str) -> bytes:
        if path == "/realms/test/.well-known/openid-configuration":
            document = {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
                "authorization_endpoint": f"{self.url}/authorize?tenant=test",
                "token_endpoint": f"{self.url}/token",
                "response_modes_supported": ["query"],
            }
            if self.answers_in_fragment:
                document["response_modes_supported"] = ["query", "fragment"]
            return json.dumps(document).encode()
        return super().document(path)

    def answer(self, handler: BaseHTTPRequestHandler) -> bool:
        parts = urlsplit(handler.path)
        asked = {name: value for name, [value] in parse_qs(parts.query).items()}
        if parts.path == "/realms/test/authorize" and self.asks:
            hidden = "".join(
                f'<input type="hidden" name="{name}" value="{value}">'
                for name, value in asked.items()
            )
            _send(handler, 200, SIGN_IN.format(hidden=hidden).encode(), "text/html")
        elif parts.path in ("/realms/test/authorize", "/realms/test/confirm"):
            handler.send_response(302)
            handler.send_header("Location", self.back(asked))
            handler.end_headers()
        elif parts.path == "/realms/test/token" and handler.command == "POST":
            length = int(handler.headers["Content-Length"])
            form = {name: v for name, [v] in parse_qs(handler.rfile.read(length).decode()).items()}
            status, document = self.token_for(form, handler.headers.get("Authorization", ""))
            _send(handler, status, json.dumps(document).encode(), "application/json")
        else:
            return False
        return True

    def back(self, asked: dict[str, str]) -> str:
        """Where a browser is sent with a code, as asked for by a URL of the authorisation."""
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        mark = "#" if asked.get("response_mode") == "fragment" else "?"
        return f"{asked['redirect_uri']}{mark}{urlencode({'code': code, 'state': asked['state']})}"

    def token_for(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, str]]:
        """Exchanges a code, once."""
        basic = f"{quote_plus(CLIENT)}:{quote_plus(SECRET)}"
        if authorization != f"Basic {base64.b64encode(basic.encode()).decode()}":
            return 401, {"error": "invalid_client", "error_description": unquote_plus(str(form))}
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or (asked["redirect_uri"], asked["code_challenge"]) != (
            form["redirect_uri"],
            challenge,
        ):
            return 400, {"error": "invalid_grant", "error_description": str(form)}
        self.exchanged.append(form)
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": self.subject,
            "iat": now,
            "exp": now + self.life_seconds,
            "nonce": asked["nonce"],
            "email": f"{self.subject}@example.com",
            **self.claims,
        }
        return 200, {"access_token": "opaque", "id_token": self.token(claims)}

    def config(self, **more: str | float) -> str:
        """Its table in the settings of a server."""
        lines = {
            "issuer": self.url,
            "audience": "tocsin-api",
            "client_id": CLIENT,
            "client_secret": SECRET,
            "title": "Example Corp",
            **more,
        }
        written = "\n".join(f"{name} = {json.dumps(value)}" for name, value in lines.items())
        return f"[access.issuers.corp]\n{written}\n"


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes, kind: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.close()
