#!/usr/bin/env python3
"""Data-parallel training on two hosts with one core each, against one process on one core, and PyTorch's on the same network.

    python Benchmarks/ranks.py measure ranks.jsonl      # as root; appends a line for each measurement
    python Benchmarks/ranks.py report ranks.jsonl       # tables, and the model of scaling as docs/images/ranks.png

The hosts are network namespaces of this machine (network.py), which needs two idle processors, Open MPI and iproute2. PyTorch takes part
if the interpreter has torch and safetensors; the plot needs matplotlib. Each round measures all cases in turn:

- alone: one process on processor 0, batch 32;
- pair: two such processes at once, which do not know of each other: what two ranks could reach if communication cost nothing;
- ranks: two ranks, on processors 0 and 1, batch 64, with the network limited to a rate in Gbit/s, or not limited.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compare import BENCH, LIMN, ROOT, TUNED
from network import HOSTS, INTERFACE, Network

BATCH, SIDE = 32, 64
# Rows of stats.jsonl are means over so many steps. The first is warm-up.
STEPS_PER_ROW = 50
RECIPE = """
name: ranks
seed: 1
data: {{side: 64, mirror: false, vocabulary: 400}}
encoder: {{width: 64, layers: 2, length: 24, embedding: 256, image_width: 12, batch: 128, images: 2560}}
generator: {{width: {width}, noise: 100, learning_rate: 1.0e-4}}
discriminator: {{width: {width}, learning_rate: 4.0e-4}}
gan: {{batch: 32, images: 32, augmentation: 0, snapshot_every: 1000000, checkpoint_every: 1000000}}
"""


def cases():
    """Each as (program, precision, precision of exchanged gradients, kind, Gbit/s)."""
    for precision in ("bfloat16", "float32"):
        for program in ("limn", "torch"):
            yield program, precision, "float32", "alone", None
            yield program, precision, "float32", "pair", None
            for gigabits in (1, 10, None):
                yield program, precision, "float32", "ranks", gigabits
        yield "limn", precision, "bfloat16", "ranks", 1


def label(program, precision, wire, kind, gigabits):
    rate = "" if kind != "ranks" else f"-{gigabits}g" if gigabits else "-unlimited"
    return f"{program}-{precision}-{kind}{rate}" + ("-wire16" if wire == "bfloat16" else "")


class Measurement:
    """Runs cases in a folder with a corpus, an encoder and weights."""

    def __init__(self, folder, network, width, torch_steps):
        self.folder, self.network, self.torch_steps = Path(folder), network, torch_steps
        recipe, encoder = self.folder / "recipe.yaml", self.folder / "encoder"
        self.weights = self.folder / "weights.safetensors"
        recipe.write_text(RECIPE.format(width=width))
        corpus = self.folder / "corpus"
        if not self.weights.exists():
            quietly(LIMN, "corpus", "shapes", "--out", corpus, "--count", 1000, "--seed", 1, "--side", SIDE)
            quietly(LIMN, "train", recipe, "--data", corpus, "--run", encoder)
            quietly(BENCH, "export", "--width", width, "--batch", BATCH, "--out", self.weights)
        self.train = [LIMN, "train", recipe, "--data", corpus, "--threads", 1,
                      "--set", f"text.encoder={encoder}/encoder/encoder.safetensors"]

    def measure(self, program, precision, wire, kind, gigabits):
        self.network.limit(gigabits)
        processes = 2 if kind == "ranks" else 1
        run = Path(tempfile.mkdtemp(dir=self.folder, prefix="run-")) / "0"
        if program == "limn":
            command = [*self.train, "--wire-precision", wire, "--set", f"precision={precision}", "--set",
                       f"gan.batch={BATCH * processes}", "--images", 2 * STEPS_PER_ROW * BATCH * processes, "--run"]
        else:
            command = [sys.executable, ROOT / "Benchmarks/ranks_torch.py", self.weights, precision, self.torch_steps]
        if kind == "ranks":
            started = [self.start(self.network.mpirun([*command, run] if program == "limn" else command, self.folder))]
        else:
            numbers = range(2 if kind == "pair" else 1)
            started = [self.start(["taskset", "-c", n, *command, *([run.parent / str(n)] if program == "limn" else [])])
                       for n in numbers]
        if program == "torch":
            results = [json.loads(finished(p).splitlines()[-1]) for p in started]
            return {**results[0], "rate": statistics.mean(r["rate"] for r in results)}
        return self.limn_result(run / "stats.jsonl", started, kind)

    def start(self, command):
        environment = TUNED | {"GLOO_SOCKET_IFNAME": INTERFACE, "MASTER_ADDR": HOSTS["limn-a"], "MASTER_PORT": "29500"}
        return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)

    def limn_result(self, path, started, kind):
        """The rate of the second row, and the traffic meanwhile."""
        sent, rows = [], []
        while len(rows) < 2:
            text = path.read_text() if path.exists() else ""
            rows = [json.loads(line) for line in text.split("\n")[:-1]]
            if len(rows) > len(sent):
                sent.append([self.network.sent(host) for host in HOSTS])
            if any(p.poll() for p in started):
                sys.exit(f"limn failed: {finished(started[0])}")
            time.sleep(0.02)
        for process in started:
            finished(process)
        # The file has the rate since the start of the stage.
        elapsed = [row["images"] / row["images_per_second"] for row in rows]
        seconds = (elapsed[1] - elapsed[0]) / STEPS_PER_ROW
        result = {"rate": (rows[1]["images"] - rows[0]["images"]) / (elapsed[1] - elapsed[0]), "seconds": seconds}
        if kind == "ranks":
            result["waited"] = rows[1]["ranks.waiting"] * seconds
            result["slowest_over_median"] = rows[1]["ranks.slowest_over_median"]
            result["bytes"] = [(b - a) / STEPS_PER_ROW for a, b in zip(*sent)]
        return result


def quietly(*command):
    answer = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if answer.returncode != 0:
        sys.exit(f"{' '.join(map(str, command[:2]))} failed: {answer.stdout}")


def finished(process):
    output, _ = process.communicate()
    if process.returncode != 0:
        sys.exit(f"{process.args[0]} failed: {output[-2000:]}")
    return output


def measure(options):
    with tempfile.TemporaryDirectory() as folder, Network() as network:
        if options.work:
            folder = os.path.abspath(options.work)
            os.makedirs(folder, exist_ok=True)
        measurement = Measurement(folder, network, options.width, options.torch_steps)
        for round in range(options.rounds):
            for case in cases():
                if not any(part in label(*case) for part in options.only.split(",")):
                    continue
                load = os.getloadavg()[0]
                result = measurement.measure(*case)
                row = {"case": label(*case), "width": options.width, "load": load, "time": time.strftime("%F %T")} | result
                with open(options.file, "a") as file:
                    print(json.dumps(row), file=file)
                print(json.dumps(row), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("measure")
    command.add_argument("file")
    command.add_argument("--rounds", type=int, default=2)
    command.add_argument("--width", type=int, default=16, help="of both networks at full resolution")
    command.add_argument("--torch-steps", type=int, default=15)
    command.add_argument("--only", default="", help="cases with one of these in their names, separated by commas")
    command.add_argument("--work", help="a folder for the corpus, the encoder and the runs, which is kept and used again")
    command.set_defaults(run=measure)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
