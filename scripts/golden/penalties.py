"""Golden values of Tests/GraphsTests/PenaltyTests.swift: the two gradient penalties of the discriminator and their
derivatives with respect to its parameters, by PyTorch's double backward in float64.

Run with PyTorch 2 and paste the output into the test. Values come from a formula, so no file is needed:
element i of the tensor with phase p is scale * sin(i + p).
"""

import torch


def waves(shape, phase, scale=1.0):
    count = 1
    for extent in shape:
        count *= extent
    return (scale * torch.sin(torch.arange(count, dtype=torch.float64) + phase)).reshape(shape)


def nchw(nhwc):
    return nhwc.permute(0, 3, 1, 2)


def discriminator(x, s, w):
    """Image [N,H,W,C] and sentence [N,S] to logits [N]; parameters are laid out as in the engine, [O,H,W,I]."""

    def convolution(h, filter, stride, padding):
        return torch.nn.functional.conv2d(h, nchw(w[filter]), stride=stride, padding=padding)

    h = torch.nn.functional.leaky_relu(convolution(nchw(x), "down", 2, 1), 0.2)
    h = h + 0.5 * torch.nn.functional.leaky_relu(convolution(h, "residual", 1, 1), 0.2)
    h = torch.cat([h, s[:, :, None, None].expand(-1, -1, h.shape[2], h.shape[3])], dim=1)
    h = torch.nn.functional.leaky_relu(convolution(h, "joint", 1, 1), 0.2)
    return convolution(h, "logit", 1, 0).reshape(-1)


def main():
    x = waves((2, 8, 8, 3), 0.1).requires_grad_()
    s = waves((2, 5), 0.2).requires_grad_()
    shapes = {"down": (4, 4, 4, 3), "joint": (6, 3, 3, 9), "logit": (1, 4, 4, 6), "residual": (4, 3, 3, 4)}
    w = {name: waves(shape, 0.3 + k, 0.4).requires_grad_() for k, (name, shape) in enumerate(shapes.items())}

    logits = discriminator(x, s, w)
    print("logits", logits.tolist())
    dx, ds = torch.autograd.grad(logits.sum(), [x, s], create_graph=True)
    square = dx.square().sum((1, 2, 3))
    penalties = {"r1": square.mean(), "matching": 2 * (square + ds.square().sum(1)).pow(3).mean()}
    for name, penalty in penalties.items():
        print(name, penalty.item())
        for path, derivative in zip(w, torch.autograd.grad(penalty, list(w.values()), retain_graph=True)):
            flat = derivative.flatten()
            print(" ", path, "norm", flat.norm().item(), "first", flat[:4].tolist())


if __name__ == "__main__":
    main()
