"""docs/seeing-and-steering.md shows what one gets, and names every reason that there is."""

from docs.markdown import block_after
from docs.seeing import PAGE, reading, told
from tocsin_protos.tocsin.v1.firing_service_pb2 import ExplainResponse


def test_what_is_shown_is_what_one_gets() -> None:
    compared = 0
    for block, output in reading():
        shown = block_after(PAGE, block)
        if shown is not None and shown.language == "json":
            assert told(output) == told(shown.code), block.code
            compared += 1
        elif shown is not None and shown.language == "text":
            assert output == shown.code
            compared += 1
    assert compared == PAGE.read_text().count("```json\n") + 1


def test_every_reason_is_told() -> None:
    text = PAGE.read_text()
    for name in ExplainResponse.Reason.keys()[1:]:
        assert name in text or f"…_{name.rpartition('_')[2]}" in text, name
