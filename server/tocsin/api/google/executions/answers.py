"""Makes the answers of version 2, which are free JSON with the execution's id in a header."""

import json
from collections.abc import Mapping

from google.api.httpbody_pb2 import HttpBody

from tocsin.wire.calls import Metadata
from tocsin.wire.json_text import Json

ID_HEADER = "execution_id"


def json_body(plain: Mapping[str, Json]) -> HttpBody:
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    return HttpBody(content_type="application/json", data=text.encode())


def id_header(execution_id: str) -> Metadata:
    return ((ID_HEADER, execution_id),)
