"""Settings that can't be are refused with the name of each, and what would be right."""

from pathlib import Path

import pytest

from tocsin.settings import SettingsError, load_settings

WRONG = {
    "nothing = 1": "nothing: unknown setting",
    'listen = "8080"': "listen: expected HOST:PORT, such as 127.0.0.1:8080",
    'advertise = "0.0.0.0:443"': (
        "advertise: expected a host and a port that clients can dial, "
        "such as tocsin.example.com:443"
    ),
    'clock_start = "soon"': (
        "clock_start: expected an ISO 8601 time, such as 2026-01-01T00:00:00Z"
    ),
    'clock_start = "9999-12-31T23:59:59Z"': "clock_start: must be in the years 1970 to 2099",
    "clock_start = 9999-12-31T23:59:59-23:00": "clock_start: must be in the years 1970 to 2099",
    'clock_start = "0001-01-01T00:00:00+14:00"': "clock_start: must be in the years 1970 to 2099",
    'listen = "off"\nhttp = "off"': ("listen, http, tls: at least one of the three must be on"),
    '[targets]\nfunction = "fn.example"': (
        "targets.function: expected a URL such as http://127.0.0.1:9000/"
    ),
    '[targets]\nfunction = "http://169.254.169.254/"': (
        "targets.function: 169.254.169.254 is an address at which clouds keep their credentials, "
        "which is never called"
    ),
    '[targets]\nnetworks = ["10.0.0.1/8"]': "targets.networks.0: 10.0.0.1/8 has host bits set",
    "[targets]\nconcurrency = 0": (
        "targets.concurrency: Input should be greater than or equal to 1"
    ),
    "[dead_letters]\nurls = {}": "dead_letters.urls: unknown setting",
    '[dead_letters]\nendpoint = "queue"': (
        "dead_letters.endpoint: expected a URL such as http://127.0.0.1:9000/"
    ),
    '[misfires]\npolicy = "never"': (
        "misfires.policy: Input should be 'fire_once', 'skip' or 'fire_all'"
    ),
    '[console]\ntrace_url = "https://traces.example/"': (
        "console.trace_url: must be a URL of http or https with {trace_id} in it"
    ),
    "[misfires]\ntolerance = 3601": (
        "misfires.tolerance: Input should be less than or equal to 3600"
    ),
    "[retention]\nage = 0": "retention.age: Input should be greater than 0",
    "[retention]\noperations_age = 86400": (
        "retention.operations_age: Input should be greater than or equal to 172800"
    ),
    "[reconciler]\ninterval = -1": "reconciler.interval: Input should be greater than 0",
    '[access]\nissuer = "https://a.example/"': (
        "access.issuer: must be a URL without user, query, fragment and final /"
    ),
    '[access.issuers.Company]\nissuer = "https://a.example"\naudience = "a"': (
        "access.issuers: Company: must be lower case letters, digits and hyphens"
    ),
    '[access.issuers.company]\nissuer = "http://a.example"\naudience = "a"': (
        "access.issuers.company.issuer: must be https, except on this machine"
    ),
    '[[access.bindings]]\nresource = "x"\nsubject = "allAuthenticatedUsers"\nrole = "viewer"': (
        "access.bindings.0.resource: must be folders/ID, projects/ID, a resource below one, or *"
    ),
    "[limits]\npayload_bytes = 1": (
        "limits.payload_bytes: Input should be greater than or equal to 1024"
    ),
    '[sources.mail]\nallow = ["here"]': (
        "sources.mail.allow.0: 'here' does not appear to be an IPv4 or IPv6 network"
    ),
    '[sources.mqtt.home]\nurl = "http://127.0.0.1"': (
        "sources.mqtt.home.url: expected mqtt://HOST:PORT, or mqtts:// for TLS; "
        "username and password are settings"
    ),
    '[sources.mqtt.home]\nurl = "mqtt://b"\nregistries.r.devices = "x"': (
        "sources.mqtt.home.registries.r.devices: "
        "expected a topic with {device_id} as one level, such as x/{device_id}"
    ),
    '[sources.mqtt.a]\nurl = "mqtt://a"\nbrokers = ["b"]\n'
    '[sources.mqtt.b]\nurl = "mqtt://b"\nbrokers = ["b"]': (
        "sources.mqtt: b must be named by one broker only, and once"
    ),
    '[sources.webhooks]\nsecret = " "': (
        "sources.webhooks.secret: must not be empty or have white space around it; "
        "leave it out to use no secret"
    ),
    '[sources.webhooks.registries.r]\nstandard_keys = ["short"]': (
        "sources.webhooks.registries.r.standard_keys.0: "
        "expected whsec_ and base64 of 24 to 64 bytes"
    ),
    "[sources.message_queue]\nqueues = {}": ("sources.message_queue.queues: unknown setting"),
    '[notify.receivers.ops]\nfolders = ["*"]': (
        "notify.receivers.ops: url, mail, function: exactly one of the three is needed"
    ),
    '[notify.receivers.ops]\nurl = "http://127.0.0.1/"': (
        "notify.receivers.ops: secret: is needed with url, so that the receiver can check who calls"
    ),
    '[notify.receivers.ops]\nurl = "http://169.254.169.254/"': (
        "notify.receivers.ops.url: 169.254.169.254 is an address at which clouds keep their "
        "credentials, which is never called"
    ),
    '[notify.receivers.ops]\nurl = "http://127.0.0.1/"\nsecret = "whsec_short"': (
        "notify.receivers.ops.secret: expected whsec_ and base64 of 24 to 64 bytes"
    ),
    '[notify.receivers.ops]\nmail = ["ops@example.com"]': (
        "notify: receivers.ops.mail: ops@example.com needs a mail server: set host and sender in "
        "[notify.mail]"
    ),
    '[notify.receivers.ops]\nmail = ["Ops <ops@example.com>"]': (
        "notify.receivers.ops.mail.0: expected a mail address such as ops@example.com, in ASCII, "
        "without a name"
    ),
    '[notify.receivers.off]\nfunction = "f"': (
        "notify.receivers: 'off' can't be a receiver's name: expected a lower-case letter, then up "
        "to 62 of a-z, 0-9, - and _, and not 'off'"
    ),
    "[integrations.nightly]\ntriggers = []": (
        "integrations.nightly.triggers: "
        "List should have at least 1 item after validation, not 0\n"
        "integrations.nightly.url: Field required"
    ),
}


@pytest.mark.parametrize("config", WRONG)
def test_what_is_wrong_is_named(tmp_path: Path, config: str) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text(config)
    with pytest.raises(SettingsError) as raised:
        load_settings(file)
    assert str(raised.value) == WRONG[config]


def test_what_is_secret_is_not_shown() -> None:
    settings = load_settings(
        None,
        {
            "database": "postgresql://ann:s3cret@db:5432/tocsin?sslpassword=s3cret",
            "targets": {"function": "http://ann:s3cret@fn.example/?key=s3cret"},
            "dead_letters": {"secret_access_key": "s3cret"},
            "sources": {
                "mail": {"s3_secret_access_key": "s3cret"},
                "mqtt": {"home": {"url": "mqtt://b", "password": "s3cret"}},
                "webhooks": {"secret": "s3cret", "hub_keys": ["s3cret"]},
                "data_stream": {"secret_access_key": "s3cret"},
                "object_storage": {"queue": "http://a:s3cret@q.example/in"},
            },
        },
    )
    assert "s3cret" not in settings.model_dump_json()


def test_a_variable_goes_before_the_file_and_what_is_given_before_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text('cloud_id = "file"\n[sources.message_queue]\nregion = "file"\n')
    monkeypatch.setenv("TOCSIN_CLOUD_ID", "variable")
    monkeypatch.setenv("TOCSIN_SOURCES__MESSAGE_QUEUE__ENDPOINT", "http://127.0.0.1:9324")
    settings = load_settings(file, {"cloud_id": "given"})
    assert settings.cloud_id == "given"
    queues = settings.sources.message_queue
    assert (queues.endpoint, queues.region) == ("http://127.0.0.1:9324", "file")
