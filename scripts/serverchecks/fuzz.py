"""Valid requests with random damage, sent in random pieces on many connections."""

import json
import random
import socket
import sys
import threading
import time
from collections import Counter

from .instance import PROMPT
from .protocol import post

HEADERS = (b"Content-Length: 5", b"Content-Length: 18446744073709551616", b"Transfer-Encoding: chunked", b"Connection: close",
           b"Connection: upgrade\r\nUpgrade: h2c", b"Expect: 100-continue", b"Host: \xff", b"Authorization: Basic Og==", b"Authorization: Bearer",
           b"Content-Type: application/json; charset=utf-16", b"Content-Encoding: gzip", b": ", b"\0", b"x: " + b"y" * 9000)
VALUES = (b"-1", b"0", b"1e999", b"-0.0", b"9223372036854775808", b"18446744073709551615", b"0.5", b"null", b"true", b'""', b"[]", b"{}",
          b'"\\u0000"', b'"\\ud800"', b'"\xff"', b"NaN", b"[" * 600, b'"' + "\U0001f338e\u0301".encode() * 300 + b'"', b'"9e9"', b"1024", b"16")
PATHS = (b"%", b"%00", b"%2f", b"..", b"//", b"?", b"?after=", b"&", b"#", b"\xff", b"*", b"http://localhost/", b"a" * 3000)


def originals(grids):
    """Valid requests."""
    get = [b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode() for path in (
        "/", "/runs", "/healthz", "/metrics", "/openapi.json", "/v1/models", "/v1/models/flowers-64", "/v1/limn/models", "/sdapi/v1/options",
        "/sdapi/v1/progress", "/v1/limn/runs", *grids)]
    end = {"prompt": PROMPT, "seed": 1}
    bodies = [
        ("/v1/images/generations", {"prompt": PROMPT, "n": 2, "size": "64x64", "seed": 7, "truncation": 1.5, "response_format": "url"}),
        ("/v1/limn/images", {"prompt": PROMPT, "n": 2, "seed": "7", "size": 32, "variation": {"seed": 3, "strength": 0.5}}),
        ("/v1/limn/walks", {"from": end, "to": {"prompt": "a red rose"}, "frames": 3, "model": "flowers-64"}),
        ("/sdapi/v1/txt2img", {"prompt": PROMPT, "batch_size": 2, "n_iter": 1, "seed": -1, "subseed": 4, "subseed_strength": 0.1,
                               "width": 64, "height": 64, "override_settings": {"sd_model_checkpoint": "flowers-64"}}),
        ("/sdapi/v1/options", {"sd_model_checkpoint": "flowers-64"}),
        ("/sdapi/v1/png-info", {"image": PNG})]
    return get + [post(path, body) for path, body in bodies]


PNG = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAAEXRFWHRwYXJhbWV0ZXJzAGEgcm9zZXlzD1wAAAAMSURBVHicY/j//z8ABf4C/g3vRrgAAAAASUVO"
       "RK5CYII=")
"""One pixel with a text."""


def mutant(request, rng):
    """The request with one to four changes."""
    for _ in range(rng.randint(1, 4)):
        data = bytearray(request)
        at = rng.randrange(len(data) + 1) if data else 0
        head = request.find(b"\r\n\r\n")
        choice = rng.randrange(9)
        if choice == 0 and data:
            data[at - 1] ^= 1 << rng.randrange(8)
        elif choice == 1:
            data[at:at] = rng.randbytes(rng.randint(1, 20))
        elif choice == 2:
            del data[at:at + rng.choice((1, 2, 10, 1000))]
        elif choice == 3:
            data[at:at] = data[at:at + rng.randint(1, 100)] * rng.randint(1, 5)
        elif choice == 4 and (line := request.find(b"\r\n")) >= 0:
            data[line:line] = b"\r\n" + rng.choice(HEADERS)
        elif choice == 5 and (line := request.find(b" HTTP")) >= 0:
            data[line:line] = rng.choice(PATHS)
        elif head >= 0:
            # A value of the body, with a length that is right.
            body = bytearray(data[head + 4:])
            places = [i + 1 for i, byte in enumerate(body) if byte in b":["]
            if places:
                start = rng.choice(places)
                stop = next((i for i in range(start, len(body)) if body[i] in b",}]"), len(body))
                body[start:stop] = rng.choice(VALUES)
                lines = bytes(data[:head]).split(b"\r\n")
                lines = [b"Content-Length: %d" % len(body) if line.lower().startswith(b"content-length") else line for line in lines]
                data = bytearray(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        request = bytes(data)
    return request


def converse(server, requests, rng, counts):
    """Sends one to three requests, mutated or not, in pieces, and reads a while."""
    data = b"".join(mutant(request, rng) if rng.random() < 0.9 else request
                    for request in rng.choices(requests, k=rng.choice((1, 1, 1, 2, 3))))
    try:
        with server.socket(timeout=rng.choice((0.05, 0.5, 2))) as client:
            for _ in range(rng.randint(0, 3)):
                cut = rng.randrange(len(data) + 1)
                client.sendall(data[:cut])
                data = data[cut:]
            client.sendall(data)
            if rng.random() < 0.3:
                client.shutdown(socket.SHUT_WR)
            answer = b""
            if rng.random() < 0.9:
                while part := client.recv(1 << 16):
                    answer += part
                    if rng.random() < 0.02:
                        break
            counts[answer[9:12].decode() if answer.startswith(b"HTTP/1.") else "other" if answer else "dropped"] += 1
    except TimeoutError:
        counts["waiting"] += 1
    except OSError:
        counts["reset"] += 1


def run(server, seconds, seed):
    """Sends mutants for a time. Raises AssertionError unless the server answers during it, and ends properly afterwards."""
    runs = server.json("GET", "/v1/limn/runs")["runs"] if "--runs" in server.options else []
    grids = [f"/v1/limn/runs/{run['name']}{rest}" for run in runs[:3]
             for rest in ("", "/statistics?after=5&stage=gan", "/evaluation", "/grids/reals.png")]
    requests, counts, end = originals(grids), Counter(), time.monotonic() + seconds

    def work(number):
        rng = random.Random(seed * 1000 + number)
        while time.monotonic() < end and server.is_running():
            converse(server, requests, rng, counts)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(1)
        if server.is_running():
            assert server.request("GET", "/healthz")[0] == 200
    log = server.errors()
    assert server.is_running(), log[-5000:]
    for text in "Sanitizer", "Fatal error", "ERROR":
        assert text not in log, log[log.index(text) - 200:][:5000]
    body = json.dumps({"prompt": PROMPT})
    assert server.request("POST", "/v1/images/generations", body, content_type="application/json")[0] == 200
    assert server.stop() == 0, server.errors()[-5000:]
    print(f"{sum(counts.values())} conversations, seed {seed}: "
          + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())), file=sys.stderr)
