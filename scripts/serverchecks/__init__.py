"""What scripts/check-server checks."""

import unittest


class ServerCase(unittest.TestCase):
    """Checks of the server that scripts/check-server started."""

    server = None
    """The running server, an `instance.Server`."""

    generate = None
    """The words of the command `limn generate`, for comparison."""
