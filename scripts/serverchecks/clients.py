"""The server as the libraries see it that people use."""

import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from corpora import png

from . import ServerCase
from .instance import MODEL, PROMPT, Server

try:
    import openai
except ImportError:
    openai = None
try:
    import webuiapi
except ImportError:
    webuiapi = None
try:
    from prometheus_client import parser as prometheus
except ImportError:
    prometheus = None


def samples(data):
    """Width, height and R, G, B, A bytes of a PNG."""
    width, height, pixels = png.read(data)
    return width, height, b"".join(pixel.to_bytes(4, sys.byteorder) for pixel in pixels)


class Comparison(ServerCase):
    def assert_same_image(self, data, other):
        """Pixels may differ by one level: how images are batched determines the order of sums."""
        (width, height, first), (*size, second) = samples(data), samples(other)
        self.assertEqual([width, height], size)
        self.assertLessEqual(max(abs(a - b) for a, b in zip(first, second)), 1)

    def generated(self, seed, *options):
        """The image of `limn generate`."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "image.png")
            subprocess.run([*self.generate, PROMPT, "--seed", str(seed), "--out", path, *options], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return path.read_bytes()


@unittest.skipUnless(openai, "the package openai is not installed")
class OpenAI(Comparison):
    def client(self, server=None, key="none"):
        return openai.OpenAI(base_url=(server or self.server).address + "/v1", api_key=key, max_retries=0)

    def test_images_equal_those_of_limn_generate(self):
        response = self.client().images.generate(prompt=PROMPT, model=MODEL, n=3, extra_body={"seed": 7})
        self.assertEqual([image.seed for image in response.data], ["7", "8", "9"])
        for image in response.data:
            self.assert_same_image(base64.b64decode(image.b64_json), self.generated(int(image.seed)))

    def test_sizes(self):
        response = self.client().images.generate(prompt=PROMPT, size="256x256", extra_body={"seed": 7})
        self.assert_same_image(base64.b64decode(response.data[0].b64_json), self.generated(7, "--size", "256"))

    def test_urls_hold_the_image(self):
        response = self.client().images.generate(prompt=PROMPT, response_format="url", extra_body={"seed": 7})
        self.assertIsNone(response.data[0].b64_json)
        head, data = response.data[0].url.split(",")
        self.assertEqual(head, "data:image/png;base64")
        self.assert_same_image(base64.b64decode(data), self.generated(7))

    def test_images_differ_without_a_seed(self):
        seeds = {self.client().images.generate(prompt=PROMPT).data[0].seed for _ in range(3)}
        self.assertEqual(len(seeds), 3)

    def test_models(self):
        client = self.client()
        self.assertEqual([model.id for model in client.models.list()], [MODEL])
        self.assertEqual(client.models.retrieve(MODEL).owned_by, "limn")

    def test_errors_have_their_classes(self):
        images = self.client().images
        for words in ({"prompt": " "}, {"prompt": "x" * 2001}, {"prompt": PROMPT, "n": 0}, {"prompt": PROMPT, "n": 65},
                      {"prompt": PROMPT, "size": "64x65"}, {"prompt": PROMPT, "output_format": "jpeg"}):
            with self.assertRaises(openai.BadRequestError):
                images.generate(**words)
        for model in "unknown", "../" + MODEL:
            with self.assertRaises(openai.NotFoundError) as caught:
                images.generate(prompt=PROMPT, model=model)
            self.assertEqual(caught.exception.code, "model_not_found")

    def test_keys(self):
        with tempfile.NamedTemporaryFile("w") as keys:
            keys.write("# of a test\nsesame\n\nsecond\n")
            keys.flush()
            server = Server(self.server.command, *self.server.options, "--api-key-file", keys.name)
        try:
            for key in "none", "sesam", "sesamee", "# of a test":
                with self.assertRaises(openai.AuthenticationError):
                    self.client(server, key).models.list()
            for key in "sesame", "second":
                self.assertEqual(len(self.client(server, key).images.generate(prompt=PROMPT).data), 1)
            self.assertEqual(server.request("GET", "/metrics")[0], 401)
            self.assertEqual(server.request("GET", "/healthz")[0], 200)
        finally:
            self.assertEqual(server.stop(), 0)

    def test_a_full_queue(self):
        server = Server(self.server.command, *self.server.options, "--queue", "64")
        try:
            refusals = []

            def generate():
                try:
                    self.client(server).images.generate(prompt=PROMPT, n=64)
                except openai.RateLimitError as error:
                    refusals.append(error)

            threads = [threading.Thread(target=generate) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertTrue(1 <= len(refusals) <= 3, refusals)
            self.assertGreaterEqual(int(refusals[0].response.headers["retry-after"]), 1)
            self.assertEqual(server.metric("limn_queue_images"), 0)
        finally:
            self.assertEqual(server.stop(), 0)


@unittest.skipUnless(webuiapi, "the package webuiapi is not installed")
class WebUI(Comparison):
    def client(self):
        return webuiapi.WebUIApi(port=self.server.port, sampler="GAN", steps=20)

    def png(self, result, index=0):
        return base64.b64decode(result.json["images"][index])

    def test_images_equal_those_of_limn_generate(self):
        result = self.client().txt2img(prompt=PROMPT, seed=7, width=64, height=64, batch_size=2, n_iter=2)
        self.assertEqual(result.info["all_seeds"], [7, 8, 9, 10])
        self.assertEqual(len(result.images), 4)
        for index in range(4):
            self.assert_same_image(self.png(result, index), self.generated(7 + index))

    def test_the_default_size(self):
        result = self.client().txt2img(prompt=PROMPT, seed=7)
        self.assert_same_image(self.png(result), self.generated(7, "--size", str(result.image.width)))

    def test_variations(self):
        """A subseed turns the noise toward another seed's: not at all, partly, and wholly."""
        def at(strength):
            return self.png(self.client().txt2img(
                prompt=PROMPT, seed=7, subseed=8, subseed_strength=strength, width=64, height=64))

        self.assert_same_image(at(0), self.generated(7))
        self.assert_same_image(at(1), self.generated(8))
        for other in 7, 8:
            with self.assertRaises(AssertionError):
                self.assert_same_image(at(0.5), self.generated(other))

    def test_metadata(self):
        client = self.client()
        result = client.txt2img(prompt=PROMPT, seed=7, width=64, height=64)
        self.assertEqual(result.info["infotexts"][0], client.png_info(result.image).info)
        self.assertIn("Seed: 7", client.png_info(result.image).info)

    def test_models_and_options(self):
        client = self.client()
        self.assertEqual([model["model_name"] for model in client.get_sd_models()], [MODEL])
        self.assertEqual([sampler["name"] for sampler in client.get_samplers()], ["GAN"])
        client.util_set_model(MODEL)
        client.set_options({"sd_model_checkpoint": MODEL})
        self.assertEqual(client.get_options()["sd_model_checkpoint"], MODEL)
        self.assertEqual(self.server.request("POST", "/sdapi/v1/options", {"sd_model_checkpoint": "unknown"})[0], 404)

    def test_progress(self):
        client, seen = self.client(), []
        thread = threading.Thread(target=lambda: client.txt2img(prompt=PROMPT, n_iter=64, width=512, height=512))
        thread.start()
        while thread.is_alive():
            seen.append(client.get_progress())
            time.sleep(0.01)
        thread.join()
        self.assertTrue(any(0 < answer["progress"] < 1 and answer["state"]["job_count"] == 64 for answer in seen))
        self.assertEqual(client.get_progress()["progress"], 0)


@unittest.skipUnless(prometheus, "the package prometheus_client is not installed")
class Metrics(ServerCase):
    def test_the_text_is_valid(self):
        self.server.json("POST", "/v1/images/generations", {"prompt": PROMPT})
        self.server.request("GET", "/nothing-here")
        text = self.server.request("GET", "/metrics")[2].decode()
        families = {family.name: family for family in prometheus.text_string_to_metric_families(text)}
        statuses = {(sample.labels["path"], sample.labels["status"]): sample.value
                    for sample in families["limn_requests"].samples}
        self.assertGreaterEqual(statuses["/v1/images/generations", "200"], 1)
        self.assertGreaterEqual(statuses["other", "404"], 1)
        buckets = [sample.value for sample in families["limn_request_duration_seconds"].samples
                   if sample.name.endswith("_bucket")]
        self.assertEqual(buckets, sorted(buckets))
        self.assertEqual(buckets[-1], sum(statuses.values()))
        self.assertGreaterEqual(families["limn_images"].samples[0].value, 1)
        self.assertGreater(families["process_resident_memory_bytes"].samples[0].value, 1 << 20)
        for family in families.values():
            self.assertTrue(family.documentation, family.name)


class Streams(ServerCase):
    def test_images_arrive_one_by_one(self):
        """The first line is there long before the last, in order of frames."""
        connection = self.server.connection()
        frames = 120
        connection.request("POST", "/v1/limn/walks", json.dumps(
            {"from": {"prompt": PROMPT, "seed": 1}, "to": {"prompt": PROMPT, "seed": 2}, "frames": frames}),
            {"Content-Type": "application/json"})
        begin, times, lines = time.monotonic(), [], []
        response = connection.getresponse()
        self.assertEqual(response.headers["content-type"], "application/x-ndjson")
        for line in response:
            times.append(time.monotonic() - begin)
            lines.append(json.loads(line))
        self.assertEqual([line["index"] for line in lines], list(range(frames)))
        self.assertEqual((lines[0]["fraction"], lines[-1]["fraction"]), (0, 1))
        self.assertLess(times[0], 0.5 * times[-1])

    def test_a_client_that_leaves_cancels(self):
        before = self.server.metric("limn_images_total")
        body = json.dumps({"from": {"prompt": PROMPT}, "to": {"prompt": PROMPT, "seed": 2}, "frames": 120})
        for _ in range(4):
            client = self.server.socket()
            client.sendall(b"POST /v1/limn/walks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\n\r\n%s" % (len(body), body.encode()))
            self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 200"))
            client.close()
        end = time.monotonic() + 30
        while self.server.metric("limn_queue_images") > 0 and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(self.server.metric("limn_queue_images"), 0)
        self.assertLess(self.server.metric("limn_images_total") - before, 4 * 120 / 2)
