"""Two instances of limn serve behind nginx, with the configuration of docs/examples/nginx.conf."""

import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LIMN = ROOT / ".build/release/limn"
# Debian has nginx in /usr/sbin, which is not on every path.
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
PORTS = {"8080": "18080", "8081": "18081", "8082": "18082"}


@unittest.skipUnless(NGINX, "nginx is not installed")
@unittest.skipUnless(LIMN.exists() and (ROOT / ".build/release/limn-server").exists(), "limn-server is not built")
class Balancer(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="limn-nginx-"))
        self.addCleanup(shutil.rmtree, self.folder)
        configuration = (ROOT / "docs/examples/nginx.conf").read_text()
        for published, port in PORTS.items():
            configuration = configuration.replace(f":{published}", f":{port}")
        (self.folder / "nginx.conf").write_text(configuration)

    def start(self, *command):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (process.poll() is None and process.kill(), process.wait()))
        return process

    def served(self, port):
        """The number of images that an instance has made."""
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("limn_images_total"))

    def generate(self, seed):
        request = urllib.request.Request(
            "http://127.0.0.1:18080/v1/images/generations", method="POST", headers={"content-type": "application/json"},
            data=json.dumps({"prompt": "a red rose", "seed": seed}).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"][0]["b64_json"]

    def await_health(self, port):
        for _ in range(300):
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz").read()
            except OSError:
                time.sleep(0.1)
        self.fail(f"nothing answers at port {port}")

    def test_two_instances_share_requests_and_one_can_leave(self):
        model = ROOT / "models/flowers-64.safetensors"
        instances = [self.start(LIMN, "serve", "--port", port, "--model", model) for port in ("18081", "18082")]
        for port in ("18081", "18082"):
            self.await_health(port)
        self.start(NGINX, "-c", self.folder / "nginx.conf", "-p", self.folder)
        self.await_health("18080")

        images = [self.generate(seed) for seed in range(12)]
        self.assertEqual(len(set(images)), 12)
        self.assertTrue(all(self.served(port) >= 4 for port in ("18081", "18082")))

        # Whichever instance remains gives the same image for the same seed.
        instances[0].send_signal(signal.SIGTERM)
        self.assertEqual(instances[0].wait(timeout=40), 0)
        self.assertEqual([self.generate(seed) for seed in range(12)], images)


if __name__ == "__main__":
    unittest.main()
