"""Golden values of preference losses: loss and slope by PyTorch's autograd.

The formulas are those of TRL 1.16 (trl/trainer/dpo_trainer.py, loss types sigmoid, hinge, ipo), transcribed
here as functions of the difference of log-ratios; label smoothing as in Mitchell 2023 (cDPO).

    python make_preference_golden.py > ../resources/io/whetstone/trainer/algorithm/preference.json
"""

import json

import torch
import torch.nn.functional as F


def loss(form, delta, beta, smoothing):
    if form == "sigmoid":
        return -(1 - smoothing) * F.logsigmoid(beta * delta) - smoothing * F.logsigmoid(-beta * delta)
    if form == "hinge":
        return torch.relu(1 - beta * delta)
    return (delta - 1 / (2 * beta)) ** 2


cases = []
for form in ["sigmoid", "hinge", "ipo"]:
    for beta in [0.01, 0.1, 1.0]:
        for smoothing in [0.0, 0.1] if form == "sigmoid" else [0.0]:
            for value in [-900.0, -37.5, -1.0, -0.25, 0.0, 0.3, 2.0, 55.0, 900.0]:
                delta = torch.tensor(value, dtype=torch.float64, requires_grad=True)
                result = loss(form, delta, beta, smoothing)
                result.backward()
                cases.append(
                    {
                        "form": form,
                        "beta": beta,
                        "label-smoothing": smoothing,
                        "difference": value,
                        "loss": result.item(),
                        "slope": delta.grad.item(),
                    }
                )
print(json.dumps(cases))
