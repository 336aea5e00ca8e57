#!/usr/bin/env python3
"""`limn serve` against FastAPI servers around the same network in PyTorch, under the same load, in turns on the same cores.

    python Benchmarks/serving.py [--seconds 60] [--connections 64] [--json FILE]

Needs torch, safetensors, numpy, fastapi, uvicorn, uvloop and httptools, wrk, and a build (.build/release/limn-server and limn). Requests ask for
one image each in OpenAI's form, with 64 prompts in turn and without a seed; a load with a single prompt is compared with `limn generate -n
960`. Before the load, images of the same seeds must agree. Every ratio is the median of the ratios of single rounds.
"""

import argparse
import base64
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from compare import LIMN, PROMPT, ROOT, TUNED, median_ratio
from encoders import SENTENCES

SERVER, MODEL = ROOT / ".build/release/limn-server", ROOT / "models/flowers-64.safetensors"

# Bodies of requests, latencies in milliseconds, and what failed.
SCRIPT = """
local bodies, at = {BODIES}, 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
function request()
  at = at % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[at])
end
function done(summary, latency)
  local e = summary.errors
  print(string.format('result {"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "failures": %d}', summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Contender:
    def __init__(self, name, command, port):
        self.name, self.port = name, port
        self.rounds, self.memory = [], []
        environment = TUNED if name.startswith("PyTorch") else os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        # Not a pipe, which would be full of log lines after a while.
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(list(map(str, command)), stderr=self.log, env=environment, text=True)
        while self.port == 0:
            self.log.seek(0)
            self.port = int((re.search(r"at http://127\.0\.0\.1:(\d+)", self.log.read()) or [0, 0])[1])
            time.sleep(0.1)
        for _ in range(600):
            try:
                self.image(PROMPT, 0)
                return
            except OSError:
                time.sleep(0.1)
        sys.exit(f"{name} does not answer")

    def image(self, prompt, seed):
        """The PNG of a prompt and a seed."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/images/generations",
                                         json.dumps({"prompt": prompt, "seed": seed}).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return base64.b64decode(json.load(response)["data"][0]["b64_json"])

    def load(self, script, connections, seconds):
        """Requests for a time, while memory is measured every half second."""
        cpu = self.cpu()
        wrk = subprocess.Popen(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", script,
                                f"http://127.0.0.1:{self.port}/v1/images/generations"], stdout=subprocess.PIPE, text=True)
        while wrk.poll() is None:
            self.memory.append(self.mebibytes())
            time.sleep(0.5)
        result = json.loads(re.search("result (.*)", wrk.stdout.read())[1])
        self.rounds.append(result | {"rate": result["requests"] / result["seconds"],
                                     "cpu_ms": 1000 * (self.cpu() - cpu) / max(1, result["requests"])})

    def cpu(self):
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def mebibytes(self):
        """Resident memory; what no other process shares; and what no file holds."""
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        sizes = {name: int(size) / 1024 for name, size in re.findall(r"^(\w+): +(\d+) kB", text, re.M)}
        return {"rss": sizes["Rss"], "uss": sizes["Private_Clean"] + sizes["Private_Dirty"], "anonymous": sizes["Anonymous"]}

    def summary(self):
        middle = lambda key: statistics.median(r[key] for r in self.rounds)
        quarter = self.memory[len(self.memory) // 4]
        return {"rate": middle("rate"), "rates": [r["rate"] for r in self.rounds], "p50": middle("p50"), "p99": middle("p99"),
                "cpu_ms": middle("cpu_ms"), "requests": sum(r["requests"] for r in self.rounds), "failures": sum(r["failures"] for r in self.rounds),
                "memory": {key: max(m[key] for m in self.memory) for key in quarter},
                "growth": {key: self.memory[-1][key] - quarter[key] for key in quarter}}

    def finish(self):
        self.process.terminate()
        self.process.wait()


def samples(path_or_png):
    """The bytes R, G, B of a PNG, as a tensor."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from corpora import png

    import torch

    _, _, pixels = png.read(path_or_png)
    return torch.tensor([list(pixel.to_bytes(4, sys.byteorder)[:3]) for pixel in pixels], dtype=torch.int16)


def check(contenders):
    """Images of the same prompts and seeds must agree, up to bfloat16's rounding."""
    for seed in range(4):
        prompt = SENTENCES[seed] if seed else PROMPT
        reference = samples(contenders[0].image(prompt, seed))
        for contender in contenders[1:]:
            difference = (samples(contender.image(prompt, seed)) - reference).abs()
            print(f"  seed {seed}, {contender.name}: pixels differ by {difference.float().mean():.2f} levels, at most {difference.max()}")
            if difference.max() > 16:
                sys.exit("the images are not the same")


def write_script(path, prompts):
    """A script of wrk that asks for the prompts in turn."""
    bodies = ", ".join(f"[[{json.dumps({'prompt': prompt, 'response_format': 'b64_json'})}]]" for prompt in prompts)
    path.write_text(SCRIPT.replace("BODIES", bodies))


def generate_rate(folder):
    """Images per second of `limn generate -n 960`, the start of the process and the writing of the files included."""
    begin = time.monotonic()
    subprocess.run([LIMN, "generate", PROMPT, "-n", "960", "--model", MODEL, "--out", folder], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    return 960 / (time.monotonic() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="of load on each server; default %(default)s")
    parser.add_argument("--connections", type=int, default=64, help="default %(default)s")
    parser.add_argument("--rounds", type=int, default=4, help="default %(default)s")
    parser.add_argument("--precision", default="bfloat16", choices=["bfloat16", "float32"], help="of PyTorch; Limn's is the processor's best; default %(default)s")
    parser.add_argument("--json", help="a file for all figures")
    options = parser.parse_args()
    torch_server = [sys.executable, ROOT / "Benchmarks/serving_torch.py", MODEL]
    contenders = [
        Contender("Limn", [SERVER, "--port", "0", "--model", MODEL], 0),
        Contender("PyTorch each", [*torch_server, 18651, "each", options.precision], 18651),
        Contender("PyTorch batched", [*torch_server, 18652, "batched", options.precision], 18652)]
    try:
        check(contenders)
        limn, rates, singles = contenders[0], [], []
        with tempfile.TemporaryDirectory() as folder:
            script, single = Path(folder, "post.lua"), Path(folder, "single.lua")
            write_script(script, SENTENCES)
            write_script(single, [PROMPT])
            for contender in contenders:
                contender.load(script, options.connections, 8)
                contender.rounds.clear()
                contender.memory.clear()
            for _ in range(options.rounds):
                for contender in contenders:
                    contender.load(script, options.connections, options.seconds // options.rounds)
                limn.load(single, options.connections, options.seconds // options.rounds)
                singles.append(limn.rounds.pop()["rate"])
                rates.append(generate_rate(f"{folder}/images"))
        report = {contender.name: contender.summary() for contender in contenders}
    finally:
        for contender in contenders:
            contender.finish()
    print(f"{options.connections} connections, {options.seconds} s each; load average {os.getloadavg()[0]:.1f}; medians of {options.rounds} rounds; MiB")
    for name, r in report.items():
        memory, growth = r["memory"], r["growth"]
        print(f"  {name:16} {r['rate']:7.1f} requests/s, p50 {r['p50']:.0f} ms, p99 {r['p99']:.0f} ms, {r['failures']} of {r['requests']} failed, "
              f"{r['cpu_ms']:.2f} ms of processor time per request; memory: resident {memory['rss']:.0f}, unshared {memory['uss']:.0f}, "
              f"anonymous {memory['anonymous']:.0f}; growth of anonymous memory over the last three quarters {growth['anonymous']:+.1f}")
    ratios = {name: median_ratio(report["Limn"]["rates"], r["rates"]) for name, r in report.items() if name != "Limn"}
    ratios["limn generate -n 960"] = median_ratio(singles, rates)
    print(f"  one prompt: Limn {statistics.median(singles):.1f} requests/s, limn generate -n 960 {statistics.median(rates):.1f} images/s")
    print("  Limn's requests/s relative to " + ", ".join(f"{name}: {ratio:.2f}" for name, ratio in ratios.items()))
    if options.json:
        Path(options.json).write_text(json.dumps({"servers": report, "generate": rates, "single": singles, "ratios": ratios}, indent=1) + "\n")


if __name__ == "__main__":
    main()
