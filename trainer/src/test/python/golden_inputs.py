"""Inputs that the golden losses share: awkward on purpose.

Sequences of 1 to 9 tokens in groups; tokens that an environment wrote; a completion without a
trained token and an empty one; a group without variance (advantages 0); ratios from e^-3 to e^3.
All values are float32 numbers held in float64, so that both sides read the same.
"""

import torch

LONGEST = 9
LENGTH = 12  # of the constant-length reduction


def floats(tensor):
    return tensor.to(torch.float32).to(torch.float64)


def make():
    generator = torch.Generator().manual_seed(20260101)

    def rand(*shape):
        return torch.rand(*shape, dtype=torch.float64, generator=generator)

    def randn(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    groups = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    lengths = torch.tensor([9, 3, 5, 1, 7, 9, 2, 4, 6, 8, 5, 0])
    n = len(groups)
    mask = torch.arange(LONGEST)[None, :] < lengths[:, None]
    mask[0, 2] = False  # written by an environment
    mask[5, 0:3] = False
    mask[9, :] = False  # a masked truncation
    logprobs = floats(-rand(n, LONGEST) * 3 - 0.01)
    old = floats(logprobs + 0.35 * randn(n, LONGEST))
    old[0, 0], old[0, 1] = logprobs[0, 0] - 3, logprobs[0, 1] + 3
    old[1, 0], old[1, 1] = logprobs[1, 0] - 3, logprobs[1, 1] + 3
    old[8, 0] = logprobs[8, 0] - 2.5
    old = floats(old)
    return {
        "groups": groups,
        "mask": mask,
        "logprobs": logprobs,
        "old": old,
        "sampled": floats(old + 0.4 * randn(n, LONGEST)),
        "reference": floats(logprobs + 0.5 * randn(n, LONGEST)),
        "entropies": floats(rand(n, LONGEST) * 2),
        "advantages": floats(
            torch.tensor([1.3, -0.7, -0.9, 0.3, 0, 0, 0, 0, -0.5, 0.9, 0.8, -1.2])
        ),
    }


def taking_part(inputs):
    """The rows with a trained token: the others do not count in our means over sequences."""
    rows = inputs["mask"].any(-1)
    return {
        key: value[rows] if torch.is_tensor(value) else value for key, value in inputs.items()
    }, rows


def dump(inputs):
    return {
        key: value.tolist() if torch.is_tensor(value) else value for key, value in inputs.items()
    }


def gradient(leaf, rows, mask):
    """Of the trained tokens, in order."""
    if leaf.grad is None:
        return [0.0] * int(mask.sum())
    return leaf.grad[mask].tolist()
