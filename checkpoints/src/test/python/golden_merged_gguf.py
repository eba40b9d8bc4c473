"""What llama.cpp and PEFT make of adapters that we merged and wrote as GGUF.

    mvn -pl checkpoints test -Dtest=MergedGgufTest -Dexports=/tmp/merged
    python golden_merged_gguf.py /tmp/merged ../resources/io/whetstone/checkpoints

Ten ids: what is written of qwen2 is its window of twelve (docs/gguf.md). Loads /tmp/merged/{llama,qwen2}.gguf with llama-cpp-python, compares its logits after some ids with those of the model that PEFT merges
from the same fixtures, and records llama.cpp's in peft/merged-gguf.json. Needs torch, transformers 5, peft and llama-cpp-python.
"""
import json
import os
import pathlib
import sys

import llama_cpp
import numpy as np
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

exports, root = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
golden = {}
for name in ["llama", "qwen2"]:
    base = AutoModelForCausalLM.from_pretrained(root / "families" / name, dtype=torch.float32, attn_implementation="eager")
    model = PeftModel.from_pretrained(base, root / "peft" / name).merge_and_unload().eval()
    # Ids that the file's vocabulary has a text for are not needed: llama.cpp evaluates any row of the table.
    ids = torch.randint(0, model.config.vocab_size, (10,), generator=torch.Generator().manual_seed(4)).tolist()
    expected = model(torch.tensor([ids])).logits[0, -1].detach().numpy()
    llama = llama_cpp.Llama(os.fspath(exports / f"{name}.gguf"), n_ctx=64, logits_all=True, verbose=False, n_threads=1,
                            type_k=0, type_v=0)  # its cache in F32, not F16
    llama.eval(ids)
    got = np.array(llama.scores[len(ids) - 1], dtype=np.float32)
    print(f"{name}: largest difference of logits {np.abs(got - expected).max():.2e}, largest logit {np.abs(expected).max():.2f}")
    golden[name] = {"ids": ids, "logits": [round(float(x), 6) for x in got]}
(root / "peft" / "merged-gguf.json").write_text(json.dumps(golden) + "\n")
