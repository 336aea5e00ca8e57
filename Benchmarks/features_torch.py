"""Limn's training step with `discriminator.kind: features` in PyTorch: heads on frozen EfficientNet-Lite features.

Written for speed, as `limn_torch.py` is. Features of real images are computed without a graph; those of generated images once
for both phases. Frozen filters need no gradients, and filters are divided by their largest singular value once per update.
With bfloat16 parameters, Adam has float32 master weights.
"""

import torch
import torch.nn.functional as F
from limn_torch import Convolution, Generator, Linear, load
from torch import nn


class Augmentation(torch.autograd.Function):
    """Shifts each image by a whole number of pixels, fills with zeros, and multiplies it by its mask."""

    @staticmethod
    def moved(to, images, offsets, sign):
        height, width = images.shape[2:]
        for target, source, (down, right) in zip(to, images, offsets):
            down, right = sign * down, sign * right
            target[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = source[
                :, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)]
        return to

    @staticmethod
    def forward(context, images, offsets, mask):
        context.offsets, context.mask = offsets, mask
        return Augmentation.moved(torch.zeros_like(images), images, offsets, 1).mul_(mask)

    @staticmethod
    def backward(context, gradient):
        return Augmentation.moved(torch.zeros_like(gradient), gradient * context.mask, context.offsets, -1), None, None


class Unit(nn.Module):
    """A convolution with batch normalization folded in and TensorFlow's padding, which with stride 2 is larger at the end."""

    def __init__(self, arrays, path, stride=1, groups=1, activation=True):
        super().__init__()
        self.weight, self.bias = (nn.Parameter(arrays[f"{path}.{name}"].clone()) for name in ("weight", "bias"))
        self.stride, self.groups, self.activation = stride, groups, activation
        if stride > 1 and groups > 1:
            # Zeros in the filter do the same with equal padding on all sides, and cost less than a padded copy of the maps.
            self.weight.data = F.pad(self.weight.data, (2, 0, 2, 0))

    def forward(self, x):
        padding = (self.weight.shape[2] - 1) // 2
        if self.stride > 1 and self.groups == 1:
            x, padding = F.pad(x, (padding - 1, padding, padding - 1, padding)), 0
        if self.stride > 1 and self.groups > 1 and x.requires_grad and x.dtype == torch.bfloat16:
            # Its input gradient takes some ten times as long in bfloat16 as in float32.
            with torch.autocast("cpu", enabled=False):
                y = self.convolution(x.float(), self.weight.float(), self.bias.float(), padding).bfloat16()
        else:
            y = self.convolution(x, self.weight, self.bias, padding)
        return F.relu6(y, inplace=True) if self.activation else y

    def convolution(self, x, weight, bias, padding):
        return F.conv2d(x, weight, bias, self.stride, padding, groups=self.groups)


class InvertedResidual(nn.Module):
    def __init__(self, arrays, path, stride):
        super().__init__()
        self.expand = Unit(arrays, path + ".expand") if path + ".expand.weight" in arrays else None
        channels = len(arrays[path + ".depthwise.weight"])
        self.depthwise = Unit(arrays, path + ".depthwise", stride, groups=channels)
        self.project = Unit(arrays, path + ".project", activation=False)
        first = self.expand or self.depthwise
        inputs = channels if first is self.depthwise else first.weight.shape[1]
        self.residual = stride == 1 and inputs == len(self.project.weight)

    def forward(self, x):
        y = self.expand(x) if self.expand else x
        y = self.project(self.depthwise(y))
        return y.add_(x) if self.residual else y


class FrozenFeatures(nn.Module):
    """EfficientNet-Lite0, the projections of its maps at strides 4, 8, 16 and 32, and the image encoder's head."""

    REPEATS, STRIDES, TAPS = (1, 2, 2, 3, 3, 4, 1), (1, 2, 2, 2, 1, 2, 1), (1, 2, 4, 6)

    def __init__(self, arrays, resolution=96):
        super().__init__()
        self.resolution = resolution
        self.stem, self.head = Unit(arrays, "network.stem", 2), Unit(arrays, "network.head")
        self.stages, block = nn.ModuleList(), 0
        for repeats, stride in zip(self.REPEATS, self.STRIDES):
            numbers = range(block, block + repeats)
            self.stages.append(nn.Sequential(*(
                InvertedResidual(arrays, f"network.blocks.{n}", stride if n == block else 1) for n in numbers)))
            block += repeats
        self.projections = nn.ModuleList(Convolution(arrays, f"projections.{i}", padding=0) for i in range(4))
        self.hidden, self.output = Linear(arrays, "imageHead.hidden"), Linear(arrays, "imageHead.output")
        self.requires_grad_(False)

    def forward(self, images):
        """Projected maps, finest first, and the last map of the network."""
        x = self.stem(F.interpolate(images, size=self.resolution, mode="bilinear", align_corners=False))
        maps = []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in self.TAPS:
                maps.append(self.projections[len(maps)](x))
        return maps, x

    def embedding(self, x):
        """Unit vectors in the space of sentences from the last map."""
        pooled = self.head(x).mean((2, 3))
        return F.normalize(self.output(F.gelu(self.hidden(pooled), approximate="tanh")).float(), dim=1)


class Head(nn.Module):
    def __init__(self, arrays, path):
        super().__init__()
        count = len({name for name in arrays if name.startswith(path + ".halvings.") and name.endswith(".bias")})
        self.halvings = nn.ModuleList(Convolution(arrays, f"{path}.halvings.{i}", 2, 1) for i in range(count))
        self.join, self.logit = Convolution(arrays, path + ".join"), Convolution(arrays, path + ".logit", padding=0)

    def state(self, x):
        for halving in self.halvings:
            x = F.leaky_relu(halving(x), 0.2, inplace=True)
        return x

    def forward(self, state, text):
        spread = (text * text.shape[1] ** 0.5)[:, :, None, None].expand(-1, -1, *state.shape[2:])
        joined = self.join(torch.cat([state, spread], 1).contiguous(memory_format=torch.channels_last))
        return self.logit(F.leaky_relu(joined, 0.2, inplace=True)).flatten()


class Heads(nn.Module):
    def __init__(self, arrays):
        super().__init__()
        self.heads = nn.ModuleList(Head(arrays, f"heads.{i}") for i in range(4))

    def pairs(self, real, fake, text, mismatch, condition):
        """Logits of the three kinds of pairs for each head; each filter is applied once, to all images or pairs."""
        texts = torch.cat([text, mismatch, condition])
        logits = []
        for head, r, f in zip(self.heads, real, fake):
            r, f = head.state(torch.cat([r, f])).chunk(2)
            logits.append(head(torch.cat([r, r, f]), texts).chunk(3))
        return logits

    def forward(self, maps, text):
        return [head(head.state(x), text) for head, x in zip(self.heads, maps)]


class Optimized:
    """Adam on float32 master weights. The network's effective weights are these, rounded to another precision or divided by
    the largest singular value."""

    def __init__(self, network, arrays, rate, precision):
        names, self.read = zip(*network.named_parameters())
        # u, v and σ by the parameter's number.
        self.spectral = {
            i: [arrays[n + ".u"].clone(), arrays[n + ".v"].clone(), 0.0] for i, n in enumerate(names) if n + ".u" in arrays}
        self.values = [
            p if precision == torch.float32 and i not in self.spectral else p.detach().clone()
            for i, p in enumerate(self.read)]
        network.to(precision)
        self.rounded = [] if precision == torch.float32 else [i for i in range(len(names)) if i not in self.spectral]
        self.adam = torch.optim.Adam(self.values, rate, betas=(0.0, 0.99), fused=True)
        self.make_read(iterating=False)

    @staticmethod
    def matrix(filters):
        """Filters [out, in, k, k] in channels-last order as the matrix [out × k·k·in] of spectral normalization; a view."""
        return filters.permute(0, 2, 3, 1).flatten(1)

    @torch.no_grad()
    def make_read(self, iterating=True):
        if self.rounded:
            torch._foreach_copy_([self.read[i] for i in self.rounded], [self.values[i] for i in self.rounded])
        for index, spectral in self.spectral.items():
            u, v, _ = spectral
            weight = self.matrix(self.values[index])
            if iterating:
                torch.mv(weight.t(), u, out=v)
                v.div_(v.norm())
            product = weight.mv(v)
            if iterating:
                torch.div(product, product.norm(), out=u)
            spectral[2] = product.dot(u).item()
            torch.mul(self.values[index], 1 / spectral[2], out=self.read[index].detach())

    def update(self):
        """One step of Adam with the gradients of the effective weights; returns their norm."""
        for value, p in zip(self.values, self.read):
            value.grad = p.grad.to(torch.float32, memory_format=torch.channels_last if p.ndim == 4 else torch.preserve_format)
        norm = torch.nn.utils.get_total_norm([value.grad for value in self.values])
        with torch.no_grad():
            for index, (u, v, sigma) in self.spectral.items():
                # From the gradient by W/σ to that by W, where σ = uᵀWv.
                gradient, weight = (self.matrix(a) for a in (self.values[index].grad, self.values[index]))
                along = gradient.flatten().dot(weight.flatten()).item() / sigma
                gradient.addr_(u, v, beta=1 / sigma, alpha=-along / sigma)
        self.adam.step()
        self.make_read()
        for p in (*self.read, *self.values):
            p.grad = None
        return norm


class Training:
    """The step of `GANTrainer`: the discriminator's phase, the generator's phase, Adam and the moving average."""

    def __init__(self, path, autocast=False, bfloat16=False, compiled=False):
        arrays = {n: load(path, n + ".") for n in ("generator", "discriminator", "frozen")}
        self.generator = Generator(arrays["generator"], linear=True, text_scale=16)
        self.heads, self.features = Heads(arrays["discriminator"]), FrozenFeatures(arrays["frozen"])
        for network in (self.generator, self.heads, self.features):
            network.to(memory_format=torch.channels_last)
        precision = torch.bfloat16 if bfloat16 else torch.float32
        self.generator_values = Optimized(self.generator, arrays["generator"], 2e-4, precision)
        self.heads_values = Optimized(self.heads, arrays["discriminator"], 2e-4, precision)
        self.autocast, self.precision = autocast, torch.bfloat16 if autocast else precision
        # Autocast would round filters that take no gradient at each use.
        self.features.to(self.precision)
        self.average = [v.detach().clone() for v in self.generator_values.values]
        wrap = torch.compile if compiled else lambda f: f
        self.generate, self.extract, self.extract_real = wrap(self.generator), wrap(self.features), wrap(self.features)
        self.judge_pairs, self.judge, self.embed = wrap(self.heads.pairs), wrap(self.heads), wrap(self.features.embedding)

    def prepared(self, inputs):
        """Inputs of a step: offsets as integers, images in channels-last order and in the precision of the networks."""
        inputs = inputs | {"sentences": inputs["condition"]}
        for name in ("real.offsets", "fake.offsets"):
            inputs[name] = [tuple(map(int, row)) for row in inputs[name].tolist()]
        for name in ("real", "real.mask", "fake.mask"):
            inputs[name] = inputs[name].to(self.precision, memory_format=torch.channels_last)
        for name in ("noise", "text", "mismatch", "condition"):
            inputs[name] = inputs[name].to(self.precision)
        return inputs

    def _cast(self):
        return torch.autocast("cpu", torch.bfloat16, enabled=self.autocast)

    def _augmented(self, images, inputs, name):
        return Augmentation.apply(images, inputs[name + ".offsets"], inputs[name + ".mask"])

    def discriminator_phase(self, inputs, fake):
        with self._cast():
            with torch.no_grad():
                real, _ = self.extract_real(self._augmented(inputs["real"], inputs, "real"))
            pairs = self.judge_pairs(
                real, [x.detach() for x in fake], inputs["text"], inputs["mismatch"], inputs["condition"])
        # Logits by kind, [heads × batch].
        logits = {
            kind: torch.stack(values).float() for kind, values in zip(("real", "mismatch", "fake"), zip(*pairs))}
        losses = {
            "real": F.relu(1 - logits["real"]).mean(1), "mismatch": 0.5 * F.relu(1 + logits["mismatch"]).mean(1),
            "fake": 0.5 * F.relu(1 + logits["fake"]).mean(1)}
        sum(losses.values()).sum().backward()
        measured = {"discriminator.gradient_norm": self.heads_values.update()}
        for kind in logits:
            loss, mean = losses[kind].detach(), logits[kind].detach().mean(1)
            measured |= {f"loss.{kind}": loss.sum(), f"logits.{kind}": mean.mean()}
            measured |= {f"heads.{i}.loss.{kind}": x for i, x in enumerate(loss)}
            measured |= {f"heads.{i}.logits.{kind}": x for i, x in enumerate(mean)}
        return measured

    def generator_phase(self, inputs, fake, last):
        self.heads.requires_grad_(False)
        with self._cast():
            logits, embeddings = self.judge(fake, inputs["condition"]), self.embed(last)
        loss = -torch.stack(logits).float().mean(1).sum()
        scores = torch.addmm(inputs["mask"], embeddings, inputs["sentences"].t(), alpha=10)
        contrastive = (scores.logsumexp(1) - 10 * (embeddings * inputs["sentences"]).sum(1)).mean()
        (loss + 2 * contrastive).backward()
        self.heads.requires_grad_(True)
        norm = self.generator_values.update()
        with torch.no_grad():
            torch._foreach_lerp_(self.average, self.generator_values.values, 0.002)
        return {
            "loss.generator": loss.detach(), "loss.contrastive": contrastive.detach(), "generator.gradient_norm": norm}

    def step(self, inputs):
        with self._cast():
            images = self.generate(inputs["noise"], inputs["condition"])
            fake, last = self.extract(self._augmented(images, inputs, "fake"))
        measured = self.discriminator_phase(inputs, fake) | self.generator_phase(inputs, fake, last)
        # Limn looks at every norm and term each step too, to leave out those that are not finite.
        return dict(zip(measured, torch.stack(list(measured.values())).tolist()))
