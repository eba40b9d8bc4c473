"""A small Llama in a GGUF file of mixed types, and what transformers makes of it.

    python golden_gguf.py ../resources/io/whetstone/checkpoints/gguf

The file is written by the package `gguf`, its blocks by ggml's own quantisers. golden.json has the last eight logits that transformers
computes from the file (its own reader), and ids of texts by the tokenizer the file was made of. Needs torch, transformers 5,
gguf, llama-cpp-python (for its library of quantisers) and tokenizers.
"""
import ctypes
import json
import os
import pathlib
import sys

import gguf
import llama_cpp
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as T

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
random = np.random.default_rng(11)
H, HEADS, KV, FFN, SIZE = 256, 4, 2, 256, 64
TEXTS = ["the hen and the ten men", " then  heat\nhéat — 東 <s>", "ab", "a then the thé"]

# A SentencePiece-like vocabulary: specials, bytes, characters, and pieces whose scores rank them.
pieces = ["th", "▁t", "▁th", "▁the", "the", "en", "▁h", "▁hen", "he", "then", "▁then", "an", "and", "▁and", "▁m", "men", "at"]
characters = ["▁"] + sorted(set("thenamdé" + "b"))
tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + characters + pieces
types = [2, 3, 3] + [6] * 256 + [1] * (len(characters) + len(pieces))
scores = [0.0] * (259 + len(characters)) + [-1.0 - i for i in range(len(pieces))]
V = len(tokens) + 3
tokens += [f"[PAD{i}]" for i in range(len(tokens), V)]
types += [5] * 3
scores += [-1000.0] * 3

library = ctypes.CDLL(os.fspath(pathlib.Path(llama_cpp.__file__).parent / "lib" / "libggml-base.so"))


def quantize(x, kind):
    if kind in (T.F32, T.F16):
        return x.astype(np.float32 if kind == T.F32 else np.float16)
    if kind == T.BF16:
        return gguf.quantize(x, kind)
    size, width = gguf.GGML_QUANT_SIZES[kind]
    made = np.zeros((x.shape[0], x.shape[1] // size * width), dtype=np.uint8)
    function = getattr(library, "quantize_row_" + {T.Q8_0: "q8_0", T.Q4_K: "q4_K", T.Q6_K: "q6_K"}[kind] + "_ref")
    function.argtypes, function.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64], None
    function(np.ascontiguousarray(x).ctypes.data, made.ctypes.data, x.size)
    return made


writer = gguf.GGUFWriter(out / "llama.gguf", "llama")
writer.add_context_length(128)
writer.add_embedding_length(H)
writer.add_block_count(1)
writer.add_feed_forward_length(FFN)
writer.add_head_count(HEADS)
writer.add_head_count_kv(KV)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_rope_freq_base(10000.0)
writer.add_rope_dimension_count(SIZE)
writer.add_vocab_size(V)
writer.add_tokenizer_model("llama")
writer.add_token_list(tokens)
writer.add_token_scores(scores)
writer.add_token_types(types)
writer.add_bos_token_id(1)
writer.add_eos_token_id(2)
writer.add_unk_token_id(0)
writer.add_add_bos_token(False)
writer.add_chat_template("{% for m in messages %}{{ m['content'] }}</s>{% endfor %}")
for name, shape, kind in [
    ("token_embd.weight", (V, H), T.Q6_K), ("blk.0.attn_q.weight", (HEADS * SIZE, H), T.Q4_K),
    ("blk.0.attn_k.weight", (KV * SIZE, H), T.Q4_K), ("blk.0.attn_v.weight", (KV * SIZE, H), T.Q6_K),
    ("blk.0.attn_output.weight", (H, HEADS * SIZE), T.Q8_0), ("blk.0.ffn_gate.weight", (FFN, H), T.Q4_K),
    ("blk.0.ffn_up.weight", (FFN, H), T.Q4_K), ("blk.0.ffn_down.weight", (H, FFN), T.Q6_K),
    ("blk.0.attn_norm.weight", (H,), T.F32), ("blk.0.ffn_norm.weight", (H,), T.F32), ("output_norm.weight", (H,), T.F32),
]:
    x = (random.standard_normal(shape) * 0.08 + (len(shape) == 1)).astype(np.float32)
    writer.add_tensor(name, quantize(x, kind), raw_dtype=kind)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

model = transformers.AutoModelForCausalLM.from_pretrained(out, gguf_file="llama.gguf", dtype=torch.float32).eval()
ids = torch.randint(0, V, (24,), generator=torch.Generator().manual_seed(2))
logits = model(ids[None]).logits[0]
llama = llama_cpp.Llama(os.fspath(out / "llama.gguf"), vocab_only=True, verbose=False)
golden = {
    "ids": ids.tolist(),
    "logits": [[round(x, 6) for x in row] for row in logits[-8:].tolist()],
    "texts": TEXTS,
    "tokens": [llama.tokenize(text.encode(), add_bos=False, special=True) for text in TEXTS],
}
(out / "golden.json").write_text(json.dumps(golden) + "\n")
