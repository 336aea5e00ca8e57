"""The server against its own description: schemathesis derives requests from /openapi.json, valid and invalid."""

import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest

from . import ServerCase
from .instance import Server
from .protocol import make_run

# A schema can say neither that two sides are equal, that a product is at most 64, nor that a text is a PNG, so that a request that fits
# it may be refused.
CONFIGURATION = """
[[operations]]
include-name = ["POST /sdapi/v1/txt2img", "POST /sdapi/v1/png-info"]
checks.positive_data_acceptance.expected-statuses = ["2xx", 400]
"""


@unittest.skipUnless(importlib.util.find_spec("schemathesis"), "the package schemathesis is not installed")
class Description(ServerCase):
    examples = 20
    """Requests per operation of each kind."""

    def test_answers_are_as_described(self):
        with tempfile.TemporaryDirectory() as folder:
            make_run(pathlib.Path(folder, "runs", "mine"))
            pathlib.Path(folder, "schemathesis.toml").write_text(CONFIGURATION)
            server = Server(self.server.command, *self.server.options, "--runs", f"{folder}/runs")
            command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run",
                       server.address + "/openapi.json", "--max-examples", str(self.examples), "--request-timeout", "120",
                       "--no-color"]
            done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual(server.stop(), 0)
        self.assertEqual(done.returncode, 0, done.stdout)
        print(done.stdout[done.stdout.index("API Operations"):], file=sys.stderr)
