"""What a tab of a browser sends to a server: its cookies, and what it says of the page."""

import json
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection
from http.cookies import SimpleCookie

from stand.apis.wire import Json

PAGES = "http://localhost"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Json:
        found: Json = json.loads(self.body)
        return found

    @property
    def reason(self) -> str:
        [found] = [each["reason"] for each in self.json["details"] if "reason" in each]
        return str(found)


@dataclass
class Tab:
    """A page of an origin; `site` is what the browser says of how that is to the server's."""

    address: str
    origin: str = PAGES
    site: str | None = "same-origin"
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self,
        verb: str,
        path: str,
        body: Json | bytes | None = None,
        **changed: str | None,
    ) -> Answer:
        """Sends what the page sends; `changed` are headers that it sends otherwise, or not."""
        sent = json.dumps(body).encode() if isinstance(body, dict) else body
        headers: dict[str, str | None] = {
            "tocsin-console": "1",
            "sec-fetch-site": self.site,
            "origin": None if verb == "GET" else self.origin,
            "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()) or None,
            "content-type": None if sent is None else "application/json",
            **{name.replace("_", "-"): value for name, value in changed.items()},
        }
        connection = HTTPConnection(self.address, timeout=30)
        connection.request(
            verb, path, sent, {name: value for name, value in headers.items() if value is not None}
        )
        answer = connection.getresponse()
        got = Answer(answer.status, answer.headers, answer.read())
        connection.close()
        self._keep(got)
        return got

    def _keep(self, answer: Answer) -> None:
        for written in answer.headers.get_all("set-cookie", []):
            [(name, morsel)] = SimpleCookie(written).items()
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value

    def sign_in(self, api_key: str, **changed: str | None) -> Answer:
        return self.ask("POST", "/tocsin/v1/session:signIn", {"apiKey": api_key}, **changed)

    def sign_out(self) -> Answer:
        return self.ask("POST", "/tocsin/v1/session:signOut", {})

    def who(self, **changed: str | None) -> Answer:
        return self.ask("GET", "/tocsin/v1/access/whoami", **changed)

    @property
    def session(self) -> str:
        """The value of the session's cookie."""
        [value] = [value for name, value in self.cookies.items() if "tocsin-session" in name]
        return value
