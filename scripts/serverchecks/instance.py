"""A running server, and requests to it without any client library."""

import http.client
import json
import re
import signal
import socket
import subprocess
import tempfile
import time

MODEL = "flowers-64"
PROMPT = "a flower with purple petals and a yellow center"


class Server:
    """`limn serve` on a free port.

    command: its words, such as ["limn", "serve"].
    """

    def __init__(self, command, *options):
        self.command, self.options = command, options
        self.log = tempfile.TemporaryFile("w+b")
        self.process = subprocess.Popen([*command, "--port", "0", *options], stdin=subprocess.DEVNULL, stderr=self.log)
        end = time.monotonic() + 60
        while not (found := re.search(r" at http://127\.0\.0\.1:(\d+)", self.errors())):
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise SystemExit(f"check-server: the server did not start:\n{self.errors()}")
            time.sleep(0.05)
        self.port = int(found[1])
        self.address = f"http://127.0.0.1:{self.port}"

    def errors(self):
        """What the server has written to standard error."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def is_running(self):
        return self.process.poll() is None

    def exchange(self, *parts, timeout=10):
        """Sends bytes on a connection of its own, and returns what the server answers until it closes the connection."""
        with self.socket(timeout) as client:
            for part in parts:
                client.sendall(part)
            return received(client)

    def stop(self):
        """Sends SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        finally:
            self.process.kill()

    def connection(self, timeout=60):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def socket(self, timeout=10):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def request(self, method, path, body=None, **headers):
        """A request on a connection of its own; status, headers and body of the response."""
        connection = self.connection()
        if isinstance(body, dict):
            body = json.dumps(body)
            headers.setdefault("content_type", "application/json")
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, response.headers, content

    def json(self, method, path, body=None):
        status, _, content = self.request(method, path, body)
        assert status == 200, (status, content[:300])
        return json.loads(content)

    def metric(self, name):
        """The sum of a metric's samples."""
        text = self.request("GET", "/metrics")[2].decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(rf"{name}[ {{]", line))


def received(client):
    """What arrives until the server closes the connection, or resets it."""
    data = b""
    try:
        while part := client.recv(1 << 16):
            data += part
    except ConnectionResetError:
        pass
    return data
