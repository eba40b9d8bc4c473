"""Makes small models with transformers, for HuggingFaceModelTest to load.

    python golden_models.py ../resources/io/whetstone/checkpoints

`llama` is one F32 file, with heads wider than hidden / heads; `qwen2` is F16 in shards, with tied
embeddings and biases. `logprobs.json` beside each holds ids, and for each position the log-softmax
over the vocabulary, computed in double precision from the stored weights. Needs torch 2 and
transformers 5.
"""

import json
import pathlib
import shutil
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

IDS = [3, 14, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9]
SHAPE = dict(vocab_size=20, hidden_size=24, num_hidden_layers=2, max_position_embeddings=64)


def llama():
    config = LlamaConfig(
        **SHAPE,
        intermediate_size=40,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 500.0},
        tie_word_embeddings=False,
    )
    return LlamaForCausalLM(config)


def qwen2():
    config = Qwen2Config(
        **SHAPE,
        intermediate_size=32,
        num_attention_heads=3,
        num_key_value_heads=1,
        rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        tie_word_embeddings=True,
    )
    return Qwen2ForCausalLM(config)


def randomise(model):
    """Larger than the usual start, norms and biases too, so that every weight shows."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator) * 0.3
            weight.copy_(1 + noise if "norm" in name else noise)


def main(folder):
    for name, make, dtype, shard in (
        ("llama", llama, torch.float32, "1GB"),
        ("qwen2", qwen2, torch.float16, "10KB"),
    ):
        model = make()
        randomise(model)
        directory = folder / name
        shutil.rmtree(directory, ignore_errors=True)
        model.to(dtype).save_pretrained(directory, max_shard_size=shard)
        loaded = type(model).from_pretrained(directory, dtype=torch.float64).eval()
        with torch.no_grad():
            logprobs = loaded(torch.tensor([IDS])).logits[0].log_softmax(-1)
        golden = {"ids": IDS, "logprobs": [[round(x, 7) for x in r] for r in logprobs.tolist()]}
        (directory / "logprobs.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
