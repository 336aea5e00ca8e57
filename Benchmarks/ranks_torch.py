"""One process of PyTorch's data-parallel training of Limn's networks, for ranks.py:

    python Benchmarks/ranks_torch.py WEIGHTS float32|bfloat16 STEPS

Alone, or as a rank by the variables of mpirun: gradients are averaged with torch.distributed's gloo while others are computed. Prints a
line of JSON: images per second, and the seconds of a step spent waiting for gradients.
"""

import json
import os
import sys
import time

import torch
import torch.distributed as dist
from limn_torch import Training, load

# PyTorch's DistributedDataParallel fills buckets of 25 MB after a first one of 1 MB; networks of 10 MB need smaller ones to
# be exchanged while gradients are computed.
BUCKET = 1 << 18


class Reduction:
    """The means of a network's gradients over all ranks, each bucket started as soon as its gradients are computed."""

    def __init__(self, network, optimizer):
        self.parameters, self.bucket, self.pending, self.seconds = list(network.parameters()), [], [], 0.0
        for parameter in self.parameters:
            parameter.register_post_accumulate_grad_hook(self._computed)
        optimizer.register_step_pre_hook(lambda *_: self._finish())

    def _computed(self, parameter):
        self.bucket.append(parameter)
        if sum(p.numel() for p in self.bucket) >= BUCKET:
            self._start()

    def _start(self):
        if self.bucket:
            flat = torch.cat([p.grad.flatten() for p in self.bucket])
            self.pending.append((self.bucket, flat, dist.all_reduce(flat, async_op=True)))
        self.bucket = []

    def _finish(self):
        self._start()
        begin = time.perf_counter()
        for bucket, flat, work in self.pending:
            work.wait()
            flat /= dist.get_world_size()
            for parameter, mean in zip(bucket, flat.split([p.numel() for p in bucket])):
                parameter.grad.copy_(mean.view_as(parameter.grad))
        self.seconds += time.perf_counter() - begin
        self.pending = []


def main(weights, precision, steps):
    torch.set_num_threads(1)
    ranks = int(os.environ.get("OMPI_COMM_WORLD_SIZE", 1))
    training = Training(weights, "hinge", channels_last=True, autocast=precision == "bfloat16")
    reductions = []
    if ranks > 1:
        dist.init_process_group("gloo", rank=int(os.environ["OMPI_COMM_WORLD_RANK"]), world_size=ranks)
        reductions = [Reduction(training.generator, training.generator_adam),
                      Reduction(training.discriminator, training.discriminator_adam)]
    inputs = training.prepared(load(weights, "step0.inputs."))
    for step in range(-3, int(steps)):
        if step == 0:
            begin = time.perf_counter()
            for reduction in reductions:
                reduction.seconds = 0
        training.step(inputs)
    seconds = (time.perf_counter() - begin) / int(steps)
    if not dist.is_initialized() or dist.get_rank() == 0:
        print(json.dumps({"rate": ranks * len(inputs["real"]) / seconds, "seconds": seconds,
                          "waited": sum(r.seconds for r in reductions) / int(steps)}))
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
