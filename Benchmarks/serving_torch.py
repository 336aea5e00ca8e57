"""The servers with which `limn serve` is compared: FastAPI around the same network in PyTorch.

    python Benchmarks/serving_torch.py MODEL.safetensors PORT each|batched [float32|bfloat16]

`each` generates one image per run of the network; `batched` collects what waits, up to 16, as Limn does. Both answer
POST /v1/images/generations in OpenAI's form, run the network in one thread of their own with two threads for its kernels, and encode
PNG and base64 in a pool beside it. channels-last is PyTorch's fastest layout here (compare.py).
"""

import asyncio
import base64
import concurrent.futures
import contextlib
import math
import os
import sys
import time

import numpy
import torch
import uvicorn
from fastapi import FastAPI
from generate import Model, pixels, png
from pydantic import BaseModel, Field

LARGEST_BATCH = 16


def noise(seed, count):
    """The noise of a seed, as Limn draws it (Sources/RandomStreams): Philox4x32-10 and the method of Box and Muller."""
    key, mask = (seed + 0x9E3779B97F4A7C15) % 2**64, numpy.uint64(2**32 - 1)
    key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    key = (key ^ key >> 27) * 0x94D049BB133111EB % 2**64
    hash = 0xCBF29CE484222325
    for byte in b"noise":
        hash = (hash ^ byte) * 0x100000001B3 % 2**64
    key = key ^ key >> 31 ^ hash
    low, high = key % 2**32, key >> 32
    x, y, z, w = (numpy.zeros(-(-count // 4), numpy.uint64) for _ in range(4))
    x += numpy.arange(len(x), dtype=numpy.uint64)
    for _ in range(10):
        p, q = x * numpy.uint64(0xD2511F53), z * numpy.uint64(0xCD9E8D57)
        x, y, z, w = q >> 32 ^ y ^ numpy.uint64(low), q & mask, p >> 32 ^ w ^ numpy.uint64(high), p & mask
        low, high = (low + 0x9E3779B9) % 2**32, (high + 0xBB67AE85) % 2**32
    uniform = (numpy.stack([x, y, z, w], 1).ravel() >> 8).astype(float) * 2.0**-24
    radius, angle = numpy.sqrt(-2 * numpy.log(1 - uniform[::2])), 2 * math.pi * uniform[1::2]
    return torch.from_numpy(numpy.stack([radius * numpy.cos(angle), radius * numpy.sin(angle)], 1).ravel()[:count].astype("f4"))


class Body(BaseModel):
    prompt: str = Field(min_length=1, max_length=2000)
    model: str | None = None
    n: int = Field(default=1, ge=1, le=64)
    response_format: str = "b64_json"
    seed: int | None = None


class Service:
    def __init__(self, path, largest, precision):
        self.model, self.largest, self.precision = Model(path), largest, precision
        self.model.generator.to(memory_format=torch.channels_last)
        self.queue = asyncio.Queue()
        self.network = concurrent.futures.ThreadPoolExecutor(1)
        self.encoders = concurrent.futures.ThreadPoolExecutor(2)

    def generate(self, requests):
        """The pixels of (prompt, seed) pairs."""
        with torch.inference_mode():
            noises = torch.stack([torch.randn(self.model.noise) if seed is None else noise(seed, self.model.noise) for _, seed in requests])
            vectors = self.model.sentences([prompt for prompt, _ in requests])
            with torch.autocast("cpu", torch.bfloat16, enabled=self.precision == "bfloat16"):
                images = self.model.generator(noises, vectors)
            return pixels(images)

    async def serve(self):
        """Takes up to `largest` waiting images whenever the network is free."""
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self.queue.get()]
            while len(batch) < self.largest and not self.queue.empty():
                batch.append(self.queue.get_nowait())
            try:
                images = await loop.run_in_executor(self.network, self.generate, [request for request, _ in batch])
            except Exception as error:
                for _, future in batch:
                    future.set_exception(error)
                continue
            for image, (_, future) in zip(images, batch):
                if not future.cancelled():
                    future.set_result(image)

    async def images(self, body):
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in range(body.n)]
        for index, future in enumerate(futures):
            seed = None if body.seed is None else body.seed + index
            self.queue.put_nowait(((body.prompt, seed), future))
        encode = lambda image: base64.b64encode(png(image)).decode()
        return [await loop.run_in_executor(self.encoders, encode, await future) for future in futures]


def application(service):
    @contextlib.asynccontextmanager
    async def running(_):
        task = asyncio.create_task(service.serve())
        yield
        task.cancel()

    app = FastAPI(lifespan=running)

    @app.post("/v1/images/generations")
    async def generations(body: Body):
        return {"created": int(time.time()), "data": [{"b64_json": image} for image in await service.images(body)]}

    return app


if __name__ == "__main__":
    path, port, kind, precision = (sys.argv[1:] + ["bfloat16"])[:4]
    torch.set_num_threads(min(2, os.cpu_count()))
    service = Service(path, LARGEST_BATCH if kind == "batched" else 1, precision)
    uvicorn.run(application(service), host="127.0.0.1", port=int(port), log_level="warning", access_log=False)
