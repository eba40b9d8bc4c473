"""Makes a small random checkpoint of each family with transformers, and records what it computes.

    python golden_families.py ../resources/io/whetstone/checkpoints/families [NAME...]

Each folder holds config.json and model.safetensors (BF16) as transformers writes them, and

- golden.json: ids, the logits after each of them, what greedy decoding appends to the first eight
  ids, and how many of the ids and which slopes the gradient is of;
- gradients.safetensors: the gradient of every weight of sum(slope[i] * logprob(ids[i + 1])).

All is computed in float32 with eager attention. A seed is passed over while the best two logits of
a greedy step are closer than MARGIN, or while one token is all that greedy decoding says. Needs torch 2, transformers 5 and safetensors.
"""

import json
import pathlib
import shutil
import sys

import torch
import transformers
from safetensors.torch import save_file

LENGTH = 40
PROMPT = 8
GREEDY = 64
MARGIN = 3e-3
SHAPE = dict(
    vocab_size=29,
    hidden_size=32,
    intermediate_size=24,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=128,
    bos_token_id=None,
    eos_token_id=None,
    pad_token_id=None,
)


def rope(kind="default", theta=500.0, **more):
    return {"rope_parameters": {"rope_type": kind, "rope_theta": theta, **more}}


FAMILIES = {
    "llama": ("Llama", dict(head_dim=6, attention_bias=True, **rope())),
    "llama-llama3": (
        "Llama",
        dict(
            tie_word_embeddings=True,
            **rope(
                "llama3",
                factor=8.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=32,
            ),
        ),
    ),
    "llama-linear": ("Llama", rope("linear", factor=4.0)),
    "qwen2": (
        "Qwen2",
        dict(use_sliding_window=True, sliding_window=12, max_window_layers=1, **rope()),
    ),
    "qwen2-yarn": (
        "Qwen2",
        dict(
            tie_word_embeddings=True,
            **rope("yarn", factor=4.0, original_max_position_embeddings=32),
        ),
    ),
    "qwen3": ("Qwen3", dict(head_dim=12, tie_word_embeddings=True, **rope())),
    "mistral": ("Mistral", dict(head_dim=10, sliding_window=17, **rope())),
    "gemma2": (
        "Gemma2",
        dict(
            head_dim=12,
            query_pre_attn_scalar=7,
            sliding_window=12,
            attn_logit_softcapping=2.0,
            final_logit_softcapping=20.0,
            **rope(),
        ),
    ),
    "gemma3": (
        "Gemma3",
        dict(
            num_hidden_layers=3,
            head_dim=12,
            query_pre_attn_scalar=10,
            sliding_window=12,
            layer_types=["sliding_attention", "sliding_attention", "full_attention"],
            rope_parameters={
                "sliding_attention": {"rope_type": "default", "rope_theta": 200.0},
                "full_attention": {"rope_type": "linear", "rope_theta": 5000.0, "factor": 4.0},
            },
        ),
    ),
    "phi3": ("Phi3", dict(sliding_window=20, **rope())),
    "phi3-longrope": (
        "Phi3",
        {
            "max_position_embeddings": 512,
            "original_max_position_embeddings": 128,
            **rope(
                "longrope",
                short_factor=[1.0, 1.25, 1.5, 3.0],
                long_factor=[2.0, 4.0, 8.0, 16.0],
            ),
        },
    ),
    "llama-dynamic": ("Llama", rope("dynamic", factor=4.0)),
    "olmo2": ("Olmo2", dict(num_key_value_heads=1, **rope())),
    "smollm3": ("SmolLM3", dict(no_rope_layers=[1, 0], **rope())),
}


def make(family, keys, seed):
    prefix = "Gemma3Text" if family == "Gemma3" else family
    config = getattr(transformers, prefix + "Config")(**{**SHAPE, **keys})
    config._attn_implementation = "eager"
    model = getattr(transformers, family + "ForCausalLM")(config).float()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator) * 0.3
            near = 1 if "norm" in name and not family.startswith("Gemma") else 0
            weight.copy_((near + noise).bfloat16().float())
    return model.eval()


def greedy(model, ids):
    """The ids appended and the least margin between the best two on the way."""
    ids, least = list(ids), float("inf")
    with torch.no_grad():
        for _ in range(GREEDY):
            best = model(torch.tensor([ids])).logits[0, -1].topk(2)
            least = min(least, float(best.values[0] - best.values[1]))
            ids.append(int(best.indices[0]))
    return ids[PROMPT:], least


def write(folder, family, keys):
    for seed in range(1, 1000):
        model = make(family, keys, seed)
        generator = torch.Generator().manual_seed(seed)
        ids = torch.randint(0, SHAPE["vocab_size"], (LENGTH,), generator=generator)
        appended, margin = greedy(model, ids[:PROMPT].tolist())
        if margin > MARGIN and len(set(appended)) > 1:
            break
    slopes = torch.randn(LENGTH - 1, generator=generator)
    logits = model(ids[None]).logits[0]
    logprobs = torch.log_softmax(logits, -1)[torch.arange(LENGTH - 1), ids[1:]]
    (slopes * logprobs).sum().backward()
    gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.bfloat16().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    save_file(gradients, folder / "gradients.safetensors")
    golden = {
        "seed": seed,
        "ids": ids.tolist(),
        "logits": [[round(x, 6) for x in row] for row in logits.tolist()],
        "prompt": PROMPT,
        "greedy": appended,
        "slopes": slopes.tolist(),
    }
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")
    print(folder.name, "seed", seed, "margin", margin)


def main(out, *names):
    for name, (family, keys) in FAMILIES.items():
        if names and name not in names:
            continue
        folder = pathlib.Path(out) / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write(folder, family, keys)


if __name__ == "__main__":
    main(*sys.argv[1:])
