"""Records in a directory: one JSON file each, so that a restart of the process loses none.

Files are replaced whole, never written in place. A file that can't be read is reported and passed over.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

__all__ = ["MAX_RECORD_OCTETS", "RecordFiles"]

MAX_RECORD_OCTETS = 1 << 20
"""Longest record: three schedules of 1,024 steps with prices have a third of it. Ours."""

_VERSION = 1

Record = TypeVar("Record", bound=msgspec.Struct)


class _File(msgspec.Struct, Generic[Record], frozen=True, forbid_unknown_fields=True):
    """What stands in a file."""

    version: int
    record: Record


class RecordFiles(Generic[Record]):
    """The files of one kind of record in a directory that exists; others in it are left alone."""

    def __init__(
        self, directory: Path, suffix: str, kind: type[Record], *, report: Callable[[str], object], most: int
    ) -> None:
        """Nothing is read yet.

        Args:
            directory: Where.
            suffix: How their names end; the rest of a name is the caller's.
            kind: What they hold.
            report: Is told, in one line, what could not be read or written.
            most: How many are held; the oldest make room.
        """
        self.directory = directory
        self.most = most
        self._suffix = suffix
        # The kind is known when the program runs only.
        self._file: Any = _File[kind]  # type: ignore[valid-type]
        self._report = report

    def path(self, name: str) -> Path:
        """The file of that name."""
        return self.directory / f"{name}{self._suffix}"

    def paths(self) -> list[Path]:
        """The files, youngest first; those that vanish meanwhile are left out."""
        aged: list[tuple[float, str, Path]] = []
        try:
            found = list(self.directory.glob(f"*{self._suffix}"))
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

    def read(self, path: Path) -> Record | None:
        """What a file holds; None when there is none, or when it can't be read."""
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
            content = msgspec.json.decode(data, type=self._file)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self._report(f"{path}: {error}")
            return None
        if content.version != _VERSION:
            self._report(f"{path}: version {content.version} of the format, not {_VERSION}")
            return None
        record: Record = content.record
        return record

    def write(self, path: Path, record: Record) -> None:
        """Put a record into its file; what can't be written is reported."""
        data = msgspec.json.encode(_File(_VERSION, record))
        if len(data) > MAX_RECORD_OCTETS:
            self._report(f"{path}: a record of {len(data)} octets is not kept")
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
            self.unlink(new)
            return
        for old in self.paths()[self.most :]:
            self.unlink(old)

    def unlink(self, path: Path) -> None:
        """Remove a file; none is no error."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._report(f"{path}: {error.strerror}")
