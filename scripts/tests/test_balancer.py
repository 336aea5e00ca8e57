"""Two instances of limn serve behind nginx, with the configuration of docs/examples/nginx.conf."""

import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LIMN = ROOT / ".build/release/limn"
# Debian has nginx in /usr/sbin, which is not on every path.
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")


def free_ports(count):
    """Ports that nothing listens at, as text."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


@unittest.skipUnless(NGINX, "nginx is not installed")
@unittest.skipUnless(LIMN.exists() and (ROOT / ".build/release/limn-server").exists(), "limn-server is not built")
class Balancer(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="limn-nginx-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.balancer, *self.instances = free_ports(3)
        ports = {"8080": self.balancer, "8081": self.instances[0], "8082": self.instances[1]}
        configuration = (ROOT / "docs/examples/nginx.conf").read_text()
        configuration, replaced = re.subn(r"(?<=127\.0\.0\.1:)808[012]\b", lambda port: ports[port[0]], configuration)
        self.assertEqual(replaced, 3)
        (self.folder / "nginx.conf").write_text(configuration)

    def start(self, *command):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        # Not by SIGKILL, which would leave the workers of nginx behind.
        process.terminate()
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def served(self, port):
        """The number of images that an instance has made."""
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("limn_images_total"))

    def generate(self, seed):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.balancer}/v1/images/generations", method="POST", headers={"content-type": "application/json"},
            data=json.dumps({"prompt": "a red rose", "seed": seed}).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"][0]["b64_json"]

    def await_health(self, port):
        for _ in range(300):
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60).close()
            except OSError:
                time.sleep(0.1)
        self.fail(f"nothing answers at port {port}")

    def test_two_instances_share_requests_and_one_can_leave(self):
        model = ROOT / "models/flowers-64.safetensors"
        instances = [self.start(LIMN, "serve", "--port", port, "--model", model) for port in self.instances]
        for port in self.instances:
            self.await_health(port)
        self.start(NGINX, "-c", self.folder / "nginx.conf", "-p", self.folder)
        self.await_health(self.balancer)

        images = [self.generate(seed) for seed in range(12)]
        self.assertEqual(len(set(images)), 12)
        self.assertTrue(all(self.served(port) >= 4 for port in self.instances))

        # Whichever instance remains gives the same image for the same seed.
        instances[0].send_signal(signal.SIGTERM)
        self.assertEqual(instances[0].wait(timeout=40), 0)
        self.assertEqual([self.generate(seed) for seed in range(12)], images)


if __name__ == "__main__":
    unittest.main()
