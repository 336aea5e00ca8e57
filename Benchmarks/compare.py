#!/usr/bin/env python3
"""Limn against PyTorch: the same networks from the same weights, checked against each other and then timed interleaved.

Start it through scripts/compare-pytorch, which brings PyTorch and builds Limn. Each contender is a process of its own
that waits for its turn; a round is about a second of each, so that a machine that slows down slows all. Rates are medians
over the rounds, ratios of rates medians of the ratios of each round. Nothing else should run meanwhile.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH, LIMN = ROOT / ".build/release/limn-bench", ROOT / ".build/release/limn"
PROMPT = "a flower with purple petals and a yellow center"


# Allocator settings of an experienced PyTorch user: huge pages, and memory that is kept between steps. Limn requests huge
# pages itself and allocates nothing in a step.
TUNED = os.environ | {"THP_MEM_ALLOC_ENABLE": "1", "MALLOC_TRIM_THRESHOLD_": "-1", "MALLOC_MMAP_THRESHOLD_": str(4 << 30)}


class Contender:
    """A process that answers "N" with the seconds of N rounds, by the protocol of limn-bench and of `serve` in this file."""

    def __init__(self, name, command):
        self.name, self.trouble = name, tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.trouble, text=True,
            env=TUNED if name.startswith("PyTorch") else None)
        # Libraries may print something before.
        self.facts = next((json.loads(l[6:]) for l in self.process.stdout if l.startswith("ready ")), None)
        if self.facts is None:
            self.trouble.seek(0)
            reason = self.trouble.read().strip().splitlines()[-1:] or ["no reason given"]
            print(f"  {name} is missing: {reason[0]}", flush=True)

    def run(self, rounds):
        print(rounds, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline()) / rounds

    def finish(self):
        """Ends the process and returns its peak resident memory in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
        self.process.stdin.close()
        self.process.wait()
        return peak


def in_turns(contenders, seconds, images):
    """Times contenders in alternation for about `seconds` each: name -> (img/s by round, peak MiB, facts)."""
    running = [Contender(name, command) for name, command in contenders]
    running = [c for c in running if c.facts is not None]
    rounds = {c.name: max(1, round(1 / max(c.run(1), 1e-4))) for c in running}
    rates, begin = {c.name: [] for c in running}, time.monotonic()
    while time.monotonic() - begin < seconds * len(running) or len(next(iter(rates.values()))) < 3:
        for c in running:
            rates[c.name].append(images / c.run(rounds[c.name]))
    return {c.name: (rates[c.name], c.finish(), c.facts) for c in running}


def median_ratio(a, b):
    return statistics.median(x / y for x, y in zip(a, b))


def torch_command(*arguments):
    return [sys.executable, __file__, "--serve", *map(str, arguments)]


MODES = {
    "default": {}, "channels-last": {"channels_last": True}, "bf16": {"channels_last": True, "autocast": True},
    "compile": {"channels_last": True, "compiled": True},
    "bf16-compile": {"channels_last": True, "autocast": True, "compiled": True}}

# Modes of the step on features, which is always channels-last: bf16 is autocast, bf16-weights has bfloat16 filters too.
FEATURE_MODES = {
    "channels-last": {}, "bf16": {"autocast": True}, "bf16-weights": {"bfloat16": True}, "compile": {"compiled": True},
    "bf16-compile": {"bfloat16": True, "compiled": True}}


def step_options(width, side, batch, loss, threads):
    """limn-bench's options for a step; `features` selects the discriminator and its losses."""
    kind = ["--discriminator", "features", "--max-width", 256] if loss == "features" else ["--loss", loss]
    return ["--width", width, "--side", side, "--batch", batch, "--threads", threads, *kind]


def torch_training(loss, weights, mode):
    if loss == "features":
        import features_torch

        return features_torch.Training(weights, **FEATURE_MODES[mode])
    from limn_torch import Training

    return Training(weights, loss, **MODES[mode])


def step_contenders(width, side, batch, loss, weights, threads, libraries=True, compiled=True):
    sizes = step_options(width, side, batch, loss, threads)
    modes = [m for m in (FEATURE_MODES if loss == "features" else MODES) if compiled or "compile" not in m]
    contenders = [(f"PyTorch {mode}", torch_command("step", mode, loss, weights, threads)) for mode in modes]
    contenders += [(f"Limn {p}", [BENCH, "step", *sizes, "--precision", p]) for p in ("float32", "bfloat16")]
    if libraries:
        contenders.append(("Limn without oneDNN", [BENCH, "step", *sizes, "--library", "openBLAS"]))
    return contenders


# Largest differences of pixels, and of losses, logits and gradient norms in units of the larger of 1 and their value, in the first
# step and in the second. The first update of Adam is of length lr in each direction, however small the gradient, so that rounding
# errors decide on the signs of the smallest ones.
TOLERANCES = {"float32": [(1e-5, 1e-3), (1e-2, 5e-2)], "bfloat16": [(2e-2, 0.15), (0.15, 0.3)]}


def check(weights, loss):
    """Such differences between PyTorch's float32 and Limn, for each of two steps."""
    import torch
    from limn_torch import load

    training = torch_training(loss, weights, "channels-last")
    differences = []
    for step in range(2):
        arrays = load(weights, f"step{step}.")
        inputs = training.prepared(load(weights, f"step{step}.inputs."))
        with torch.no_grad():
            images = training.generator(inputs["noise"], inputs["condition"])
        pixels = (images - arrays["images"]).abs().max().item()
        pairs = [(value, arrays[name].item()) for name, value in training.step(inputs).items()]
        differences.append((pixels, max(abs(value - expected) / max(abs(expected), 1) for value, expected in pairs)))
    return differences


def answer(once, **facts):
    """Prints `ready` with the facts, then answers each line "N" with the duration of N rounds in seconds, as limn-bench does."""
    once()
    once()
    print(f"ready {json.dumps(facts)}", flush=True)
    for line in sys.stdin:
        begin = time.perf_counter()
        for _ in range(int(line)):
            once()
        print(time.perf_counter() - begin, flush=True)



def serve(kind, mode, *arguments):
    """The PyTorch process of a comparison."""
    import torch
    from limn_torch import Generator, load

    if kind == "step":
        loss, weights, threads = arguments
        torch.set_num_threads(int(threads))
        training = torch_training(loss, weights, mode)
        inputs = training.prepared(load(weights, "step0.inputs."))
        once = lambda: training.step(inputs)
    else:
        mode = MODES[mode]
        weights, batch, threads = arguments
        torch.set_num_threads(int(threads))
        inputs, generator = load(weights, "step0.inputs."), Generator(load(weights, "generator."))
        if mode.get("channels_last"):
            generator.to(memory_format=torch.channels_last)
        if mode.get("compiled"):
            generator = torch.compile(generator)
        repeat = lambda a: a.repeat(-(-int(batch) // len(a)), 1)[: int(batch)].contiguous()
        noise, text = repeat(inputs["noise"]), repeat(inputs["condition"])

        def once():
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bool(mode.get("autocast"))):
                generator(noise, text)

    answer(once)


def table(title, results, unit="img/s"):
    print(f"\n{title}")
    for name, (rates, peak, _) in results.items():
        print(f"  {name:24}{statistics.median(rates):9.1f} {unit}   {min(rates):8.1f} … {max(rates):.1f}   {peak:7.0f} MiB",
              flush=True)


def best(results, names):
    names = [n for n in names if n in results]
    return max(names, key=lambda n: statistics.median(results[n][0]))


def compare_steps(options, width, side, loss, report):
    # All contenders are in memory at the same time, so larger images have smaller batches.
    batch = max(1, options.batch * 64 * 64 // side**2)
    with tempfile.TemporaryDirectory() as folder:
        weights, differences = f"{folder}/float32.safetensors", {}
        for precision in TOLERANCES:
            path = f"{folder}/{precision}.safetensors"
            sizes = step_options(width, side, batch, loss, options.threads)
            export = [BENCH, "export", *sizes, "--precision", precision, "--out", path]
            if subprocess.run(list(map(str, export))).returncode != 0:
                sys.exit("limn-bench export failed; what it said stands above")
            differences[precision] = check(path, loss)
        is_main = (width, side, loss) == (32, 64, "hinge")
        results = in_turns(
            step_contenders(width, side, batch, loss, weights, options.threads, is_main, options.compiled),
            options.seconds, batch)
    title = f"training step, {'heads on frozen ' if loss == 'features' else ''}{loss}, width {width}, {side}×{side}, batch {batch}"
    table(title, results)
    for precision, found in differences.items():
        print(f"  PyTorch's float32 less Limn's {precision}: "
              + "; ".join(f"pixels {p:.1e}, losses and gradient norms {t:.1e} in step {n + 1}" for n, (p, t) in enumerate(found)))
        if any(d > limit for step, limits in zip(found, TOLERANCES[precision]) for d, limit in zip(step, limits)):
            sys.exit("Limn and PyTorch do not agree: nothing measured here would mean anything")
    rates = {name: r[0] for name, r in results.items()}
    exact = best(results, ["PyTorch default", "PyTorch channels-last", "PyTorch compile"])
    any_mode = best(results, [n for n in results if n.startswith("PyTorch")])
    row = {
        "difference": differences,
        "rates": {n: statistics.median(r) for n, r in rates.items()},
        "peak_mib": {n: r[1] for n, r in results.items()},
        "best_pytorch": any_mode,
        "step_against_best": median_ratio(rates["Limn bfloat16"], rates[any_mode]),
        "float32_against_best_float32": median_ratio(rates["Limn float32"], rates[exact]),
        "memory": results["Limn bfloat16"][1] / min(r[1] for n, r in results.items() if n.startswith("PyTorch")),
    }
    if "Limn without oneDNN" in rates:
        row["without_onednn_against_default"] = median_ratio(rates["Limn without oneDNN"], rates["PyTorch default"])
        for precision in ("float32", "bfloat16"):
            peak = float(subprocess.run([BENCH, "peak", "--precision", precision, "--threads", str(options.threads)],
                                           check=True, capture_output=True, text=True).stdout)
            flops = results[f"Limn {precision}"][2]["flops"] / batch
            share = statistics.median(rates[f"Limn {precision}"]) * flops / 1e9 / peak
            print(f"  {precision}: {flops / 1e9:.2f} GFLOP per image, the fastest single convolution {peak:.0f} GFLOP/s, "
                  f"share {share:.0%}")
            row[f"peak_share_{precision}"] = share
    print(f"  against PyTorch {any_mode.removeprefix('PyTorch ')}, its best: {row['step_against_best']:.2f} times; float32 "
          f"against {exact.removeprefix('PyTorch ')}: {row['float32_against_best_float32']:.2f} times")
    report[f"{loss}-{width}-{side}"] = row


def compare_painting(options, report):
    with tempfile.TemporaryDirectory() as folder:
        weights = f"{folder}/weights.safetensors"
        subprocess.run([BENCH, "export", "--width", "32", "--out", weights, "--threads", str(options.threads)], check=True)
        for batch in (1, 16, 64):
            modes = [mode for mode in MODES if options.compiled or "compile" not in mode]
            contenders = [(f"PyTorch {m}", torch_command("generate", m, weights, batch, options.threads)) for m in modes]
            contenders += [(f"Limn {p}", [BENCH, "generate", "--width", 32, "--batch", batch, "--precision", p,
                                          "--threads", options.threads]) for p in ("float32", "bfloat16")]
            results = in_turns(contenders, options.seconds / 2, batch)
            table(f"generation, width 32, 64×64, batch {batch}", results)
            rates = {n: r[0] for n, r in results.items()}
            rival, ours = (best(results, [n for n in rates if n.startswith(who)]) for who in ("PyTorch", "Limn"))
            report[f"generation_{batch}"] = {
                "rates": {n: statistics.median(r) for n, r in rates.items()}, "against_best": median_ratio(rates[ours], rates[rival])}


def compare_cold_start(options, report):
    """Time from a prompt to a PNG on disk in a new process; the Python script uses the same model file."""
    model = ROOT / "models/flowers-64.safetensors"
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "PyTorch script": [sys.executable, ROOT / "Benchmarks/generate.py", model, PROMPT, f"{folder}/torch.png"],
            "Limn": [LIMN, "generate", PROMPT, "--model", model, "--out", f"{folder}/limn.png"],
        }
        seconds = {name: [] for name in commands}
        for turn in range(1 + (5 if options.quick else 15)):
            for name, command in commands.items():
                begin = time.perf_counter()
                subprocess.run(list(map(str, command)), check=True, stderr=subprocess.DEVNULL)
                if turn:  # the first turn fills the page cache
                    seconds[name].append(time.perf_counter() - begin)
    print("\nprompt to PNG, a new process each time")
    for name, times in seconds.items():
        print(f"  {name:24}{statistics.median(times) * 1000:9.1f} ms      {min(times) * 1000:8.1f} … {max(times) * 1000:.1f}")
    ratio = median_ratio(seconds["PyTorch script"], seconds["Limn"])
    report["cold_start"] = {"milliseconds": {n: statistics.median(t) * 1000 for n, t in seconds.items()}, "ratio": ratio}


def main():
    parser = argparse.ArgumentParser(description="Limn against PyTorch on this machine.")
    parser.add_argument("--json", help="write all figures and ratios to this file")
    parser.add_argument("--seconds", type=float, default=12, help="seconds per contender of a comparison")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--quick", action="store_true", help="only width 32 at 64×64, without torch.compile")
    parser.add_argument("--features", action="store_true", help="only the training step with a discriminator on frozen features")
    parser.add_argument("--eager", action="store_true", help="without torch.compile")
    options = parser.parse_args()
    options.compiled = not (options.quick or options.eager)

    import torch

    name = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    print(f"{name}, {options.threads} threads; PyTorch {torch.__version__}; "
          + subprocess.run([BENCH, "device"], check=True, capture_output=True, text=True).stdout.strip())
    report = {"processor": name, "threads": options.threads, "pytorch": torch.__version__}
    # The first has the networks of recipes/flowers-64.yaml, with features at 96×96 and batch 32. It needs a pretrained network and
    # fails at once if that is missing.
    features, steps = [(24, 64, "features")], [(32, 64, "hinge"), (32, 64, "relativistic")]
    if not options.quick:
        steps = features + steps + [(16, 64, "hinge"), (64, 64, "hinge"), (32, 128, "hinge")]
    for width, side, loss in features if options.features else steps:
        compare_steps(options, width, side, loss, report)
    if not options.features:
        compare_painting(options, report)
        compare_cold_start(options, report)
        report["ratios"] = summary(report)
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n")


def summary(report):
    main_row = report["hinge-32-64"]
    rows = [
        ("training step against PyTorch's best mode", main_row["step_against_best"]),
        ("training step in float32 against its best float32", main_row["float32_against_best_float32"]),
        ("share of the convolution peak, bfloat16", main_row["peak_share_bfloat16"]),
        ("generation, batch 64, against its best", report["generation_64"]["against_best"]),
        ("prompt to PNG, cold, against the Python script", report["cold_start"]["ratio"]),
        ("peak memory of training against PyTorch's least", main_row["memory"]),
        ("without oneDNN against PyTorch default", main_row["without_onednn_against_default"]),
    ]
    if "features-24-64" in report:
        rows.insert(1, ("the same with a discriminator on features", report["features-24-64"]["step_against_best"]))
    print("\nratios")
    for name, value in rows:
        print(f"  {name:54}{value:6.2f}")
    return dict(rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
    else:
        main()
