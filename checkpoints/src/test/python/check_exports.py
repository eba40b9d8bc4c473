"""Loads directories that Whetstone wrote with transformers, and records what they say.

    mvn test -pl checkpoints -am -Dtest=ExportTest -Dexports=/tmp/exports …   # writes them
    python check_exports.py /tmp/exports ../resources/io/whetstone/checkpoints/exports.json

For each: SHA-256 of its files, the class transformers made of it, the ids its tokenizer gives a
text, and the log-softmax at each position, in float32. ExportTest then holds the Java side to the
same files and figures. Needs torch 2 and transformers 5.
"""

import hashlib
import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TEXT = "12+34=?<think>12+34=46</think><answer>46</answer><|end|>"


def look(directory):
    model, report = AutoModelForCausalLM.from_pretrained(directory, output_loading_info=True)
    assert not any(report.values()), report
    assert model.dtype == torch.float32
    tokenizer = AutoTokenizer.from_pretrained(directory)
    ids = tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids) == TEXT
    assert tokenizer.eos_token_id == model.generation_config.eos_token_id == ids[-1]
    assert tokenizer.pad_token_id == model.generation_config.pad_token_id
    with torch.no_grad():
        logprobs = model.eval()(torch.tensor([ids])).logits[0].log_softmax(-1)
    files = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(directory.iterdir())
    }
    return {
        "class": type(model).__name__,
        "files": files,
        "text": TEXT,
        "ids": ids,
        "logprobs": [[round(x, 6) for x in row] for row in logprobs.tolist()],
    }


def main(folder, golden):
    made = {directory.name: look(directory) for directory in sorted(folder.iterdir())}
    golden.write_text(json.dumps(made) + "\n")
    print({name: (m["class"], len(m["ids"])) for name, m in made.items()})


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
