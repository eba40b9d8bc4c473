"""Golden losses and gradients of the policy objective, by PyTorch's autograd in float64.

Written from the papers' formulas over padded [sequence, token] tensors, as PyTorch programs do
it, and not from the Java code, which has flat arrays and gradients by hand. Inputs are float32
values, so that both sides read the same numbers.

    python make_algorithm_golden.py > ../resources/io/whetstone/trainer/algorithm/golden.json
"""

import itertools
import json
import math
import sys

import torch

torch.manual_seed(20260101)
GROUPS = [4, 4, 3]
LONGEST = 9
BETA, ETA = 0.07, 0.013
LENGTH = 12


def floats(tensor):
    return tensor.to(torch.float32).to(torch.float64)


def inputs():
    sequences = sum(GROUPS)
    logprobs = floats(-torch.rand(sequences, LONGEST, dtype=torch.float64) * 3 - 0.01)
    old = floats(logprobs + 0.35 * torch.randn(sequences, LONGEST, dtype=torch.float64))
    reference = floats(logprobs + 0.5 * torch.randn(sequences, LONGEST, dtype=torch.float64))
    entropies = floats(torch.rand(sequences, LONGEST, dtype=torch.float64) * 2)
    lengths = torch.tensor([9, 3, 5, 1, 7, 9, 2, 4, 6, 8, 5])
    mask = torch.arange(LONGEST)[None, :] < lengths[:, None]
    mask[0, 2] = False  # put there by an environment
    mask[5, 0:3] = False
    mask[7, :] = False  # a masked truncation
    rewards = [[1.2, 0.2, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0], [0.25, 1.2, 0.2]]
    return logprobs, old, reference, entropies, mask, rewards


def advantages(rewards, scale, unbiased):
    """Padded nothing: each group on its own; absent rewards do not occur here."""
    every = torch.tensor([r for group in rewards for r in group], dtype=torch.float64)
    out = []
    for group in rewards:
        r = torch.tensor(group, dtype=torch.float64)
        a = r - r.mean()
        if scale == "group":
            a = a / (r.std(unbiased=unbiased) + 1e-4)
        elif scale == "batch":
            a = a / (every.std(unbiased=unbiased) + 1e-4)
        out.append(a)
    return floats(torch.cat(out))


def kl(form, logprobs, reference):
    log_r = reference - logprobs
    return {
        "k1": -log_r,
        "k2": log_r.square() / 2,
        "k3": log_r.exp() - 1 - log_r,
    }[form]


def reduce(per_token, mask, reduction):
    m = mask.to(torch.float64)
    taking_part = int((m.sum(-1) > 0).sum())
    if reduction == "sequence-mean":
        return ((per_token * m).sum(-1) / m.sum(-1).clamp(min=1)).sum() / taking_part
    if reduction == "token-mean":
        return (per_token * m).sum() / m.sum()
    if reduction == "constant-length":
        return (per_token * m).sum() / (taking_part * LENGTH)
    raise ValueError(reduction)


def main():
    logprobs, old, reference, entropies, mask, rewards = inputs()
    cases = []
    for reduction, (low, high), form, (scale, unbiased), eta in itertools.product(
        ["sequence-mean", "token-mean", "constant-length"],
        [(0.2, 0.28), (0.1, math.inf)],
        ["none", "k1", "k2", "k3"],
        [("group", True), ("group", False), ("batch", True), ("none", True)],
        [0.0, ETA],
    ):
        if eta and (scale, form) != ("group", "k3"):
            continue  # the bonus adds to the rest: a few cases show it
        lp = logprobs.clone().requires_grad_()
        h = entropies.clone().requires_grad_()
        a = advantages(rewards, scale, unbiased)[:, None]
        ratio = (lp - old).exp()
        per_token = -torch.minimum(ratio * a, ratio.clamp(1 - low, 1 + high) * a)
        beta = 0.0 if form == "none" else BETA
        if beta:
            per_token = per_token + beta * kl(form, lp, reference)
        per_token = per_token - eta * h
        loss = reduce(per_token, mask, reduction)
        loss.backward()
        r = ratio.detach()
        m = mask.to(torch.float64)
        cases.append(
            {
                "reduction": reduction,
                "low": low,
                "high": None if math.isinf(high) else high,
                "kl": form,
                "beta": beta,
                "eta": eta,
                "scale": scale,
                "deviation": "sample" if unbiased else "population",
                "advantages": a.flatten().tolist(),
                "loss": loss.item(),
                "dLogprobs": lp.grad[mask].tolist(),
                "dEntropies": h.grad[mask].tolist() if eta else None,
                "clippedLow": int(((r < 1 - low) & (a < 0) & mask).sum()),
                "clippedHigh": int(((r > 1 + high) & (a > 0) & mask).sum()),
                "ratioMean": ((r * m).sum() / m.sum()).item(),
            }
        )
    json.dump(
        {
            "rewards": rewards,
            "length": LENGTH,
            "logprobs": logprobs.tolist(),
            "oldLogprobs": old.tolist(),
            "referenceLogprobs": reference.tolist(),
            "entropies": entropies.tolist(),
            "mask": mask.tolist(),
            "cases": cases,
        },
        sys.stdout,
    )
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
