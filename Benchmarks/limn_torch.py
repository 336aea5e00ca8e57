"""Limn's networks as PyTorch modules, loaded from Limn's safetensors files, for comparison with Limn.

Written for speed: features of the real batch are computed once for its hinge, its mismatch and its penalty; 1×1 convolutions
precede up-sampling; parameters of the other network need no gradients.
"""

import torch
import torch.nn.functional as F
from torch import nn


def load(path, prefix=""):
    """Arrays under `prefix` as float32 tensors; filters [O, H, W, I] become PyTorch's [O, I, H, W]."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        arrays = {name[len(prefix) :]: file.get_tensor(name).float() for name in file.keys() if name.startswith(prefix)}
    return {name: a.permute(0, 3, 1, 2).contiguous() if a.ndim == 4 else a for name, a in arrays.items()}


class Convolution(nn.Module):
    def __init__(self, arrays, path, stride=1, padding=1):
        super().__init__()
        self.weight = nn.Parameter(arrays[path + ".weight"].clone())
        self.bias = nn.Parameter(arrays[path + ".bias"].clone()) if path + ".bias" in arrays else None
        self.stride, self.padding = stride, padding

    def forward(self, x):
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding)


class Linear(nn.Module):
    def __init__(self, arrays, path):
        super().__init__()
        self.weight = nn.Parameter(arrays[path + ".weight"].clone())
        self.bias = nn.Parameter(arrays[path + ".bias"].clone())

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)


class Affine(nn.Module):
    def __init__(self, arrays, path):
        super().__init__()
        self.gamma, self.beta = Linear(arrays, path + ".gamma"), Linear(arrays, path + ".beta")

    def forward(self, x, hidden):
        return torch.addcmul(self.beta(hidden)[:, :, None, None], x, self.gamma(hidden)[:, :, None, None])


class GeneratorBlock(nn.Module):
    def __init__(self, arrays, path):
        super().__init__()
        self.hidden = Linear(arrays, path + ".condition")
        self.affines = nn.ModuleList(Affine(arrays, f"{path}.affines.{i}") for i in range(4))
        self.convolution1 = Convolution(arrays, path + ".convolution1")
        self.convolution2 = Convolution(arrays, path + ".convolution2")
        has_shortcut = path + ".shortcut.weight" in arrays
        self.shortcut = Convolution(arrays, path + ".shortcut", padding=0) if has_shortcut else nn.Identity()

    def forward(self, x, condition):
        c = F.relu(self.hidden(condition))
        h = F.leaky_relu(self.affines[0](x, c), 0.2)
        h = F.leaky_relu(self.affines[1](h, c), 0.2)
        h = self.convolution1(F.interpolate(h, scale_factor=2))
        h = F.leaky_relu(self.affines[2](h, c), 0.2)
        h = F.leaky_relu(self.affines[3](h, c), 0.2)
        return F.interpolate(self.shortcut(x), scale_factor=2) + self.convolution2(h)


class Generator(nn.Module):
    def __init__(self, arrays, linear=False, text_scale=1):
        super().__init__()
        self.linear, self.text_scale = linear, text_scale
        self.start = Linear(arrays, "start")
        count = len({name.split(".")[1] for name in arrays if name.startswith("blocks.")})
        self.blocks = nn.ModuleList(GeneratorBlock(arrays, f"blocks.{i}") for i in range(count))
        self.output = Convolution(arrays, "output")

    def forward(self, noise, text):
        condition = torch.cat([noise, text * self.text_scale if self.text_scale != 1 else text], 1)
        # Limn's rows are positions with channels last.
        x = self.start(noise).reshape(len(noise), 4, 4, -1).permute(0, 3, 1, 2)
        for block in self.blocks:
            x = block(x, condition)
        x = self.output(F.leaky_relu(x, 0.2))
        return x if self.linear else torch.tanh(x)


class Stage(nn.Module):
    def __init__(self, arrays, path):
        super().__init__()
        self.halve = Convolution(arrays, path + ".convolution1", 2, 1)
        self.refine = Convolution(arrays, path + ".convolution2")
        has_shortcut = path + ".shortcut.weight" in arrays
        self.shortcut = Convolution(arrays, path + ".shortcut", padding=0) if has_shortcut else nn.Identity()
        self.scale = nn.Parameter(arrays[path + ".scale"].clone())

    def forward(self, x):
        h = F.leaky_relu(self.refine(F.leaky_relu(self.halve(x), 0.2)), 0.2)
        return self.shortcut(F.avg_pool2d(x, 2)) + self.scale * h


class Discriminator(nn.Module):
    def __init__(self, arrays):
        super().__init__()
        self.stem = Convolution(arrays, "stem")
        count = len({name.split(".")[1] for name in arrays if name.startswith("stages.")})
        self.stages = nn.ModuleList(Stage(arrays, f"stages.{i}") for i in range(count))
        self.join, self.logit = Convolution(arrays, "join"), Convolution(arrays, "logit", padding=0)

    def features(self, images):
        x = self.stem(images)
        for stage in self.stages:
            x = stage(x)
        return x

    def forward(self, features, text):
        spread = text[:, :, None, None].expand(-1, -1, 4, 4)
        return self.logit(F.leaky_relu(self.join(torch.cat([features, spread], 1)), 0.2)).flatten(1)


class Training:
    """The step of `GANTrainer`: the discriminator's phase, the generator's phase, Adam and the moving average."""

    def __init__(self, path, loss, autocast=False, channels_last=False, compiled=False):
        self.generator, self.discriminator = Generator(load(path, "generator.")), Discriminator(load(path, "discriminator."))
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        for network in (self.generator, self.discriminator):
            network.to(memory_format=self.layout)
        self.loss, self.autocast = loss, autocast
        adam = lambda network, rate: torch.optim.Adam(network.parameters(), rate, betas=(0.0, 0.9), fused=True)
        self.generator_adam, self.discriminator_adam = adam(self.generator, 1e-4), adam(self.discriminator, 4e-4)
        self.average = [p.detach().clone() for p in self.generator.parameters()]
        # Double backward is not compiled (AOTAutograd refuses it), so the discriminator's phase with its penalty stays
        # eager; the generator and the generator's phase are compiled.
        self.generate = torch.compile(self.generator) if compiled else self.generator
        self.fake_logits = torch.compile(self._fake_logits) if compiled else self._fake_logits

    def _fake_logits(self, images, text):
        return self.discriminator(self.discriminator.features(images), text)

    def prepared(self, inputs):
        """Inputs of a step."""
        return inputs | {"real": inputs["real"].contiguous(memory_format=self.layout)}

    def _cast(self):
        return torch.autocast("cpu", torch.bfloat16, enabled=self.autocast)

    def discriminator_phase(self, inputs, fake_images):
        real = inputs["real"].detach().requires_grad_()
        text = inputs["text"].clone().requires_grad_()
        fake_images = fake_images.detach().requires_grad_(self.loss == "relativistic")
        D = self.discriminator
        with self._cast():
            features = D.features(real)
            r, m = D(features, text), D(features, inputs["mismatch"])
            f = D(D.features(fake_images), inputs["condition"])
        r, m, f = r.float(), m.float(), f.float()
        if self.loss == "hinge":
            terms = {"real": F.relu(1 - r).mean(), "mismatch": 0.5 * F.relu(1 + m).mean(), "fake": 0.5 * F.relu(1 + f).mean()}
            dx, ds = torch.autograd.grad(r.sum(), [real, text], create_graph=True)
            square = dx.float().square().sum((1, 2, 3)) + ds.float().square().sum(1)
            terms["penalty"] = 2 * square.pow(3).mean()
        else:
            terms = {"mismatch": 0.5 * F.softplus(m - r).mean(), "fake": F.softplus(f - r).mean()}
            dx, = torch.autograd.grad(r.sum(), [real], create_graph=True)
            df, = torch.autograd.grad(f.sum(), [fake_images], create_graph=True)
            squares = dx.float().square().sum((1, 2, 3)) + df.float().square().sum((1, 2, 3))
            terms["penalty"] = 0.25 * squares.mean()
        self.discriminator_adam.zero_grad()
        parameters = list(D.parameters())
        sum(terms.values()).backward(inputs=parameters)
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters])
        self.discriminator_adam.step()
        return {f"loss.{k}": v for k, v in terms.items()} | {"discriminator.gradient_norm": norm}

    def generator_phase(self, inputs, fake_images):
        D = self.discriminator.requires_grad_(False)
        with self._cast():
            f = self.fake_logits(fake_images, inputs["condition"]).float()
            if self.loss == "relativistic":
                r = self.fake_logits(inputs["real"], inputs["text"]).float()
        loss = -f.mean() if self.loss == "hinge" else F.softplus(r - f).mean()
        self.generator_adam.zero_grad()
        loss.backward()
        D.requires_grad_(True)
        norm = torch.nn.utils.get_total_norm([p.grad for p in self.generator.parameters()])
        self.generator_adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.average, [p.detach() for p in self.generator.parameters()], 0.002)
        return {"loss.generator": loss, "generator.gradient_norm": norm}

    def step(self, inputs):
        # The generator runs once: its images serve the discriminator's phase and, with its graph, its own.
        with self._cast():
            fake_images = self.generate(inputs["noise"], inputs["condition"])
        terms = self.discriminator_phase(inputs, fake_images) | self.generator_phase(inputs, fake_images)
        # Limn looks at every norm and term each step too, to leave out those that are not finite.
        return {name: value.item() for name, value in terms.items()}
