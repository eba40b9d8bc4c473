"""Writes ../resources/io/whetstone/model/golden-*.json: what PyTorch and transformers say of small models.

For each model (f32, one sequence at a time, eager attention): its weights, the logprob of each
chosen token and the entropy there, the gradient of sum(a * logprob + b * entropy), and then, from
the same weights, the losses and gradient norms of ten AdamW steps.

Needs torch and transformers (made with 2.15.0 and 5.23.0):  python make_golden.py
"""

import base64
import json
import pathlib

import numpy
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

OUT = pathlib.Path(__file__).parent.parent / "resources/io/whetstone/model"
LENGTHS = [7, 1, 12, 5]
ADAMW = dict(lr=3e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
CLIP = 1.0


def encode(x):
    x = numpy.ascontiguousarray(x.detach().numpy().astype("<f4"))
    return {"shape": list(x.shape), "f32": base64.b64encode(x.tobytes()).decode()}


def score(model, sequences, temperature):
    """Logprob of each next token and the entropy of its distribution, sequence after sequence."""
    logprobs, entropies = [], []
    for ids, targets in sequences:
        logits = model(torch.tensor([ids])).logits[0] / temperature
        every = torch.log_softmax(logits, -1)
        logprobs.append(every[torch.arange(len(ids)), torch.tensor(targets)])
        entropies.append(-(every.exp() * every).sum(-1))
    return torch.cat(logprobs), torch.cat(entropies)


def case(name, model, config, temperature, seed):
    random = numpy.random.default_rng(seed)
    torch.manual_seed(seed)
    with torch.no_grad():
        for key, p in model.named_parameters():
            near = 1.0 if key.endswith("norm.weight") else 0.0
            p.copy_(near + 0.2 * torch.randn(p.shape))
    model.eval()
    vocabulary = config["vocabulary"]
    sequences = [
        (random.integers(0, vocabulary, n).tolist(), random.integers(0, vocabulary, n).tolist())
        for n in LENGTHS
    ]
    chosen = torch.tensor(random.random(sum(LENGTHS)) < 0.7)
    chosen[-1] = True
    rows = chosen.nonzero().flatten()
    a = torch.tensor(random.standard_normal(len(rows)), dtype=torch.float32)
    b = torch.tensor(0.3 * random.standard_normal(len(rows)), dtype=torch.float32)
    weights = {key: encode(p) for key, p in model.named_parameters()}

    logprobs, entropies = score(model, sequences, temperature)
    ((a * logprobs[rows]).sum() + (b * entropies[rows]).sum()).backward()
    gradients = {key: encode(p.grad) for key, p in model.named_parameters()}
    model.zero_grad()

    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}], **ADAMW
    )
    losses, norms = [], []
    for _ in range(10):
        stepped, entropy = score(model, sequences, temperature)
        loss = -stepped[rows].mean() - 0.01 * entropy[rows].mean()
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)))
        losses.append(float(loss.detach()))
        optimizer.step()
        optimizer.zero_grad()

    golden = {
        "config": config,
        "temperature": temperature,
        "lengths": LENGTHS,
        "ids": [i for ids, _ in sequences for i in ids],
        "rows": rows.tolist(),
        "targets": [
            t for r, t in enumerate(t for _, targets in sequences for t in targets) if chosen[r]
        ],
        "dLogprobs": a.tolist(),
        "dEntropy": b.tolist(),
        "weights": weights,
        "logprobs": logprobs[rows].tolist(),
        "entropy": entropies[rows].tolist(),
        "gradients": gradients,
        "adamw": ADAMW,
        "clip": CLIP,
        "losses": losses,
        "gradientNorms": norms,
    }
    (OUT / f"golden-{name}.json").write_text(json.dumps(golden, indent=1) + "\n")


def config(vocabulary, hidden, layers, queries, keys, size, feed_forward, theta, epsilon, tied, bias):
    ours = {
        "vocabulary": vocabulary,
        "hidden": hidden,
        "layers": layers,
        "heads": {"queries": queries, "keyValues": keys, "size": size},
        "feedForward": feed_forward,
        "gate": "SILU",
        "ropeTheta": theta,
        "epsilon": epsilon,
        "tiedEmbeddings": tied,
        "attentionBias": bias,
        "maxPositions": 64,
    }
    theirs = dict(
        vocab_size=vocabulary,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=queries,
        num_key_value_heads=keys,
        head_dim=size,
        intermediate_size=feed_forward,
        rope_parameters={"rope_type": "default", "rope_theta": theta},
        rms_norm_eps=epsilon,
        tie_word_embeddings=tied,
        max_position_embeddings=64,
        attn_implementation="eager",
    )
    return ours, theirs


if __name__ == "__main__":
    ours, theirs = config(22, 20, 2, 4, 2, 6, 28, 10000.0, 1e-5, True, False)
    case("llama-tied", LlamaForCausalLM(LlamaConfig(**theirs)), ours, 1.0, 1)
    ours, theirs = config(23, 16, 3, 4, 2, 4, 24, 1000000.0, 1e-6, False, True)
    case("qwen2-untied", Qwen2ForCausalLM(Qwen2Config(**theirs)), ours, 0.7, 2)
