"""Makes adapters with PEFT for two of the checkpoints of golden_families.py, and records what they compute.

    python golden_peft.py ../resources/io/whetstone/checkpoints

Each folder of peft/ holds adapter_config.json and adapter_model.safetensors as PEFT writes them, and

- golden.json: ids, the logits after each of them, the loss sum(slope[i] * logprob(ids[i + 1])), and
  the logits of the merged model;
- gradients.safetensors: the gradient of every adapter's tensor of that loss, by PEFT's names.

All is computed in float32 with eager attention. Needs torch 2, transformers 5, peft and safetensors.
"""

import json
import pathlib
import shutil
import sys

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

LENGTH = 24
CASES = {
    "qwen2": dict(r=3, lora_alpha=6, target_modules="all-linear"),
    "llama": dict(
        r=4, lora_alpha=5, use_rslora=True, target_modules=["q_proj", "v_proj", "down_proj"]
    ),
}


def case(root, name, settings, seed):
    base = root / "families" / name
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(
        base, dtype=torch.float32, attn_implementation="eager"
    )
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **settings)).eval()
    with torch.no_grad():
        for key, p in model.named_parameters():
            if "lora_" in key:
                p.add_(0.2 * torch.randn(p.shape))
    ids = torch.randint(0, model.config.vocab_size, (LENGTH,))
    slopes = torch.randn(LENGTH - 1)
    logits = model(ids[None]).logits[0]
    logprobs = logits.log_softmax(-1)[torch.arange(LENGTH - 1), ids[1:]]
    loss = (slopes * logprobs).sum()
    loss.backward()

    out = root / "peft" / name
    shutil.rmtree(out, ignore_errors=True)
    model.peft_config["default"].base_model_name_or_path = f"../../families/{name}"
    model.save_pretrained(out)
    (out / "README.md").unlink(missing_ok=True)
    gradients = {
        key.replace(".default.", "."): p.grad.contiguous()
        for key, p in model.named_parameters()
        if p.requires_grad
    }
    save_file(gradients, out / "gradients.safetensors")
    merged = model.merge_and_unload()(ids[None]).logits[0]
    golden = {
        "ids": ids.tolist(),
        "slopes": slopes.tolist(),
        "loss": loss.item(),
        "logits": [[round(x, 7) for x in row] for row in logits.tolist()],
        "merged": [[round(x, 7) for x in row] for row in merged.tolist()],
    }
    (out / "golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    for seed, (name, settings) in enumerate(CASES.items()):
        case(pathlib.Path(sys.argv[1]), name, settings, seed)
