"""How a driver keeps paused sessions, wherever they are kept; it knows nothing of files and of back ends."""

from __future__ import annotations

from iso15118.io.tcp import Apply
from iso15118.session.actions import Action, DropPaused, KeepPaused
from iso15118.session.pause import PauseStore

__all__ = ["keeping"]


def keeping(store: PauseStore, apply: Apply) -> Apply:
    """``apply``, after the store has been told what concerns it."""

    def both(action: Action, now: float) -> object:
        match action:
            case KeepPaused(record=record):
                store.keep(record)
            case DropPaused(session_id=session_id):
                store.drop(session_id)
            case _:
                pass
        return apply(action, now)

    return both
