"""Two cores back to back with random legal choices, random delays and random faults.

``EVBPT_SESSIONS=20000 make test ARGS="-m slow tests/session/test_chance.py"`` plays as many as one likes.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings

from tests.session.chance import Plan, RandomWorld, plans

MANY = int(os.environ.get("EVBPT_SESSIONS", "2000"))


@settings(max_examples=200)
@given(plans())
def test_any_session_ends_safely(plan: Plan) -> None:
    RandomWorld(plan).play()


@pytest.mark.slow
@settings(max_examples=MANY)
@given(plans())
def test_many_more_sessions_end_safely(plan: Plan) -> None:
    RandomWorld(plan).play()
