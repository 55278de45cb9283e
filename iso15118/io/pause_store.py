"""Paused sessions, and the transactions that go on with them, in a directory (``record_files``).

A file that can't be read costs a car that one resume, nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from iso15118.errors import LocalError
from iso15118.io.record_files import MAX_RECORD_OCTETS, RecordFiles
from iso15118.ocpp.suspended import DropSuspended, KeepSuspended, SuspendedTransaction, TransactionStore
from iso15118.session.pause import MAX_PAUSED, PausedSession

if TYPE_CHECKING:
    from iso15118.ocpp.station import ChargingStation

__all__ = ["MAX_RECORD_OCTETS", "FileStore", "keeping_transactions"]

_SESSION_ID_OCTETS = 8
_NAME_DIGITS = 16


class FileStore:
    """Records in a directory of their own."""

    def __init__(
        self, directory: Path, *, report: Callable[[str], object] = lambda text: None, most: int = MAX_PAUSED
    ) -> None:
        """Make the directory if there is none.

        Args:
            directory: Where; other files in it are left alone.
            report: Is told, in one line, what could not be read or written.
            most: How many records of each kind are held; the oldest make room.

        Raises:
            LocalError: The directory can't be made.
        """
        self.directory = directory
        self._report = report
        self._sessions = RecordFiles(directory, ".paused.json", PausedSession, report=report, most=most)
        self._transactions = RecordFiles(directory, ".transaction.json", SuspendedTransaction, report=report, most=most)
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LocalError(f"can't keep paused sessions in {directory}: {error.strerror}") from None

    # --- sessions ---

    def find(self, session_id: bytes) -> PausedSession | None:
        """As ``PausedSessions.find``."""
        path = self._path(session_id)
        record = None if path is None else self._sessions.read(path)
        if record is not None and record.session_id != session_id:
            self._report(f"{path}: the record of another session")
            return None
        return record

    def keep(self, record: PausedSession) -> None:
        """As ``PauseStore.keep``; what can't be written is reported, and the session can't be resumed then."""
        path = self._path(record.session_id)
        if path is None:
            self._report("a paused session without a SessionID is not kept")
            return
        self._sessions.write(path, record)

    def drop(self, session_id: bytes) -> None:
        """As ``PauseStore.drop``."""
        path = self._path(session_id)
        if path is not None:
            self._sessions.unlink(path)

    def latest(self, evcc_id: str) -> PausedSession | None:
        """The session that this car paused last; None when there is none."""
        records = map(self._sessions.read, self._sessions.paths()[: self._sessions.most])
        mine = [record for record in records if record is not None and record.evcc_id == evcc_id]
        return max(mine, key=lambda record: record.paused_unix_s, default=None)

    def _path(self, session_id: bytes) -> Path | None:
        """The file of a session. A peer's octets become a name as hexadecimal digits only, and only as many as fit."""
        return self._sessions.path(session_id.hex()) if len(session_id) == _SESSION_ID_OCTETS else None

    # --- transactions ---

    def keep_transaction(self, record: SuspendedTransaction) -> None:
        """As ``TransactionStore.keep_transaction``; what can't be written is reported, and does not survive a restart."""
        self._transactions.write(self._transaction_path(record.transaction_id), record)

    def drop_transaction(self, transaction_id: str) -> None:
        """As ``TransactionStore.drop_transaction``."""
        self._transactions.unlink(self._transaction_path(transaction_id))

    def transactions(self) -> tuple[SuspendedTransaction, ...]:
        """As ``TransactionStore.transactions``, the oldest first."""
        paths = self._transactions.paths()[: self._transactions.most]
        return tuple(record for record in map(self._transactions.read, reversed(paths)) if record is not None)

    def _transaction_path(self, transaction_id: str) -> Path:
        """A transaction has the station's name in its own, which may not be fit for a file."""
        return self._transactions.path(hashlib.sha256(transaction_id.encode()).hexdigest()[:_NAME_DIGITS])


def keeping_transactions(store: TransactionStore, station: ChargingStation) -> Callable[[float], None]:
    """What a driver calls before it takes the station's frames (``StationLink(before_frames=...)``)."""

    def keep(now: float) -> None:
        for action in station.take_records(now):
            match action:
                case KeepSuspended(record=record):
                    store.keep_transaction(record)
                case DropSuspended(transaction_id=transaction_id):
                    store.drop_transaction(transaction_id)

    return keep
