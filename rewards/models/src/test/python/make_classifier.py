"""Writes ../resources/io/whetstone/rewards/models/classifier: a small model for sequence classification with one label as
transformers saves it, a tokenizer of ours beside it, and expected.json: some ids and the scores transformers gives them.

Needs torch and transformers (made with 2.15.0 and 5.23.0), and a model directory of ours for its tokenizer:
  python make_classifier.py DIRECTORY
"""

import json
import pathlib
import shutil
import sys

import numpy
import torch
from transformers import LlamaConfig, LlamaForSequenceClassification

OUT = pathlib.Path(__file__).parent.parent / "resources/io/whetstone/rewards/models/classifier"

if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    source = pathlib.Path(sys.argv[1])
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(source / name, OUT / name)
    theirs = json.loads((source / "config.json").read_text())
    torch.manual_seed(5)
    config = LlamaConfig(
        vocab_size=theirs["vocab_size"], hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=4, intermediate_size=24, max_position_embeddings=64, num_labels=1,
        pad_token_id=theirs.get("pad_token_id"), eos_token_id=theirs.get("eos_token_id"), attn_implementation="eager",
    )
    model = LlamaForSequenceClassification(config).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_((1.0 if name.endswith("norm.weight") else 0.0) + 0.2 * torch.randn(p.shape))
    model.save_pretrained(OUT)
    random = numpy.random.default_rng(5)
    pad = theirs.get("pad_token_id", -1)
    sequences = [[int(i) for i in random.integers(0, 15, n)] for n in (3, 9, 17)] + [[1, 2, 3, 4, pad, pad]]
    scores = [float(model(torch.tensor([ids])).logits[0, 0].detach()) for ids in sequences]
    (OUT / "expected.json").write_text(json.dumps({"ids": sequences, "scores": scores}, indent=1) + "\n")
