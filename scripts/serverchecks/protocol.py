"""Requests as they come over the wire: correct ones in every form, and wrong ones."""

import json
import os
import pathlib
import signal
import socket
import tempfile
import threading
import time
import unittest

from . import ServerCase
from .instance import PROMPT, Server, received

CLOSE = b"Host: localhost\r\nConnection: close\r\n"
"""Header lines after which the server answers and closes the connection."""


def post(path, body, *headers):
    """The bytes of a request with a JSON body."""
    body = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", f"Content-Length: {len(body)}",
             *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Forms(ServerCase):
    def test_http_1_0(self):
        answer = self.server.exchange(b"GET /healthz HTTP/1.0\r\n\r\n")
        head, body = answer.split(b"\r\n\r\n", 1)
        self.assertTrue(head.startswith(b"HTTP/1.0 200"), head)
        self.assertEqual(body, b'{"status":"ok"}')

    def test_http_1_0_streams(self):
        """A client of HTTP/1.0 knows no chunks: the end of the connection ends the body."""
        request = post("/v1/limn/images", {"prompt": PROMPT, "n": 3}).replace(b"HTTP/1.1", b"HTTP/1.0")
        head, body = self.server.exchange(request).split(b"\r\n\r\n", 1)
        self.assertNotIn(b"chunked", head.lower())
        self.assertEqual([json.loads(line)["index"] for line in body.splitlines()], [0, 1, 2])

    def test_head(self):
        for path in "/", "/healthz", "/v1/models", "/metrics", "/openapi.json":
            status, headers, body = self.server.request("HEAD", path)
            self.assertEqual((status, body), (200, b""))
            self.assertGreater(int(headers["content-length"]), 0)
        self.assertEqual(self.server.request("HEAD", "/nothing")[0], 404)

    def test_methods(self):
        status, headers, _ = self.server.request("DELETE", "/v1/models")
        self.assertEqual((status, headers["allow"]), (405, "GET, HEAD"))
        self.assertEqual(self.server.request("GET", "/v1/images/generations")[0], 405)

    def test_keep_alive(self):
        connection = self.server.connection()
        for _ in range(50):
            connection.request("GET", "/healthz")
            self.assertEqual(connection.getresponse().read(), b'{"status":"ok"}')
        connection.close()

    def test_pipelining(self):
        """Requests that are sent at once are answered one after the other, the slow one too."""
        request = post("/v1/limn/images", {"prompt": PROMPT, "n": 2, "size": 16})
        last = b"GET /healthz HTTP/1.1\r\n" + CLOSE + b"\r\n"
        answer = self.server.exchange((b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + request) * 5 + last)
        self.assertEqual(answer.count(b"HTTP/1.1 200 OK"), 11)
        self.assertTrue(answer.endswith(b'{"status":"ok"}'))

    def test_chunked_requests(self):
        body = json.dumps({"prompt": PROMPT}).encode()
        chunks = b"".join(b"%x;name=value\r\n%s\r\n" % (len(part), part) for part in (body[:5], body[5:6], body[6:]))
        answer = self.server.exchange(
            b"POST /v1/images/generations HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n" + CLOSE
            + b"\r\n" + chunks + b"0\r\nTrailer: yes\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer[:300])

    def test_bytes_one_by_one(self):
        request = post("/v1/images/generations", {"prompt": PROMPT}, "Connection: close")
        answer = self.server.exchange(*(bytes([byte]) for byte in request))
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer[:300])

    def test_expectations(self):
        request = post("/v1/images/generations", {"prompt": PROMPT}, "Connection: close", "Expect: 100-continue")
        head, body = request.split(b"\r\n\r\n", 1)
        with self.server.socket() as client:
            client.sendall(head + b"\r\n\r\n")
            self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 100"))
            client.sendall(body)
            self.assertTrue(received(client).startswith(b"HTTP/1.1 200"))


class Faults(ServerCase):
    """Wrong requests are answered with 4xx or dropped, and the server goes on."""

    def tearDown(self):
        self.assertEqual(self.server.request("GET", "/healthz")[0], 200)

    def refused(self, request, *expected):
        answer = self.server.exchange(request)
        if answer or expected:
            self.assertIn(answer[:12], [b"HTTP/1.1 %d" % status for status in expected or range(400, 432)], request[:100])

    def test_malformed_requests(self):
        for request in (b"\r\n\r\nnonsense\r\n\r\n", b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                        b"GET / HTTP/1.1\r\nno colon\r\n" + CLOSE + b"\r\n", b"GET / HTTP/1.1\r\n: empty\r\n" + CLOSE + b"\r\n",
                        b"GET / HTTP/1.1\r\nx: a\0b\r\n" + CLOSE + b"\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"\1" * 200,
                        b"GET /a b HTTP/1.1\r\n" + CLOSE + b"\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            self.refused(request)

    def test_hosts(self):
        """One Host header, with a name of this machine: a web page with another name cannot reach the server."""
        for headers in b"", b"Host: localhost\r\nHost: localhost\r\n":
            self.refused(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n" + headers + b"\r\n", 400)
        for host in b"evil.example", b"evil.example:80", b"localhost.evil.example":
            self.refused(b"GET /healthz HTTP/1.1\r\nConnection: close\r\nHost: " + host + b"\r\n\r\n", 421)

    def test_lengths_that_contradict(self):
        """What smuggles a second request past a proxy."""
        for headers in ("Content-Length: 4\r\nTransfer-Encoding: chunked", "Content-Length: 4\r\nContent-Length: 5", "Content-Length: -1",
                        "Content-Length: +4", "Content-Length: 4,5", "Content-Length: 99999999999999999999", "Transfer-Encoding: xchunked",
                        "Transfer-Encoding: chunked, identity"):
            self.refused(b"POST /v1/images/generations HTTP/1.1\r\n" + headers.encode() + b"\r\n" + CLOSE
                         + b"\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n")

    def test_headers_without_end(self):
        self.refused(b"GET / HTTP/1.1\r\n" + CLOSE + b"x: " + b"y" * 100_000 + b"\r\n\r\n")
        self.refused(b"GET / HTTP/1.1\r\n" + CLOSE + b"".join(b"x%d: y\r\n" % i for i in range(1000)) + b"\r\n")
        self.refused(b"GET /" + b"y" * 100_000 + b" HTTP/1.1\r\n" + CLOSE + b"\r\n")

    def test_large_bodies(self):
        """The answer arrives although the client is still sending."""
        for headers, body in ((b"Content-Length: 20000000\r\n", b"x" * 20_000_000),
                              (b"Transfer-Encoding: chunked\r\n", b"100000\r\n" + b"x" * 0x100000 + b"\r\n") ):
            request = b"POST /v1/images/generations HTTP/1.1\r\nContent-Type: application/json\r\n" + CLOSE + headers + b"\r\n"
            with self.server.socket() as client:
                sender = threading.Thread(target=self.send, args=(client, request, body))
                sender.start()
                self.assertTrue(received(client).startswith(b"HTTP/1.1 413"))
                sender.join()

    def send(self, client, request, body):
        try:
            client.sendall(request)
            for _ in range(20):
                client.sendall(body)
        except OSError:
            pass

    def test_bodies(self):
        for body in b"", b"{", b"[]", b"null", b'"text"', b"[" * 100_000, b'{"prompt":"' + b"x" * 7_000_000 + b'"}', b'{"prompt":"\xff"}', \
                b'{"prompt":"\\ud800"}', b'{"prompt":1}', b'{"prompt":"a","n":1e999}', b'{"prompt":"a","seed":-1}':
            for path in "/v1/images/generations", "/v1/limn/images", "/v1/limn/walks", "/sdapi/v1/txt2img", "/sdapi/v1/png-info":
                if path == "/sdapi/v1/txt2img" and (b'"n"' in body or b"-1" in body):
                    continue
                status, _, answer = self.server.request("POST", path, body, content_type="application/json")
                self.assertEqual(status, 400, (path, body[:50], answer[:200]))
                self.assertIn("error", json.loads(answer))
        self.assertEqual(self.server.request("POST", "/v1/images/generations", b"{}", content_type="text/plain")[0], 415)

    def test_damaged_pngs(self):
        for image in "", "!", "iVBORw0KGgo", "data:image/png;base64,", "data:":
            self.assertEqual(self.server.request("POST", "/sdapi/v1/png-info", {"image": image})[0], 400)

    def test_connections(self):
        """Those beyond the limit are told so; then there is room again."""
        count = 300
        clients = [self.server.socket() for _ in range(count)]
        for client in clients:
            client.sendall(b"GET /healthz HTTP/1.1\r\n" + CLOSE + b"\r\n")
        answers = [received(client)[:12] for client in clients]
        for client in clients:
            client.close()
        self.assertLessEqual(set(answers), {b"HTTP/1.1 200", b"HTTP/1.1 503"})

    def test_idle_connections(self):
        clients = [self.server.socket() for _ in range(300)]
        time.sleep(0.5)
        with self.server.socket() as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\n" + CLOSE + b"\r\n")
            self.assertTrue(received(client).startswith(b"HTTP/1.1 503"))
        many = [self.server.socket() for _ in range(300)]
        for client in clients + many:
            client.close()
        end = time.monotonic() + 10
        while self.server.request("GET", "/healthz")[0] == 503 and time.monotonic() < end:
            time.sleep(0.1)


class SlowClients(ServerCase):
    """Clients that trickle; each test takes a minute, so that they run only with --long."""

    def drop_time(self, request, part):
        """Seconds until the server drops a client that sends a part every second."""
        with self.server.socket(timeout=1) as client:
            begin = time.monotonic()
            client.sendall(request)
            while time.monotonic() - begin < 120:
                try:
                    client.sendall(part)
                    if not client.recv(1000):
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            return time.monotonic() - begin

    def test_headers(self):
        self.assertLess(self.drop_time(b"GET / HTTP/1.1\r\n", b"x: y\r\n"), 70)

    def test_bodies(self):
        head = b"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
        self.assertLess(self.drop_time(head, b" "), 40)

    def test_idle(self):
        with self.server.socket(timeout=90) as client:
            begin = time.monotonic()
            self.assertEqual(client.recv(1), b"")
            self.assertLess(time.monotonic() - begin, 70)

    def test_readers(self):
        """A client that does not read what it asked for is dropped, too, and its images are cancelled."""
        body = {"from": {"prompt": PROMPT}, "to": {"prompt": PROMPT, "seed": 1}, "frames": 120, "size": 1024}
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with client:
            client.connect(("127.0.0.1", self.server.port))
            client.sendall(post("/v1/limn/walks", body))
            end = time.monotonic() + 120
            while self.server.metric("limn_connections") > 1 and time.monotonic() < end:
                time.sleep(1)
            self.assertEqual(self.server.metric("limn_connections"), 1)


def make_run(path):
    """A run directory with the files that the server reads."""
    path.mkdir(parents=True)
    (path / "recipe.yaml").write_text("secret: 1\n")
    (path / "log.txt").write_text("a log\n")
    (path / "stats.jsonl").write_text('{"images": 1, "loss": 2}\n{"images": 2, "loss"')
    for name in "reals.png", "fakes-000000009.png":
        (path / name).write_bytes(b"pixels")


class Runs(ServerCase):
    """Only files of runs are served, whatever the names in a path."""

    def test_paths(self):
        with tempfile.TemporaryDirectory() as folder:
            root, outside = pathlib.Path(folder, "runs"), pathlib.Path(folder, "outside")
            make_run(root / "mine")
            make_run(outside / "other")
            (root / "mine" / "fakes-000000001.png").symlink_to("/etc/passwd")
            (root / "mine" / "fakes-000000002.png").symlink_to("reals.png")
            os.mkfifo(root / "mine" / "fakes-000000003.png")
            (root / "mine" / "fakes-000000004.png").mkdir()
            (root / "mine" / "encoder").symlink_to(outside / "other")
            (root / "link").symlink_to(outside / "other")
            server = Server(self.server.command, *self.server.options, "--runs", str(root))
            try:
                self.check(server)
            finally:
                self.assertEqual(server.stop(), 0)

    def check(self, server):
        path = "/v1/limn/runs/"
        # A link in the folder of runs is its owner's choice; one in a run may come with the run.
        self.assertEqual([run["name"] for run in server.json("GET", path[:-1])["runs"]], ["link", "mine"])
        self.assertEqual(server.json("GET", path + "mine/statistics")["rows"], [{"images": 1, "loss": 2}])
        self.assertEqual(server.json("GET", path + "mine/statistics?stage=encoder")["rows"], [])
        self.assertEqual(server.json("GET", path + "m%69ne")["log_tail"], "a log\n")
        self.assertEqual(server.request("GET", path + "mine/grids/reals.png")[2], b"pixels")
        self.assertEqual(server.request("GET", path + "mine/grids/fakes-000000002.png")[2], b"pixels")
        for number in 1, 3, 4:
            self.assertEqual(server.request("GET", path + f"mine/grids/fakes-00000000{number}.png")[0], 404)
        dots = "..", "%2e%2e", ".%2E", "%252e%252e", "..%00", "%c0%ae%c0%ae", ".", "mine%2f..%2fmine", "mine/../mine", "..%5cmine"
        for name in *dots, "", "%", "%zz", "mine%00", "MINE", "mine.", "../outside/other", "..%2foutside%2fother", "%2fetc":
            for rest in "", "/statistics", "/evaluation", "/grids/reals.png":
                status = self.status(server, path + name + rest)
                self.assertIn(status, (400, 404), name + rest)
        for name in *dots, "log.txt", "recipe.yaml", "../log.txt", "..%2flog.txt", "fakes-..%2f..%2fa.png", "fakes-000000001.png%00", \
                "fakes-%2e%2e%2f%2e%2e.png", "reals.png/", "reals.png%2f..", "/etc/passwd", "%2fetc%2fpasswd":
            self.assertIn(self.status(server, path + "mine/grids/" + name), (400, 404), name)
        for stage in "..", "../..", "%2e%2e", "encoder%2f..":
            self.assertEqual(server.request("GET", path + "mine/statistics?stage=" + stage)[0], 400)

    def status(self, server, path):
        answer = server.exchange(f"GET {path} HTTP/1.1\r\n".encode() + CLOSE + b"\r\n")
        self.assertNotIn(b"secret", answer)
        return int(answer[9:12])


class Stopping(ServerCase):
    def test_requests_in_flight_are_answered(self):
        server = Server(self.server.command, *self.server.options)
        idle, half = server.socket(), server.socket(timeout=60)
        request = post("/v1/images/generations", {"prompt": PROMPT})
        half.sendall(request[:-10])
        answers = []

        def generate():
            answers.append(server.request("POST", "/v1/images/generations", {"prompt": PROMPT, "n": 64}))

        threads = [threading.Thread(target=generate) for _ in range(8)]
        for thread in threads:
            thread.start()
        while server.metric("limn_images_total") + server.metric("limn_queue_images") < 8 * 64:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(idle.recv(1), b"")
        with self.assertRaises(ConnectionError):
            server.socket()
        half.sendall(request[-10:])
        self.assertTrue(received(half).startswith(b"HTTP/1.1 200"))
        for thread in threads:
            thread.join()
        self.assertEqual(server.process.wait(60), 0)
        self.assertEqual([status for status, _, _ in answers], [200] * 8)
        for _, _, content in answers:
            self.assertEqual(len(json.loads(content)["data"]), 64)

    def test_streams_in_flight_are_completed(self):
        server = Server(self.server.command, *self.server.options)
        connection = server.connection()
        connection.request("POST", "/v1/limn/images", json.dumps({"prompt": PROMPT, "n": 64}), {"Content-Type": "application/json"})
        response = connection.getresponse()
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(len(response.read().splitlines()), 64)
        self.assertEqual(server.process.wait(60), 0)

    def test_a_hangup_ignored_at_the_start_stays_ignored(self):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            server = Server(self.server.command, *self.server.options)
        finally:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        self.assertEqual(server.request("GET", "/healthz")[0], 200)
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(60), 0)

    def test_a_pipelined_request_is_answered(self):
        server = Server(self.server.command, *self.server.options)
        request = post("/v1/images/generations", {"prompt": PROMPT, "n": 32})
        with server.socket(timeout=60) as client:
            client.sendall(request * 2)
            self.assertTrue(client.recv(20).startswith(b"HTTP/1.1 200"))
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(received(client).count(b"HTTP/1.1 200"), 1)
        self.assertEqual(server.process.wait(60), 0)
