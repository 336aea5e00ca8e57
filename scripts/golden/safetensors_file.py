"""Writes the golden file of CheckpointsTests: a safetensors file by the reference implementation.

    python scripts/golden/safetensors_file.py            prints the file as base64, for SafetensorsTests.swift
    python scripts/golden/safetensors_file.py FILE       prints the content of FILE, to check a file that Limn wrote

Needs torch and safetensors.
"""

import base64
import sys

import torch
from safetensors import safe_open
from safetensors.torch import save

if len(sys.argv) > 1:
    with safe_open(sys.argv[1], framework="pt") as file:
        print("metadata", file.metadata())
        for name in sorted(file.keys()):
            array = file.get_tensor(name)
            print(repr(name), array.dtype, tuple(array.shape), array.flatten()[:16].tolist())
else:
    arrays = {
        "encoder.weight": torch.tensor([[0.1, -2.5, 3e38], [1e-45, -0.0, float("inf")]]),
        "generator.half": torch.tensor([1.0, 6e-8, 65504.0, -float("inf"), 0.1], dtype=torch.float16),
        "generator.brain": torch.tensor([1.0, 1e-40, 3.3895314e38, -0.1], dtype=torch.bfloat16),
        "steps": torch.tensor(7, dtype=torch.int64),
        "tokens": torch.tensor([[1, -2]], dtype=torch.int32),
        "mask": torch.tensor([1, 0, 255], dtype=torch.uint8),
        "empty": torch.zeros(0, 4),
    }
    print(base64.b64encode(save(arrays, metadata={"format": "pt", "note": 'é "quoted"\n\\ \u0001 🎨'})).decode())
