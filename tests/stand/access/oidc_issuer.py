"""An OpenID Connect issuer on loopback, whose keys can be changed while it runs."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "tocsin-tests"


class OidcIssuer:
    """Serves its configuration and its keys; counts how often it is asked for these."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.asked = 0
        self.down = False
        self.huge = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if outer.down:
                    self.send_error(503)
                    return
                if outer.answer(self):
                    return
                document = outer.document(self.path)
                self.send_response(200 if document else 404)
                self.end_headers()
                self.wfile.write(document)

            do_POST = do_GET  # noqa: N815 (the library's)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/realms/test"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.rotate("first")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, _handler: BaseHTTPRequestHandler) -> bool:
        """Answers what an issuer with more than documents is asked; returns whether it did."""
        return False

    def rotate(self, key_id: str) -> None:
        """Signs with a new key, and shows no other."""
        self.keys = {key_id: rsa.generate_private_key(65537, 2048)}

    def add_elliptic(self, key_id: str) -> None:
        self.keys[key_id] = ec.generate_private_key(ec.SECP256R1())

    def document(self, path: str) -> bytes:
        if path == "/realms/test/.well-known/openid-configuration":
            return json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys"}).encode()
        if path == "/realms/test/keys":
            self.asked += 1
            padding = "x" * 300_000 if self.huge else ""
            return json.dumps({"keys": [*map(self._jwk, self.keys)], "padding": padding}).encode()
        return b""

    def _jwk(self, key_id: str) -> dict[str, Any]:
        public = self.keys[key_id].public_key()
        writer: Any = RSAAlgorithm if isinstance(public, rsa.RSAPublicKey) else ECAlgorithm
        return {**writer.to_jwk(public, as_dict=True), "kid": key_id, "use": "sig"}

    def token(
        self,
        claims: dict[str, Any],
        *,
        kid: str | None = None,
        algorithm: str = "RS256",
        key: Any = None,
        headers: dict[str, Any] | None = None,
    ) -> str:
        """Signs claims; those that are None are left out."""
        name = kid or next(iter(self.keys))
        whole = {name: value for name, value in claims.items() if value is not None}
        signed_with = self.keys[name] if key is None else key
        return jwt.encode(whole, signed_with, algorithm, headers={"kid": name, **(headers or {})})


@contextmanager
def oidc_issuer() -> Iterator[OidcIssuer]:
    issuer = OidcIssuer()
    yield issuer
    issuer.close()
