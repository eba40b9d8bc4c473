"""Golden blocks of 8-bit moments: python3 golden_moments.py RESOURCES

Needs the packages `bitsandbytes`, `torch` and `numpy`. Writes moments.blocks, little-endian; for the signed, then the
unsigned map:
  256 float32 values, then of 8 blocks: 2048 float32 numbers, 8 float32 scales, 2048 codes, 2048 float32 decoded.
The codes are bitsandbytes' for float64, the nearest values; for float32 its processors' code looks up truncated numbers.
"""
import pathlib
import sys

import numpy as np
import torch
from bitsandbytes import functional

out = pathlib.Path(sys.argv[1]) / "io/whetstone/tensor/quantized"
random = np.random.default_rng(8)

# Gradients' means of several sizes within a block; one block is constant, one zero, one has an outlier.
numbers = (random.standard_normal((8, 256)) * np.exp(random.uniform(-9, 0, (8, 256)))).astype(np.float32)
numbers *= np.exp(random.uniform(-12, 2, (8, 1))).astype(np.float32)
numbers[1] = 0.25
numbers[2] = 0
numbers[3, 200] = -1e4

with open(out / "moments.blocks", "wb") as file:
    for signed in (True, False):
        values = functional.create_dynamic_map(signed=signed)
        x = torch.from_numpy(numbers if signed else numbers * numbers)
        codes, scales = torch.ops.bitsandbytes.quantize_blockwise(x.double(), values, 256)
        decoded = functional.dequantize_blockwise(codes, absmax=scales, code=values, blocksize=256)
        for part in (values, x, scales, codes, decoded.float()):
            file.write(part.contiguous().numpy().tobytes())
