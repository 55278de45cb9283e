"""Paused sessions in a directory: one JSON file a record, so that a restart of the process loses none.

Files are replaced whole, never written in place. A file that can't be read is reported and passed over: it costs a car
that one resume, nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from iso15118.errors import LocalError
from iso15118.io.tcp import Apply
from iso15118.session.actions import Action, DropPaused, KeepPaused
from iso15118.session.pause import MAX_PAUSED, PausedSession, PauseStore

__all__ = ["MAX_RECORD_OCTETS", "FileStore", "keeping"]

MAX_RECORD_OCTETS = 1 << 20
"""Longest record: three schedules of 1,024 steps with prices have a third of it. Ours."""

_SESSION_ID_OCTETS = 8
_SUFFIX = ".paused.json"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in a file."""

    version: int
    record: PausedSession


_VERSION = 1


class FileStore:
    """Records in a directory of their own."""

    def __init__(
        self, directory: Path, *, report: Callable[[str], object] = lambda text: None, most: int = MAX_PAUSED
    ) -> None:
        """Make the directory if there is none.

        Args:
            directory: Where; other files in it are left alone.
            report: Is told, in one line, what could not be read or written.
            most: How many records are held; the oldest make room.

        Raises:
            LocalError: The directory can't be made.
        """
        self.directory = directory
        self._report = report
        self._most = most
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LocalError(f"can't keep paused sessions in {directory}: {error.strerror}") from None

    def find(self, session_id: bytes) -> PausedSession | None:
        """As ``PausedSessions.find``."""
        path = self._path(session_id)
        record = None if path is None else self._read(path)
        if record is not None and record.session_id != session_id:
            self._report(f"{path}: the record of another session")
            return None
        return record

    def keep(self, record: PausedSession) -> None:
        """As ``PauseStore.keep``; what can't be written is reported, and the session can't be resumed then."""
        path = self._path(record.session_id)
        data = msgspec.json.encode(_File(_VERSION, record))
        if path is None or len(data) > MAX_RECORD_OCTETS:
            self._report(f"a paused session of {len(data)} octets is not kept")
            return
        new = path.with_suffix(f".{os.getpid()}.new")  # two processes may share a directory
        try:
            with new.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except OSError as error:
            self._report(f"{path}: {error.strerror}")
            self._unlink(new)
            return
        for old in self._paths()[self._most :]:
            self._unlink(old)

    def drop(self, session_id: bytes) -> None:
        """As ``PauseStore.drop``."""
        path = self._path(session_id)
        if path is not None:
            self._unlink(path)

    def latest(self, evcc_id: str) -> PausedSession | None:
        """The session that this car paused last; None when there is none."""
        records = (self._read(path) for path in self._paths()[: self._most])
        mine = [record for record in records if record is not None and record.evcc_id == evcc_id]
        return max(mine, key=lambda record: record.paused_unix_s, default=None)

    def _path(self, session_id: bytes) -> Path | None:
        """The file of a session. A peer's octets become a name as hexadecimal digits only, and only as many as fit."""
        if len(session_id) != _SESSION_ID_OCTETS:
            return None
        return self.directory / f"{session_id.hex()}{_SUFFIX}"

    def _paths(self) -> list[Path]:
        """The files, youngest first; those that vanish meanwhile are left out."""
        aged: list[tuple[float, str, Path]] = []
        try:
            found = list(self.directory.glob(f"*{_SUFFIX}"))
        except OSError as error:
            self._report(f"{self.directory}: {error.strerror}")
            return []
        for path in found:
            try:
                aged.append((path.stat().st_mtime, path.name, path))
            except FileNotFoundError:  # another process of this directory was quicker
                continue
            except OSError as error:
                self._report(f"{path}: {error.strerror}")
        return [path for _, _, path in sorted(aged, reverse=True)]

    def _read(self, path: Path) -> PausedSession | None:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_RECORD_OCTETS + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._report(f"{path}: {error.strerror}")
            return None
        if len(data) > MAX_RECORD_OCTETS:
            self._report(f"{path}: more than {MAX_RECORD_OCTETS} octets")
            return None
        try:
            content = msgspec.json.decode(data, type=_File)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self._report(f"{path}: {error}")
            return None
        if content.version != _VERSION:
            self._report(f"{path}: version {content.version} of the format, not {_VERSION}")
            return None
        return content.record

    def _unlink(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._report(f"{path}: {error.strerror}")


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
