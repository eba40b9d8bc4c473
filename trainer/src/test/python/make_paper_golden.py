"""Golden losses and gradients of what TRL does not have, from the papers' formulas under autograd.

Written over padded [sequence, token] tensors, as PyTorch programs do it, and not from the Java code,
which has flat arrays and gradients by hand.

    python make_paper_golden.py > ../resources/io/whetstone/trainer/loop/paper-golden.json
"""

import json
import sys

import torch
from golden_inputs import LENGTH, dump, gradient, make

CLIP = {"clip-low": 0.2, "clip-high": 0.28}


def clipped(ratio, a, low=0.2, high=0.28):
    return -torch.minimum(ratio * a, ratio.clamp(1 - low, 1 + high) * a)


def reduce(per_token, x, reduction):
    m = x["mask"].to(torch.float64)
    losses = torch.where(x["mask"], per_token, torch.zeros_like(per_token))
    part = int(x["mask"].any(-1).sum())
    if reduction == "sequence-mean":
        return (losses.sum(-1) / m.sum(-1).clamp(min=1)).sum() / part
    if reduction == "token-mean":
        return losses.sum() / m.sum()
    if reduction == "constant-length":
        return losses.sum() / (part * LENGTH)
    groups = torch.tensor(x["groups"])
    means = [
        losses[groups == g].sum() / m[groups == g].sum()
        for g in sorted(set(x["groups"]))
        if m[groups == g].sum() > 0
    ]
    return torch.stack(means).mean()


def kl(form, lp, ref):
    log_r = ref - lp
    return {
        "k1": -log_r,
        "k2": log_r.square() / 2,
        "k3": log_r.exp() - 1 - log_r,
        "abs": log_r.abs(),
    }[form]


def covariance(x, a):
    m = x["mask"]
    lp = x["logprobs"]
    return (a - a[m].mean()) * (lp - lp[m].mean())


def cases(x):
    """(name, our settings, reduction, our KL, loss of a token from logprobs, token advantages)."""
    a = x["advantages"][:, None].expand_as(x["logprobs"])
    m = x["mask"].to(torch.float64)
    token = x["token_advantages"]

    def ratio(lp):
        return (lp - x["old"]).exp()

    def gspo_token(lp):
        mean = ((lp - x["old"]) * m).sum(-1, keepdim=True) / m.sum(-1, keepdim=True).clamp(min=1)
        return clipped((mean.detach() + lp - lp.detach()).exp(), token)

    def clip_cov(lp):
        r = ratio(lp.detach())
        by_ratio = ((r > 1.28) & (a > 0)) | ((r < 0.8) & (a < 0))
        cov = covariance(x, a)
        drop = (cov > 0.05) & (cov < 0.6) & ~by_ratio & x["mask"]
        assert 3 < drop.sum() < 20
        return clipped(ratio(lp), a) * (~drop)

    def kl_cov(lp):
        cov = covariance(x, a).masked_fill(~x["mask"], -torch.inf)
        count = int(0.1 * int(m.sum()))
        chosen = torch.zeros(cov.numel(), dtype=torch.bool)
        chosen[cov.flatten().topk(count).indices] = True
        return -ratio(lp) * a + 0.7 * (lp - x["old"]).abs() * chosen.reshape(cov.shape)

    for reduction in ("sequence-mean", "token-mean", "group-token-mean", "constant-length"):
        yield f"clipped {reduction}", CLIP, reduction, {}, lambda lp: clipped(ratio(lp), a), None
    yield (
        "token advantages",
        CLIP,
        "token-mean",
        {},
        lambda lp: clipped(ratio(lp), token),
        token,
    )
    yield (
        "gspo-token",
        CLIP | {"ratio": "sequence-token"},
        "sequence-mean",
        {},
        gspo_token,
        token,
    )
    yield (
        "dual clip",
        CLIP | {"clip-delta": 3.0},
        "token-mean",
        {},
        lambda lp: torch.where(
            a < 0, torch.minimum(clipped(ratio(lp), a), -3.0 * a), clipped(ratio(lp), a)
        ),
        None,
    )
    yield "unclipped", {"loss": "unclipped"}, "token-mean", {}, lambda lp: -ratio(lp) * a, None
    yield "gpg", {"loss": "log-likelihood"}, "token-mean", {}, lambda lp: -lp * a, None
    for form in ("k1", "k2", "k3", "abs"):
        given = {"coefficient": 0.07, "estimator": form}
        yield (
            f"{form}",
            CLIP,
            "sequence-mean",
            given,
            lambda lp, form=form: clipped(ratio(lp), a) + 0.07 * kl(form, lp, x["reference"]),
            None,
        )
        yield (
            f"{form} straight through",
            CLIP,
            "token-mean",
            given | {"straight-through": True},
            lambda lp, form=form: clipped(ratio(lp), a)
            + 0.07
            * (
                kl("k2", lp, x["reference"])
                - kl("k2", lp, x["reference"]).detach()
                + kl(form, lp, x["reference"]).detach()
            ),
            None,
        )
        yield (
            f"{form} corrected",
            CLIP,
            "token-mean",
            given | {"bias-corrected": True},
            lambda lp, form=form: clipped(ratio(lp), a)
            + 0.07 * ratio(lp) * kl(form, lp, x["reference"]),
            None,
        )
    yield (
        "clip-cov",
        CLIP | {"token-rule": {"clip-cov": {"share": 1.0, "least": 0.05, "most": 0.6}}},
        "token-mean",
        {},
        clip_cov,
        None,
    )
    yield (
        "kl-cov",
        {"loss": "unclipped", "token-rule": {"kl-cov": {"share": 0.1, "coefficient": 0.7}}},
        "token-mean",
        {},
        kl_cov,
        None,
    )


def main():
    x = make()
    generator = torch.Generator().manual_seed(7)
    shape = x["logprobs"].shape
    x["token_advantages"] = torch.randn(*shape, dtype=torch.float64, generator=generator).to(
        torch.float32
    ).to(torch.float64)
    made = []
    for name, objective, reduction, klSettings, per_token, advantages in cases(x):
        lp = x["logprobs"].clone().requires_grad_()
        loss = reduce(per_token(lp), x, reduction)
        loss.backward()
        case = {
            "name": name,
            "objective": objective,
            "reduction": reduction,
            "kl": klSettings,
            "loss": loss.item(),
            "dLogprobs": gradient(lp, None, x["mask"]),
        }
        if advantages is not None:
            case["tokenAdvantages"] = advantages.tolist()
        made.append(case)
    json.dump({"length": LENGTH, "inputs": dump(x), "cases": made}, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
