"""Makes the golden files of GoldenTokenizerTest.

    python golden_tokenizers.py ../resources/io/whetstone/tokenizer

`characters.json` and `bytes.json` there are TokenizerBuilder's own; the test holds the builder to
them. The others are small vocabularies trained here in the form of published families. For each,
`golden.json` records what the Python package `tokenizers` makes of some texts; needs
`tokenizers` 0.23 and `transformers` 5.
"""

import json
import pathlib
import sys
import tempfile

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, trainers
from transformers import AutoTokenizer

TAGS = ["<think>", "</think>", "<answer>", "</answer>"]
CORPUS = [
    "The sharper the blade, the cleaner the cut. A whetstone is wetted, then drawn along the edge.",
    "37 + 58 = 95, and 95 + 12 = 107. First the tens: 30 + 50 = 80; then the ones: 7 + 8 = 15.",
    "def total(xs):\n    return sum(x for x in xs)  # the sum of all\n\n\nprint(total([1, 2, 3]))\n",
    "Übung macht den Meister. Die Klinge wird schärfer; naïve café, garçon, señor.",
    "漢字と仮名。数学の問題を解く。",
    "Ответ: сорок два. Задача решена.",
    "I'll say it's what we've got; they're sure he'd know.",
] * 3

QWEN_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3_PATTERN = QWEN_PATTERN.replace(r"\p{N}|", r"\p{N}{1,3}|", 1)

TEXTS = [
    "",
    " ",
    "a",
    " leading",
    "trailing ",
    "two  spaces,   three",
    "The whetstone.",
    "37+58+12=107",
    "1234567 and 12",
    "it's they're I'LL",
    "line\nline\r\n\n\ttab   \n",
    "Übung schärfer naïve",
    "漢字と仮名",
    "Ответ: 42",
    "👩‍👩‍👧‍👦 🇩🇪 😀",
    "x < y > z",
    "<think>37+58=95</think><answer>95</answer>",
    "<think>\n so, 37 </think> \n<answer> 95 </answer><|end|>",
    "half a tag <thin and </think",
    "مرحبا ไทย हिन्दी",
    "\u00e9 and \u2028 and \ufffd and \u200d",
]


def trained(tokenizer, size):
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in TAGS])
    tokenizer.add_special_tokens([AddedToken("<|end|>", normalized=False)])
    return tokenizer


def byte_level(pattern, normalizer, ignore_merges):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return trained(tokenizer, 420)


def sentencepiece():
    """Llama 2's form: a space before the first word, bytes for what the vocabulary lacks."""
    byte_tokens = [f"<0x{b:02X}>" for b in range(256)]
    learner = Tokenizer(models.BPE())
    learner.normalizer = normalizers.Replace(" ", "▁")
    learner.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=160, show_progress=False)
    )
    learned = json.loads(learner.to_str())["model"]
    vocab = {"<unk>": 0}
    for token in byte_tokens + sorted(learned["vocab"], key=learned["vocab"].get):
        vocab.setdefault(token, len(vocab))
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocab,
            merges=[tuple(m) for m in learned["merges"]],
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(content=" ", left=1, right=0),
        ]
    )
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in TAGS])
    tokenizer.add_special_tokens([AddedToken("<|end|>", normalized=False)])
    return tokenizer


def cases(tokenizer, texts):
    rows = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        decoded = tokenizer.decode(ids, skip_special_tokens=False)
        rows.append({"text": text, "ids": ids, "decoded": decoded})
    return rows


def through_transformers(directory, rows):
    """What transformers loads must agree, or our files mislead it."""
    auto = AutoTokenizer.from_pretrained(directory)
    assert auto.eos_token == "<|end|>" and auto.pad_token == "<|pad|>", auto
    for row in rows:
        ids = auto.encode(row["text"], add_special_tokens=False)
        assert ids == row["ids"], (row, ids)
        assert auto.decode(ids, skip_special_tokens=False) == row["decoded"], row


def main(folder):
    golden = {}
    made = {
        "qwen": byte_level(QWEN_PATTERN, normalizers.NFC(), False),
        "llama3": byte_level(LLAMA3_PATTERN, None, True),
        "sentencepiece": sentencepiece(),
    }
    for name, tokenizer in made.items():
        (folder / f"{name}.json").write_text(tokenizer.to_str() + "\n")
        golden[name] = cases(tokenizer, TEXTS)
    own = {"bytes": TEXTS, "characters": ["37+5=?<think>37+5=42</think><answer>42</answer><|end|>", "1<|pad|>2"]}
    for name, texts in own.items():
        file = folder / f"{name}.json"
        golden[name] = cases(Tokenizer.from_file(str(file)), texts)
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory)
            (path / "tokenizer.json").write_bytes(file.read_bytes())
            config = (folder / "tokenizer_config.json").read_bytes()
            (path / "tokenizer_config.json").write_bytes(config)
            through_transformers(path, golden[name])
    (folder / "golden.json").write_text(
        json.dumps(golden, ensure_ascii=False, indent=0).replace("\n0,", "0,") + "\n"
    )


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
