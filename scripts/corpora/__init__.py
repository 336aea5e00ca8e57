"""The parts of scripts/get-corpora, which builds image folders from Debian packages."""


class Failure(Exception):
    """Ends the command with one line of text and an exit status, one of those in docs/command-line.md."""

    USAGE, INVALID_DATA, NOT_FOUND, CANNOT_WRITE, OTHER = 64, 65, 66, 73, 1

    def __init__(self, message, status=OTHER):
        super().__init__(message)
        self.status = status
