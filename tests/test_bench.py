"""The bench measures real messages: what it encodes is valid and survives."""

import pytest

from bench.exi import KEY, REQUEST, RESPONSE
from iso15118 import exi


@pytest.mark.parametrize("message", [REQUEST, RESPONSE])
def test_the_measured_messages_survive(message):
    assert exi.decode(exi.encode(message, KEY), KEY) == message
