"""One codec in a process of its own: ``python -m bench.worker interpreter|generated|compiled|msgspec_json``.

Which backend runs is decided when ``iso15118.exi`` is imported, so each has a process. The process says in one line of
JSON whether it can be measured, ``{"reason": null}`` or why not; then it answers every line
``["DC_ChargeLoopReq", "decode", 1000]`` with the nanoseconds that so many calls took, garbage collector off.
"""

from __future__ import annotations

import json
import sys
import timeit
from collections.abc import Callable
from typing import Any

import msgspec

from iso15118.errors import LocalError

Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function and its arguments."""

Calls = dict[str, dict[str, Call]]
"""By message and operation."""


class NotMeasurable(Exception):
    """The codec isn't there, or does not reproduce a message; the text says which."""


def exi_calls(backend: str) -> Calls:
    """Both directions of every message, by the backend that the environment has forced.

    Raises:
        NotMeasurable: It is not the backend that runs, or a message does not survive the round trip.
    """
    try:
        from bench.messages import KEYS, MESSAGES
        from iso15118 import exi
    except LocalError as error:
        raise NotMeasurable(str(error)) from None
    if backend != exi.BACKEND:
        raise NotMeasurable(f"not built: {exi.BACKEND} runs instead")
    for key in set(KEYS.values()):
        exi.warm(key)
    calls: Calls = {}
    for name, message in MESSAGES.items():
        key = KEYS[name]
        data = exi.encode(message, key)
        if exi.decode(data, key) != message:
            raise NotMeasurable(f"{name} does not survive the round trip")
        calls[name] = {"decode": (exi.decode, (data, key)), "encode": (exi.encode, (message, key))}
    return calls


def json_calls() -> Calls:
    """The same content by msgspec: decoding with validation into the mirror, encoding from it.

    Raises:
        NotMeasurable: A message does not survive the round trip, or its mirror has other content.
    """
    from bench.messages import MESSAGES
    from bench.mirror import mirror_of

    calls: Calls = {}
    for name, message in MESSAGES.items():
        mirror = mirror_of(message)
        decode, encode = msgspec.json.Decoder(type(mirror)).decode, msgspec.json.Encoder().encode
        text = encode(mirror)
        if text != msgspec.json.encode(message) or decode(text) != mirror:
            raise NotMeasurable(f"{name} does not survive the round trip")
        calls[name] = {"decode": (decode, (text,)), "encode": (encode, (mirror,))}
    return calls


def nanoseconds(call: Call, count: int) -> float:
    """How long ``count`` calls take; timeit switches the garbage collector off."""
    function, arguments = call
    names = [f"a{place}" for place in range(len(arguments))]
    timer = timeit.Timer(f"f({', '.join(names)})", globals={"f": function, **dict(zip(names, arguments))})
    timer.timeit(count // 10 + 1)  # since its last turn others have had the processor's caches
    return timer.timeit(count) * 1e9


def main(codec: str) -> None:
    try:
        calls = json_calls() if codec == "msgspec_json" else exi_calls(codec)
    except NotMeasurable as why:
        print(json.dumps({"reason": str(why)}), flush=True)
        return
    print(json.dumps({"reason": None}), flush=True)
    for line in sys.stdin:
        name, operation, count = json.loads(line)
        print(nanoseconds(calls[name][operation], count), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
