"""A proxy between browser and server that records requests, and can answer in the server's place or slow it down."""

import http.client
import json
import re
import select
import socket
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Request:
    """A request that passed: method, path, headers and the JSON of its body."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers = method, path, headers
        self.body = json.loads(body) if body else None


class Answer:
    """An answer in the server's place; `body` is an object, sent as JSON."""

    def __init__(self, status, body, **headers):
        self.status, self.body, self.headers = status, json.dumps(body).encode(), headers


class FaultProxy:
    """Passes requests to the server at `upstream`.

    answer: a function of a Request that returns an Answer or None; edit: a function of a Request and the JSON of its answer that
    returns the JSON to send; hold_after: lines after which streams wait until this is None; down: answers nothing, and breaks off
    streams that wait. `reset` restores all of these and forgets requests. `cancelled`: streams that the browser closed early.
    """

    def __init__(self, upstream):
        self.upstream = urllib.parse.urlparse(upstream)
        self.reset()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            log_message = lambda *_: None
            do_GET = do_POST = lambda handler: proxy.serve(handler)

        class Listener(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                if not isinstance(sys.exc_info()[1], ConnectionError):   # the browser closed a connection
                    super().handle_error(request, address)

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown()

    def reset(self):
        self.requests, self.cancelled = [], 0
        self.answer, self.edit = lambda request: None, lambda request, value: value
        self.hold_after, self.down = None, False

    def sent(self, pattern):
        """The requests whose path matches."""
        return [request for request in self.requests if re.search(pattern, request.path)]

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if self.down:
            handler.close_connection = True
            return handler.connection.close()
        request = Request(handler.command, handler.path, handler.headers, body)
        self.requests.append(request)
        answer = self.answer(request)
        if answer:
            return self.send(handler, answer.status, {"Content-Type": "application/json", **answer.headers}, answer.body)

        connection = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=120)
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in ("host", "connection", "accept-encoding")}
        if "Origin" in headers:
            headers["Origin"] = f"http://{self.upstream.netloc}"
        connection.request(handler.command, handler.path, body or None, headers)
        response = connection.getresponse()
        try:
            if "ndjson" in response.getheader("Content-Type", ""):
                self.stream(handler, response)
            else:
                data = response.read()
                if "json" in response.getheader("Content-Type", "") and response.status == 200:
                    data = json.dumps(self.edit(request, json.loads(data))).encode()
                kept = {name: value for name, value in response.getheaders() if name.lower() not in ("transfer-encoding", "content-length", "connection")}
                self.send(handler, response.status, kept, data)
        finally:
            connection.close()

    @staticmethod
    def send(handler, status, headers, data):
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    def stream(self, handler, response):
        handler.send_response(response.status)
        handler.send_header("Content-Type", response.getheader("Content-Type"))
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            for number, line in enumerate(iter(response.readline, b"")):
                while number == self.hold_after:
                    if self.down:
                        handler.close_connection = True
                        return handler.connection.shutdown(socket.SHUT_RDWR)
                    if select.select([handler.connection], [], [], 0.02)[0] and not handler.connection.recv(1, socket.MSG_PEEK):
                        raise ConnectionAbortedError
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                handler.wfile.flush()
            handler.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.cancelled += 1
            handler.close_connection = True
