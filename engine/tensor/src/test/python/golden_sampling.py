"""What transformers' warpers leave of random logits: python3 golden_sampling.py RESOURCES

Needs torch and transformers 5. Writes io/whetstone/tensor/sampling.txt. Three lines a case: temperature, top-k, top-p and
min-p (0, 0, 1 and 0 for off); the logits, multiples of 1/64, all different; the probabilities after the warpers, 0 for what
they drop. A case in which a decision is closer than 1e-4 is left out.
"""
import pathlib
import sys

import torch
from transformers import MinPLogitsWarper, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

SETTINGS = [
    (1, 0, 1, 0),
    (0.7, 5, 1, 0),
    (1, 0, 0.6, 0),
    (1, 0, 1, 0.1),
    (1, 4, 0.8, 0),
    (0.6, 20, 0.95, 0),
    (1.5, 6, 0.5, 0),
    (2, 3, 0.4, 0),
    (1, 20, 0.9, 0.05),
    (1.3, 5, 0.95, 0.3),
    (0.8, 1, 0.1, 0),
    (1, 0, 0.7, 0.2),
    (1, 100, 0.75, 0),
]
SIZE = 23


def left(logits, temperature, k, p, m):
    """The probabilities that are drawn from, and how close a decision was."""
    scores = TemperatureLogitsWarper(float(temperature))(None, logits)
    margin = 1.0
    if k > 0:
        scores = TopKLogitsWarper(k)(None, scores)
    if p < 1:
        sums = scores.softmax(-1).sort(descending=True).values.cumsum(-1)
        margin = min(margin, float((sums - p).abs().min()))
        scores = TopPLogitsWarper(p)(None, scores)
    if m > 0:
        probabilities = scores.softmax(-1)
        margin = min(margin, float((probabilities / probabilities.max() - m).abs().min()))
        scores = MinPLogitsWarper(m)(None, scores)
    return scores.softmax(-1)[0], margin


lines = []
generator = torch.Generator().manual_seed(1)
for settings in SETTINGS:
    for values in (100, 350):
        logits = torch.randperm(values, generator=generator)[:SIZE].double() / 64
        probabilities, margin = left(logits[None], *settings)
        if margin > 1e-4:
            lines.append(" ".join(str(x) for x in settings))
            lines.append(" ".join(str(x) for x in logits.tolist()))
            lines.append(" ".join(f"{x:.9f}" for x in probabilities.tolist()))
out = pathlib.Path(sys.argv[1]) / "io/whetstone/tensor/sampling.txt"
out.write_text("\n".join(lines) + "\n")
print(len(lines) // 3, "cases of", 2 * len(SETTINGS))
