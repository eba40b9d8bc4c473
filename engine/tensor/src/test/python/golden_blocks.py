"""Golden blocks of GGUF's quantised types: python3 golden_blocks.py RESOURCES

Needs the packages `gguf`, `llama-cpp-python` (for ggml's own quantisers) and `numpy`. For each type, a file of
  int32 blocks, then the blocks, then their decoded float32s by `gguf`;
the blocks are random bytes with finite scales, and those that ggml makes of the numbers in numbers.f32.
"""
import ctypes
import os
import pathlib
import sys

import gguf
import llama_cpp
import numpy as np

out = pathlib.Path(sys.argv[1]) / "io/whetstone/tensor/quantized"
out.mkdir(parents=True, exist_ok=True)
random = np.random.default_rng(5)
library = pathlib.Path(llama_cpp.__file__).parent / "lib" / "libggml-base.so"
ggml = ctypes.CDLL(os.fspath(library))

# Weights of several sizes; some runs are one-sided, constant, zero or have an outlier.
numbers = (random.standard_normal((24, 256)) * np.exp(random.uniform(-6, 1, (24, 1)))).astype(np.float32)
numbers[3] = np.abs(numbers[3])
numbers[4] = -np.abs(numbers[4])
numbers[5] = 0
numbers[6] = 0.25
numbers[7, 17] = 30
numbers[8, 32:64] = 0
numbers[9, :] = np.round(numbers[9, :] * 4) / 4
numbers.tofile(out / "numbers.f32")

halves = {gguf.GGMLQuantizationType.Q8_0: [0], gguf.GGMLQuantizationType.Q4_K: [0, 2],
          gguf.GGMLQuantizationType.Q6_K: [208]}
for kind, name in [(gguf.GGMLQuantizationType.Q8_0, "q8_0"), (gguf.GGMLQuantizationType.Q4_K, "q4_K"),
                   (gguf.GGMLQuantizationType.Q6_K, "q6_K")]:
    size, width = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (24, width), dtype=np.uint8)
    for at in halves[kind]:
        scale = (random.standard_normal(24) * np.exp(random.uniform(-9, 3, 24))).astype(np.float16)
        blocks[:, at:at + 2] = scale.view(np.uint8).reshape(-1, 2)
    made = np.zeros(numbers.size // size * width, dtype=np.uint8)
    quantize = getattr(ggml, f"quantize_row_{name}_ref")
    quantize.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    quantize.restype = None
    quantize(numbers.ctypes.data, made.ctypes.data, numbers.size)
    if name == "q8_0":
        assert (gguf.quantize(numbers, kind).reshape(-1) == made).all()
    all_blocks = np.concatenate([blocks.reshape(-1), made])
    decoded = gguf.dequantize(all_blocks.reshape(-1, width), kind).astype(np.float32)
    with open(out / f"{name}.blocks", "wb") as file:
        file.write(np.int32(24).tobytes() + np.int32(len(made) // width).tobytes())
        file.write(all_blocks.tobytes() + decoded.tobytes())
