"""The vendor's SDKs where nobody is asked who he is: any credential is welcome.

People try their programs with what they have, or with something of the right form. SDKs that
exchange it for a token get one. With any IAM token test_yandex_lifecycle.py does all there is.
"""

from pathlib import Path

import pytest

from clients.yandex.credentials import write_key_file
from clients.yandex.sdk import SDKS, Sdk
from clients.yandex.servers import Served

EXCHANGING = ["python", "go", "go-v2", "java"]
"""Node's exchanges at an address that is built into it: see test_yandex_built_in.py."""


@pytest.fixture(params=EXCHANGING)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    return SDKS[request.param]()


def test_an_oauth_token(sdk: Sdk, open_server: Served, folder: str) -> None:
    seen = sdk.play("ask", open_server.tls, folder, open_server.ca, OAUTH_TOKEN="y0_whoseEver")
    assert seen["ask"]["code"] == "OK"


def test_a_key_of_a_service_account(
    sdk: Sdk, open_server: Served, folder: str, tmp_path: Path
) -> None:
    file = tmp_path / "key.json"
    write_key_file(file, account_id="aje00000000000000own", key_id="aje00000000000000key")
    seen = sdk.play("ask", open_server.tls, folder, open_server.ca, KEY_FILE=str(file))
    assert seen["ask"]["code"] == "OK"
