"""Josev's EXI codec for ``bench.josev``. Runs in Josev's environment.

The first line it reads is ``{"DC_ChargeLoopReq": ["urn:...:DC", "80..."], ...}``; it answers with what of each message
its classes can't do, ``{"DC_ChargeLoopReq": {"decode": null, "from_exi": "reason", ...}, ...}``. Then it answers every
line ``["DC_ChargeLoopReq", "decode", 3]`` with the nanoseconds that so many calls took. ``decode`` and ``encode`` are
the bare calls of its codec (EXI to JSON text and back, through Java), ``from_exi`` and ``to_exi`` what its sessions
call (into objects, and from them).
"""

# Types here would be the peer's, and its distribution has our import name.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN002, ANN201

import json
import logging
import os
import sys
import timeit

# Said before the import that reads them: it would log every message it codes.
os.environ.update(MESSAGE_LOG_JSON="False", MESSAGE_LOG_EXI="False", LOG_LEVEL="CRITICAL")

from iso15118.shared.exi_codec import EXI
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from iso15118.shared.settings import load_shared_settings


def attempt(function, *arguments):
    """Result and None, or None and why there is none, in one line."""
    try:
        return function(*arguments), None
    except Exception as error:  # noqa: BLE001  (whatever it raises is what it can't do)
        text = str(getattr(error, "reason", "") or error).partition("\n\n")[0]
        return None, " ".join(text.split())[:200] or type(error).__name__


def prepare(codec, exi, name, namespace, data):
    """Callables by operation, and reasons by operation; the message is decoded and encoded on the way."""
    calls, reasons = {}, {}
    text, reasons["decode"] = attempt(codec.decode, data, namespace)
    calls["decode"] = lambda: codec.decode(data, namespace)
    again, reasons["encode"] = attempt(codec.encode, text, namespace)
    calls["encode"] = lambda: codec.encode(text, namespace)
    message, reasons["from_exi"] = attempt(exi.from_exi, data, namespace)
    calls["from_exi"] = lambda: exi.from_exi(data, namespace)
    whole, reasons["to_exi"] = None, reasons["from_exi"]
    if message is not None:
        whole, reasons["to_exi"] = attempt(exi.to_exi, message, namespace)
    calls["to_exi"] = lambda: exi.to_exi(message, namespace)
    for operation, result in (("encode", again), ("to_exi", whole)):
        if result is not None and bytes(result) != data:
            reasons[operation] = f"writes other octets ({len(bytes(result))}, not {len(data)})"
    return calls, reasons


def main():
    logging.disable(logging.CRITICAL)
    load_shared_settings()
    codec = ExificientEXICodec()
    exi = EXI()
    exi.set_exi_codec(codec)
    calls, reasons = {}, {}
    for name, (namespace, data) in json.loads(sys.stdin.readline()).items():
        calls[name], reasons[name] = prepare(codec, exi, name, namespace, bytes.fromhex(data))
    print(json.dumps(reasons), flush=True)
    for line in sys.stdin:
        name, operation, count = json.loads(line)
        print(timeit.timeit(calls[name][operation], number=count) * 1e9, flush=True)
    codec.gateway.shutdown()


main()
