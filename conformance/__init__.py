"""Conformance cases: purposes, stimuli and oracles of their own, against any station or car behind a small port.

``catalogue.toml`` lists the purposes, ``conformance.cases`` the cases, ``conformance.not_covered`` what has no case yet
and why; ``v2g conform`` lists and runs them. Beside them: harnesses for other people's stacks (``peers``).
"""
