"""How quick the EXI codec is: ``make bench``, or ``python -m bench.exi``.

Every backend that is built, beside msgspec's JSON codec on the same content (C code on typed classes, with no bits to
shift: about as quick as Python gets) and beside Josev's codec where Java is present. Ratios within one run carry over
from one machine to another much better than microseconds do.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
from collections.abc import Sequence
from pathlib import Path

from bench import josev
from bench.measure import CODECS, ROOT, codecs, measure
from bench.messages import KEYS, MESSAGES
from bench.page import page
from bench.report import document, tables, targets
from iso15118 import exi

REPEATS = 200
JOSEV_REPEATS = 25
BATCH_MS = 2.0
"""Shorter than a busy machine's scheduler leaves a process alone: among many there are some that nothing interrupted."""


def main(words: Sequence[str] | None = None) -> None:
    options = _options(words)
    names = options.only or list(MESSAGES)
    sizes = {name: len(exi.encode(MESSAGES[name], KEYS[name])) for name in names}
    with codecs(options.codec or CODECS) as (children, missing):
        times = measure(children, names, options.repeats, options.batch_ms * 1000)
    notes = [f"{codec}: {reason}" for codec, reason in missing.items()]
    peer: josev.Josev = {}
    if options.no_josev:
        notes.append("Josev: left out by --no-josev")
    else:
        environment = Path(os.environ.get("JOSEV_VENV", ROOT / "out" / "josev"))
        peer, more = josev.measure(environment, names, options.josev_repeats)
        notes += more
    measured = document(sizes, times, peer)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    if options.page is not None:
        settings = {**vars(options), "date": dt.datetime.now(tz=dt.UTC).date().isoformat()}
        options.page.write_text(page(measured, notes, settings), encoding="utf-8")
    print("\n".join(tables(measured)))
    for note in notes:
        print(f"not measured: {note}")
    for target in targets(measured):
        print(target)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.exi", description="How quick the EXI codec is.")
    parser.add_argument("--no-josev", action="store_true", help="leave out the peer that needs Java")
    parser.add_argument("--only", action="append", metavar="MESSAGE", choices=MESSAGES, help="this message; repeatable")
    parser.add_argument("--codec", action="append", choices=CODECS, help="this codec; repeatable")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="batches of each (%(default)s)")
    parser.add_argument("--batch-ms", type=float, default=BATCH_MS, help="length of a batch (%(default)s)")
    parser.add_argument("--josev-repeats", type=int, default=JOSEV_REPEATS, help="calls of each (%(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench.json", help="where the figures go")
    parser.add_argument("--page", type=Path, help="write them into this document too")
    return parser.parse_args(words)


if __name__ == "__main__":
    main()
