"""What this codec says of a damaged stream, in one word, and where that may differ from the reference of the corpus.

docs/reference/exi-verdicts.md explains the words and the differences. After a change that is meant,

    python -m tests.exi.verdicts

writes the verdicts of the sample anew; look at the difference before it is committed.
"""

from __future__ import annotations

import json
import re
from typing import Any

from iso15118 import exi
from iso15118.errors import CodecError
from tests.exi.vectors import DATA, load

TABLE = DATA / "exi_verdicts.json"

REASONS = {
    "header": r"EXI header 0x\w\w, not 0x80",
    "root": r"root code \d+ is no element of \w+",
    "end": r"the stream ends here|\d+ octets announced, \d+ left",
    "undeclared": r"an event the schema does not declare here; it declares .*|content the schema does not declare"
    r"|more than a value",
    "one element": r"more than one element in the fragment",
    "abstract": r"\w+ is abstract: one of its substitutes must stand here",
    "two types": r"\w+ has more than one type in \w+: not supported as a fragment",
    "wildcard": r".* in the place of a wildcard is not supported|an element (of a namespace )?that is not (one )?of the schema"
    r" set|name \d+ of a namespace that has \d+|\w+ may not stand here: only elements of another namespace may"
    r"|more than \d+ wildcards inside one another",
    "list": r"more than the limit of \d+",
    "literal": r"literal \d+ of \w+, which has \d+",
    "range": r"-?\d+ is not an integer [-.\d]+",
    "length": r"\d+ (characters|octets), not \d+(\.\.\d*)?",
    "long integer": r"an integer of more than \d+ octets",
    "character": r"character U\+[0-9A-F]+, which XML can't carry|code point 0x\w+, which Unicode does not have",
    "string table": r"a string table reference",
    "left over": r"\d+ octets after the end of the message",
}
"""Verdict -> what the error says. Each refusal is just one of them."""

STRICTER = {
    "range": "the schema forbids the value; the reference did not look",
    "long integer": "longer than a named limit: MAX_INTEGER_OCTETS for xs:integer, MAX_UNSIGNED_OCTETS for all others",
    "left over": "octets other than zero after the message: it may be one of another schema set",
}
"""Verdict -> why it may stand where the reference accepts."""

REFUSED_ALONE = {
    "mal-0647": "ParkingSpace ends without content, and its type has no empty value",
    "mal-0708": "EVSEProcessing ends without content, and its type has no empty value",
    "mal-0737": "EVProcessing ends without content, and its type has no empty value",
}
"""Refused, although the reference accepts: vector -> why."""

MORE_LIBERAL = {
    "mal-0877": "a signature in an Object of a signature is valid, and within the limit of nesting",
    "mal-0878": "as mal-0877",
}
"""Accepted, although the reference refuses: vector -> why."""


def verdict(vector: dict[str, Any]) -> str:
    """``accept``, or the one word for why not. Any exception but CodecError passes through."""
    stream = bytes.fromhex(vector["exi"])
    try:
        exi.read(stream, vector["key"], vector["mode"])
    except CodecError as error:
        fault = error
    else:
        return "accept"
    assert fault.bit is not None
    assert 0 <= fault.bit <= 8 * len(stream)
    words = [word for word, pattern in REASONS.items() if re.fullmatch(pattern, fault.reason)]
    assert len(words) == 1, fault.reason
    return words[0]


def unexplained(vector: dict[str, Any], ours: str) -> str:
    """How a verdict differs from that of the reference, where it may not; empty where it may."""
    theirs = vector["ref"]
    if theirs == "reject" and ours == "accept" and vector["id"] not in MORE_LIBERAL:
        return f"{vector['id']} is accepted, by the reference not"
    if theirs == "accept" and ours not in {"accept", *STRICTER} and vector["id"] not in REFUSED_ALONE:
        return f"{vector['id']} is refused ({ours}), by the reference not"
    return ""


if __name__ == "__main__":
    rows = {vector["id"]: verdict(vector) for vector in load(DATA / "exi_malformed.jsonl.gz")}
    TABLE.write_text(json.dumps(dict(sorted(rows.items())), indent=1) + "\n", encoding="utf-8")
