"""The README's examples, run: what a reader copies first has to work."""

import json
import re
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
ON_THE_NETWORK = re.compile(
    r"^(from iso15118 import .*\b(ev|evse)\b|(from|import) iso15118\.(ev|evse)\b)", re.MULTILINE
)
"""Examples that open a socket: the tests of ``iso15118.ev`` and ``iso15118.evse`` run those."""


def test_python_examples_run_one_after_another():
    examples = [block for block in BLOCKS if not ON_THE_NETWORK.search(block)]
    assert len(examples) >= 2
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, "README.md", "exec"), names)


def test_payloads_on_the_command_line_are_what_they_seem():
    from iso15118 import exi

    (payload,) = re.findall(r"v2g exi decode ([0-9A-F]+)", README)
    assert type(exi.decode(bytes.fromhex(payload), "AppProtocol")).__name__ == "SupportedAppProtocolReq"
    (line,) = re.findall(r"echo '(\{.*\})' \| v2g exi decode --jsonl", README)
    request = json.loads(line)
    assert request["mode"] == "document"
    assert exi.decode(bytes.fromhex(request["exi"]), request["key"])
