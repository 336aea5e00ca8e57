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
import math
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
            command = [*self.train, *(["--wire-precision", wire] if kind == "ranks" else []),
                       "--set", f"precision={precision}", "--set", f"gan.batch={BATCH * processes}",
                       "--images", 2 * STEPS_PER_ROW * BATCH * processes, "--run"]
        else:
            command = [sys.executable, ROOT / "Benchmarks/ranks_torch.py", self.weights, precision, self.torch_steps]
        runs = [run]
        if kind == "ranks":
            started = [self.start(self.network.mpirun([*command, run] if program == "limn" else command, self.folder))]
        else:
            runs = [run.parent / str(n) for n in range(2 if kind == "pair" else 1)]
            started = [self.start(["taskset", "-c", n, *command, *([r] if program == "limn" else [])])
                       for n, r in enumerate(runs)]
        if program == "torch":
            results = [json.loads(finished(p).splitlines()[-1]) for p in started]
            return results[0] | {name: statistics.mean(r[name] for r in results) for name in ("rate", "seconds")}
        return self.limn_result(runs, started, kind)

    def start(self, command):
        environment = TUNED | {"GLOO_SOCKET_IFNAME": INTERFACE, "MASTER_ADDR": HOSTS["limn-a"], "MASTER_PORT": "29500"}
        return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)

    def limn_result(self, runs, started, kind):
        """The rate of the second row of each run, and the traffic meanwhile."""
        sent = []
        while len(sent) < 2:
            if len(rows(runs[0])) > len(sent):
                sent.append([self.network.sent(host) for host in HOSTS])
            if any(p.poll() for p in started):
                break
            time.sleep(0.02)
        for process in started:
            finished(process)
        seconds = []
        for first, second in map(rows, runs):
            seconds.append((second["images"] - first["images"]) / second["images_per_second"] / STEPS_PER_ROW)
        step = statistics.mean(seconds)
        result = {"rate": (second["images"] - first["images"]) / STEPS_PER_ROW / step, "seconds": step}
        if kind == "ranks":
            result["waited"] = second["ranks.waiting"] * step
            result["slowest_over_median"] = second["ranks.slowest_over_median"]
            result["bytes"] = [(b - a) / STEPS_PER_ROW for a, b in zip(*sent)]
        return result


def rows(run):
    path = run / "stats.jsonl"
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]] if path.exists() else []


def value_counts(weights):
    """The numbers of parameters of generator and discriminator in a safetensors file."""
    with open(weights, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return [sum(math.prod(a["shape"]) for name, a in header.items() if name.startswith(network))
            for network in ("generator.", "discriminator.")]


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
                row = {"case": label(*case), "width": options.width, "values": value_counts(measurement.weights), "load": load, "time": time.strftime("%F %T")} | result
                with open(options.file, "a") as file:
                    print(json.dumps(row), file=file)
                print(json.dumps(row), flush=True)


# Assumptions of the model of scaling.
MESSAGE = 10e-6
BUCKET = 1 << 18
BANDWIDTHS = (1, 10, 100)


class Model:
    """The seconds of a step when each rank has 32 images: computation, the processor's time for communication, and the transfer that
    is not hidden behind computation. Ranks are assumed to be equally fast; no network switch is a bottleneck.

    Measured at two ranks: computation (two independent processes), the processor's time for communication (two ranks without a
    limit, less that), and the exposed share of the transfer (two ranks at 1 Gbit/s, less two without a limit). The traffic of R ranks
    is 2(R-1)/R times the gradients, in 2(R-1) messages per bucket and rank, each of which takes 10 µs.
    """

    def __init__(self, seconds, prefix, values):
        self.values, self.compute = values, seconds[prefix + "pair"]
        self.processing = max(0.0, seconds[prefix + "ranks-unlimited"] - self.compute)
        self.exposed = 0.0
        self.exposed = max(0.0, seconds[prefix + "ranks-1g"] - self.step(2, None)) / self.transfer(2, 1)

    def transfer(self, ranks, gigabits):
        return 2 * (ranks - 1) / ranks * 4 * sum(self.values) * 8 / (gigabits * 1e9) if gigabits else 0.0

    def step(self, ranks, gigabits):
        traffic = 2 * (ranks - 1) / ranks
        messages = 2 * (ranks - 2) * sum(math.ceil(v / BUCKET) for v in self.values) if ranks > 1 else 0
        return (self.compute + self.processing * traffic + self.exposed * self.transfer(ranks, gigabits) + MESSAGE * messages)

    def rate(self, ranks, gigabits):
        return BATCH * ranks / self.step(ranks, gigabits)


def report(options):
    measured = [json.loads(line) for line in open(options.file)]
    groups = {}
    for row in measured:
        groups.setdefault(row["case"], []).append(row)
    median = lambda case, name: statistics.median(r[name] for r in groups[case])
    print("| case | img/s | runs | of 2 × alone | of the pair | waited, ms per step | MB per step | hidden |\n|" + "---|" * 8)
    for case in [label(*c) for c in cases()]:
        if case not in groups:
            continue
        rates = [r["rate"] for r in groups[case]]
        cells = [case, f"{statistics.median(rates):.1f} ({min(rates):.1f} … {max(rates):.1f})", str(len(rates))]
        prefix = case[: case.index("-", case.index("-") + 1) + 1]
        if "ranks" in case:
            for whole in ("alone", "pair"):
                known = prefix + whole in groups
                cells.append(f"{statistics.median(rates) / 2 / median(prefix + whole, 'rate'):.0%}" if known else "")
            waited = median(case, "waited")
            cells.append(f"{waited * 1e3:.0f}")
            # Half of the traffic of two ranks is sent, half received, at the same time.
            size = sum(groups[case][0]["values"]) * (2 if "wire16" in case else 4)
            sent = f", counted {statistics.median(statistics.mean(r['bytes']) for r in groups[case]) / 1e6:.2f}" if "limn" in case else ""
            cells.append(f"{size / 1e6:.2f}{sent}")
            # A transfer at 10 Gbit/s is shorter than the differences between the ranks' steps.
            cells.append(f"{1 - waited / (size * 8 / 1e9):.0%}" if "-1g" in case else "")
        print("| " + " | ".join(cells + [""] * (8 - len(cells))) + " |")
    values = measured[0]["values"]
    seconds = {case: median(case, "seconds") for case in groups}
    model = Model(seconds, "limn-bfloat16-", values)
    print(f"\ncomputation {model.compute * 1e3:.0f} ms, processing of two ranks' messages {model.processing * 1e3:.0f} ms, "
          f"exposed share of the transfer {model.exposed:.0%}")
    at_10 = BATCH * 2 / seconds["limn-bfloat16-ranks-10g"]
    print(f"two ranks at 10 Gbit/s: {model.rate(2, 10):.1f} img/s by the model, {at_10:.1f} measured")
    for ranks in (2, 8, 64, 256):
        print(f"{ranks:4} ranks: " + ", ".join(
            f"{model.rate(ranks, g):.0f} img/s at {g} Gbit/s ({model.rate(ranks, g) / ranks / model.rate(1, None):.0%})" for g in BANDWIDTHS))
    plot(model, seconds["limn-bfloat16-alone"], {g: seconds[f"limn-bfloat16-ranks-{g}g"] for g in (1, 10)}, options.plot)


def plot(model, alone, seconds, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (rates, shares) = plt.subplots(1, 2, figsize=(11, 4.2))
    ranks = [2**k for k in range(9)]
    rates.plot(ranks, [r * model.rate(1, None) for r in ranks], ":", color="gray", label="proportional to the ranks")
    for gigabits, color in zip(BANDWIDTHS, ("tab:orange", "tab:blue", "tab:green")):
        for axis, divisor in ((rates, lambda r: 1), (shares, lambda r: r * model.rate(1, None) / 100)):
            axis.plot(ranks, [model.rate(r, gigabits) / divisor(r) for r in ranks], color=color, label=f"{gigabits} Gbit/s")
            if gigabits in seconds:
                axis.plot(2, 2 * BATCH / seconds[gigabits] / divisor(2), "o", color=color)
    rates.plot(1, BATCH / alone, "o", color="black")
    rates.set_yscale("log", base=10)
    rates.set_ylabel("img/s")
    shares.set_ylim(0, 102)
    shares.set_ylabel("% of independent processes")
    for axis in (rates, shares):
        axis.set_xscale("log", base=2)
        axis.set_xticks(ranks, [str(r) for r in ranks])
        axis.set_xlabel("ranks, each with one core and 32 images per step")
        axis.grid(alpha=0.3, which="both")
    rates.legend(title="model; points are measured")
    figure.tight_layout()
    figure.savefig(path, dpi=80)


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
    command = commands.add_parser("report")
    command.add_argument("file")
    command.add_argument("--plot", default=ROOT / "docs/images/ranks.png")
    command.set_defaults(run=report)
    options = parser.parse_args()
    try:
        options.run(options)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
