"""A folder that is written completely or not at all: as NAME.partial, which is renamed at the end."""

import errno
import json
import os
import shutil

from . import Failure


class StagedFolder:
    """`create` makes the folder `path` to write to, `publish` gives it its name, `discard` removes it.

    target: a new or empty folder, or, if `replace`, one that this script has made.
    """

    def __init__(self, target, replace):
        self.target = os.path.realpath(target)
        self.path, self.old = self.target + ".partial", self.target + ".old"
        if os.path.lexists(self.target):
            if not os.path.isdir(self.target):
                raise Failure(f"{target} is a file; name a new folder", Failure.CANNOT_WRITE)
            if os.listdir(self.target):
                if not replace:
                    raise Failure(f"{target} is not empty; name a new folder, or replace it with --replace",
                                  Failure.CANNOT_WRITE)
                if not all(os.path.isfile(os.path.join(self.target, name)) for name in ("corpus.json", "metadata.jsonl")):
                    raise Failure(f"{target} has no corpus.json and metadata.jsonl, so this script did not make it and does "
                                  "not replace it; name another folder", Failure.CANNOT_WRITE)
                if os.path.lexists(self.old):
                    raise Failure(f"{self.old} is there already, and {target} gets this name while it is replaced; remove it, or "
                                  "rename it", Failure.CANNOT_WRITE)
        if os.path.lexists(self.path):
            raise Failure(f"{self.path} is there already, left by an interrupted run or still being written; remove it",
                          Failure.CANNOT_WRITE)
        self.is_created = False

    def create(self):
        try:
            os.makedirs(os.path.dirname(self.target), exist_ok=True)
            # Set first, so that an interruption right after the call removes the folder.
            self.is_created = True
            os.mkdir(self.path)
        except OSError as error:
            self.is_created = False
            raise self._unwritable(error)

    def _unwritable(self, error):
        reason = "the disk is full; make room, or name a folder elsewhere" if error.errno == errno.ENOSPC else error.strerror
        return Failure(f"cannot write to {self.target}: {reason}", Failure.CANNOT_WRITE)

    def write(self, name, data):
        path = os.path.join(self.path, name)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
        except OSError as error:
            raise self._unwritable(error)

    def make(self, name):
        """Creates a folder in it, and returns its path."""
        path = os.path.join(self.path, name)
        os.mkdir(path)
        return path

    def remove(self, name):
        shutil.rmtree(os.path.join(self.path, name), ignore_errors=True)

    def write_rows(self, rows):
        lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows]
        self.write("metadata.jsonl", "".join(lines).encode())

    def publish(self):
        try:
            # One sync(2) replaces thousands of fsync(2) calls.
            os.sync()
            is_replaced = os.path.isdir(self.target) and os.listdir(self.target)
            if is_replaced:
                os.rename(self.target, self.old)
            try:
                os.rename(self.path, self.target)
            except OSError:
                if is_replaced:
                    os.rename(self.old, self.target)
                raise
        except OSError as error:
            raise self._unwritable(error)
        if is_replaced:
            shutil.rmtree(self.old, ignore_errors=True)

    def discard(self):
        if self.is_created:
            shutil.rmtree(self.path, ignore_errors=True)
