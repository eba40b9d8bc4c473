"""Golden losses and gradients by TRL's own loss code (GRPOTrainer, GMPOTrainer, RLOOTrainer).

The trainers are made without their constructors and given logprobs in place of a model, so that
nothing but their _compute_loss runs. TRL counts completions without trained tokens in its means
over sequences and we do not, so those rows are left out here.

    python make_trl_golden.py > ../resources/io/whetstone/trainer/loop/trl-golden.json
"""

import collections
import json
import sys
import types

import torch
import trl
from golden_inputs import LENGTH, dump, gradient, make, taking_part
from trl import GRPOTrainer, RLOOTrainer
from trl.experimental.gmpo import GMPOTrainer

CLIP = {"clip-low": 0.2, "clip-high": 0.28}


class OneProcess:
    num_processes = 1
    device = torch.device("cpu")
    sync_gradients = True

    def gather(self, x):
        return x

    def reduce(self, x, reduction="sum"):
        return x

    def pad_across_processes(self, x, dim=0, pad_index=0):
        return x


def trainer(kind, settings):
    made = kind.__new__(kind)
    defaults = dict(
        loss_type="grpo",
        epsilon_low=0.2,
        epsilon_high=0.28,
        beta=0.0,
        delta=None,
        top_entropy_quantile=1.0,
        importance_sampling_level="token",
        off_policy_mask_threshold=None,
        use_bias_correction_kl=False,
        sapo_temperature_pos=1.0,
        sapo_temperature_neg=1.05,
        vespo_k_pos=2.0,
        vespo_lambda_pos=3.0,
        vespo_k_neg=3.0,
        vespo_lambda_neg=2.0,
        entropy_coef=0.0,
        use_adaptive_entropy=False,
        use_vllm=False,
        vllm_importance_sampling_correction=False,
        aux_loss_enabled=False,
        max_completion_length=LENGTH,
    )
    values = defaults | settings
    for name, value in values.items():
        setattr(made, name, value)
    made.args = types.SimpleNamespace(**values)
    made._entropy_bonus_enabled = values["entropy_coef"] != 0
    made.accelerator = OneProcess()
    made.model = types.SimpleNamespace(training=False)
    made._metrics = {"eval": collections.defaultdict(list)}
    return made


def run(kind, settings, inputs, corrections=None):
    made = trainer(kind, settings)
    logprobs = inputs["logprobs"].clone().requires_grad_()
    entropies = inputs["entropies"].clone().requires_grad_()
    made._get_per_token_logps_and_entropies = lambda *a, **k: (logprobs, entropies, None)
    mask = inputs["mask"].to(torch.float64)
    ids = torch.zeros(mask.shape, dtype=torch.long)
    batch = dict(
        prompt_ids=ids[:, :1],
        prompt_mask=ids[:, :1],
        completion_ids=ids,
        completion_mask=mask,
        advantages=inputs["advantages"],
        old_per_token_logps=inputs["old"],
        old_logps=(inputs["old"] * mask).sum(1),
        ref_per_token_logps=inputs["reference"],
        num_items_in_batch=mask.sum(),
    )
    if settings.get("off_policy_mask_threshold") is not None:
        batch["sampling_per_token_logps"] = inputs["sampled"]
    if corrections is not None:
        batch["importance_sampling_ratio"] = corrections
    made.__class__._compute_loss(made, None, batch).backward()
    loss = kind._compute_loss(made, None, batch).item()
    return loss, gradient(logprobs, None, inputs["mask"]), gradient(entropies, None, inputs["mask"])


def corrections(inputs, unit, form, least, most):
    """As TRL's _generate_and_score_completions makes them, from the formula."""
    difference = (inputs["old"] - inputs["sampled"]) * inputs["mask"]
    if unit == "sequence":
        difference = difference.sum(-1, keepdim=True)
    ratio = difference.exp()
    if form == "truncate":
        ratio = ratio.clamp(min=least, max=most)
    else:
        ratio = ratio.masked_fill((ratio < least) | (ratio > most), 0.0)
    return ratio


def cases():
    """(name, trainer, TRL's settings, our settings, reduction, our KL, correction)."""
    yield "grpo", GRPOTrainer, {}, CLIP, "sequence-mean", {}, None
    yield "bnpo", GRPOTrainer, dict(loss_type="bnpo"), CLIP, "token-mean", {}, None
    yield "dapo", GRPOTrainer, dict(loss_type="dapo"), CLIP, "token-mean", {}, None
    yield "dr_grpo", GRPOTrainer, dict(loss_type="dr_grpo"), CLIP, "constant-length", {}, None
    delta = CLIP | {"clip-delta": 3.0}
    yield "delta", GRPOTrainer, dict(delta=3.0), delta, "sequence-mean", {}, None
    yield (
        "gspo",
        GRPOTrainer,
        dict(importance_sampling_level="sequence"),
        CLIP | {"ratio": "sequence"},
        "sequence-mean",
        {},
        None,
    )
    for most in (5.0, 1.5):
        cispo = {"loss": {"cispo": {"most": most}}}
        settings = dict(loss_type="cispo", epsilon_high=most)
        yield f"cispo {most}", GRPOTrainer, settings, cispo, "token-mean", {}, None
    yield "sapo", GRPOTrainer, dict(loss_type="sapo"), {"loss": "sapo"}, "sequence-mean", {}, None
    yield "vespo", GRPOTrainer, dict(loss_type="vespo"), {"loss": "vespo"}, "token-mean", {}, None
    yield (
        "luspo",
        GRPOTrainer,
        dict(loss_type="luspo", importance_sampling_level="sequence"),
        CLIP | {"ratio": "sequence"},
        "sum",
        {},
        None,
    )
    yield (
        "gmpo",
        GMPOTrainer,
        dict(epsilon_low=0.4, epsilon_high=0.4),
        {"loss": "geometric-mean"},
        "sequence-mean",
        {},
        None,
    )
    product = CLIP | {"ratio": "sequence-product"}
    yield "rloo", RLOOTrainer, {}, product, "sequence-mean", {}, None
    for loss_type, reduction in [("grpo", "sequence-mean"), ("dapo", "token-mean")]:
        settings = dict(loss_type=loss_type, beta=0.07)
        kl = {"coefficient": 0.07}
        yield f"{loss_type} k3", GRPOTrainer, settings, CLIP, reduction, kl, None
        yield (
            f"{loss_type} corrected k3",
            GRPOTrainer,
            settings | dict(use_bias_correction_kl=True),
            CLIP,
            reduction,
            kl | {"bias-corrected": True},
            None,
        )
        yield (
            f"{loss_type} entropy",
            GRPOTrainer,
            settings | dict(entropy_coef=0.013),
            CLIP | {"entropy-bonus": 0.013},
            reduction,
            kl,
            None,
        )
        for share in (0.2, 0.5):
            yield (
                f"{loss_type} top entropy {share}",
                GRPOTrainer,
                settings | dict(top_entropy_quantile=share, entropy_coef=0.013),
                CLIP | {"token-rule": {"top-entropy": {"share": share}}, "entropy-bonus": 0.013},
                reduction,
                kl,
                None,
            )
        yield (
            f"{loss_type} stale",
            GRPOTrainer,
            settings | dict(off_policy_mask_threshold=0.1),
            CLIP | {"off-policy": {"stale-limit": 0.1}},
            reduction,
            kl,
            None,
        )
        for unit in ("token", "sequence"):
            for form in ("truncate", "mask"):
                yield (
                    f"{loss_type} {unit} {form}",
                    GRPOTrainer,
                    settings | dict(use_vllm=True, vllm_importance_sampling_correction=True),
                    CLIP
                    | {
                        "off-policy": {
                            "correction": f"{unit}-{form}",
                            "least": 0.5,
                            "most": 1.4,
                        }
                    },
                    reduction,
                    kl,
                    (unit, form, 0.5, 1.4),
                )


def main():
    everything = make()
    inputs, rows = taking_part(everything)
    made = []
    for name, kind, settings, objective, reduction, kl, correction in cases():
        weights = None if correction is None else corrections(inputs, *correction)
        loss, logprobs, entropies = run(kind, settings, inputs, weights)
        made.append(
            {
                "name": name,
                "objective": objective,
                "reduction": reduction,
                "kl": kl,
                "loss": loss,
                "dLogprobs": logprobs,
                "dEntropies": entropies,
            }
        )
    json.dump({"trl": trl.__version__, "length": LENGTH, "inputs": dump(everything), "cases": made}, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
