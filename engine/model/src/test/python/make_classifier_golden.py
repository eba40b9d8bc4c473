"""Writes golden-classifier-*.json beside the other golden files: what transformers' models for sequence
classification with one label say of small models.

For each model (f32, one sequence at a time, eager attention): its weights, the score of each sequence (that of its
last token) and of some tokens within, the Bradley-Terry loss of pairs of sequences with a margin and a centering term,
its slope in each score, and the gradient of all weights.

Needs torch and transformers (made with 2.15.0 and 5.23.0):  python make_classifier_golden.py
"""

import json

import numpy
import torch
from transformers import (
    LlamaConfig,
    LlamaForSequenceClassification,
    Qwen2Config,
    Qwen2ForSequenceClassification,
)

from make_golden import OUT, config, encode

LENGTHS = [7, 1, 12, 5, 9, 3]
MARGINS = [0.0, 0.7, 1.5]
CENTERING = 0.01


def case(name, model, config, seed):
    random = numpy.random.default_rng(seed)
    torch.manual_seed(seed)
    with torch.no_grad():
        for key, p in model.named_parameters():
            near = 1.0 if key.endswith("norm.weight") else 0.0
            p.copy_(near + 0.2 * torch.randn(p.shape))
    model.eval()
    sequences = [random.integers(0, config["vocabulary"], n).tolist() for n in LENGTHS]
    weights = {key: encode(p) for key, p in model.named_parameters()}
    scores = torch.stack([model(torch.tensor([ids])).logits[0, 0] for ids in sequences])
    within = [model.score(model.model(torch.tensor([ids])).last_hidden_state)[0, :, 0] for ids in sequences]
    scores.retain_grad()
    better, worse = scores[0::2], scores[1::2]
    loss = -torch.nn.functional.logsigmoid(better - worse - torch.tensor(MARGINS)).mean()
    loss = loss + CENTERING * ((better + worse) ** 2).mean()
    loss.backward()
    golden = {
        "config": config,
        "lengths": LENGTHS,
        "ids": [i for ids in sequences for i in ids],
        "weights": weights,
        "scores": scores.tolist(),
        "everyScore": torch.cat(within).tolist(),
        "margins": MARGINS,
        "centering": CENTERING,
        "loss": float(loss.detach()),
        "dScores": scores.grad.tolist(),
        "gradients": {key: encode(p.grad) for key, p in model.named_parameters()},
    }
    (OUT / f"golden-classifier-{name}.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    ours, theirs = config(22, 20, 2, 4, 2, 6, 28, 10000.0, 1e-5, True, False)
    theirs |= dict(num_labels=1, pad_token_id=None)
    case("llama", LlamaForSequenceClassification(LlamaConfig(**theirs)), ours, 3)
    ours, theirs = config(23, 16, 3, 4, 2, 4, 24, 1000000.0, 1e-6, True, True)
    theirs |= dict(num_labels=1, pad_token_id=None)
    case("qwen2", Qwen2ForSequenceClassification(Qwen2Config(**theirs)), ours, 4)
