"""Speed of what a user could pick instead, as rows of `whetstone bench --json`: a line of JSON a row.

    peers.py transformers tiny|qwen-0.5b f32|bf16   # generate-…, forward-backward
    peers.py trl          tiny|qwen-0.5b f32|bf16   # grpo-step
    peers.py trl          qwen-0.5b-gpu bf16 cuda   # the same on a GPU, as gpu-check's step (docs/gpu.md)
    peers.py grpo         tiny|qwen-0.5b|qwen-0.5b-gpu f32|bf16 [cuda]   # grpo-step by torch and transformers, without TRL
    peers.py llama.cpp    tiny|qwen-0.5b f32|f16|bf16|q8_0   # prefill-8x128, generate-…

Needs: pip install torch transformers trl datasets accelerate llama-cpp-python gguf numpy
Weights are random, end of sequence is suppressed: all lengths are exact. Values are the best of the repetitions; a step's
row is printed after each step, with those before it.
"""
import json
import os
import random
import sys
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
CORES = len(os.sched_getaffinity(0))

# vocabulary, hidden, layers, heads, key/value heads, feed-forward, positions
SHAPES = {
    "tiny": dict(v=512, h=192, l=4, nh=6, nkv=2, f=512, p=512),
    "qwen-0.5b": dict(v=151936, h=896, l=24, nh=14, nkv=2, f=4864, p=4096),
}
SHAPES["qwen-0.5b-gpu"] = SHAPES["qwen-0.5b"]
# sequences, prompt, completion, GRPO steps timed
WORK = {"tiny": (64, 32, 64, 8), "qwen-0.5b": (8, 128, 64, 2), "qwen-0.5b-gpu": (64, 256, 256, 4)}


def row(shape, name, values, unit, best=max):
    print(json.dumps(dict(name=f"{shape}/{name}", value=best(values), unit=unit, all=values)), flush=True)


def torch_model(shape, dtype):
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.set_num_threads(CORES)
    torch.manual_seed(0)
    s = SHAPES[shape]
    model = Qwen2ForCausalLM(Qwen2Config(
        vocab_size=s["v"], hidden_size=s["h"], num_hidden_layers=s["l"], num_attention_heads=s["nh"],
        num_key_value_heads=s["nkv"], intermediate_size=s["f"], max_position_embeddings=s["p"],
        tie_word_embeddings=True)).to({"f32": torch.float32, "bf16": torch.bfloat16}[dtype])
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    return model


def transformers(shape, dtype):
    import torch

    model = torch_model(shape, dtype).eval()
    sequences, prompt, new, _ = WORK[shape]

    def generate(n):
        x = torch.randint(0, 500, (n, prompt))
        with torch.no_grad():
            start = time.perf_counter()
            model.generate(x, attention_mask=torch.ones_like(x), max_new_tokens=new, min_new_tokens=new,
                           do_sample=True, temperature=1.0, top_k=0)
        return n * new / (time.perf_counter() - start)

    def train():
        x = torch.randint(0, 500, (sequences, prompt + new))
        start = time.perf_counter()
        logits = model(input_ids=x, use_cache=False).logits
        logprobs = torch.log_softmax(logits[:, :-1].float(), -1).gather(-1, x[:, 1:, None])
        (-logprobs.mean()).backward()
        model.zero_grad()
        return x.numel() / (time.perf_counter() - start)

    row(shape, f"generate-{sequences}", [generate(sequences) for _ in range(3)], "tok/s")
    model.train()
    row(shape, "forward-backward", [train() for _ in range(5 if shape == "tiny" else 3)], "tok/s")


def trl(shape, dtype, device="cpu"):
    from datasets import Dataset
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    sequences, prompt, new, steps = WORK[shape]
    batch = sequences if device == "cpu" else min(sequences, 16)  # its logits take 300 kB a token
    words = Tokenizer(models.WordLevel({f"t{i}": i for i in range(512)}, unk_token="t0"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="t1", pad_token="t2")
    prompts = [" ".join(f"t{random.randint(3, 500)}" for _ in range(prompt)) for _ in range(512)]
    settings = GRPOConfig(
        output_dir=tempfile.mkdtemp(), per_device_train_batch_size=batch, gradient_accumulation_steps=sequences // batch,
        num_generations=8, max_completion_length=new, max_steps=steps, logging_steps=1, report_to=[],
        use_cpu=device == "cpu",
        bf16=dtype == "bf16", learning_rate=1e-5, save_strategy="no", disable_tqdm=True,
        gradient_checkpointing=False, generation_kwargs={"min_new_tokens": new})
    times = []

    class Clock(TrainerCallback):
        def on_step_begin(self, *args, **kwargs):
            self.start = time.perf_counter()

        def on_step_end(self, *args, **kwargs):
            times.append(time.perf_counter() - self.start)
            row(shape, "grpo-step", times, "s", best=min)

    GRPOTrainer(
        model=torch_model(shape, dtype).train(),
        reward_funcs=lambda completions, **_: [float(len(c) % 7) for c in completions],
        args=settings, train_dataset=Dataset.from_dict({"prompt": prompts}), processing_class=tokenizer,
        callbacks=[Clock()]).train()


def grpo(shape, dtype, device="cpu"):
    """GRPO's step in its plainest form: groups of 8, one update, no KL; generate, forward, backward, AdamW."""
    import torch

    sequences, prompt, new, steps = WORK[shape]
    group = 8
    batch = sequences if device == "cpu" else min(sequences, 16)  # as TRL's
    model = torch_model(shape, dtype).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=device == "cuda")
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        x = torch.randint(3, 500, (sequences // group, prompt), device=device).repeat_interleave(group, 0)
        model.eval()
        with torch.no_grad():
            x = model.generate(x, attention_mask=torch.ones_like(x), max_new_tokens=new, min_new_tokens=new,
                               do_sample=True, temperature=1.0, top_k=0)
        rewards = (x[:, prompt:] % 7 == 0).float().sum(1).view(-1, group)
        advantages = ((rewards - rewards.mean(1, True)) / (rewards.std(1, keepdim=True) + 1e-4)).view(-1, 1)
        model.train()
        for at in range(0, sequences, batch):
            some = x[at:at + batch]
            with torch.autocast(device, torch.bfloat16, enabled=dtype == "bf16"):
                hidden = model.model(input_ids=some, use_cache=False).last_hidden_state[:, prompt - 1:-1]
                logits = model.lm_head(hidden)
            logprobs = torch.log_softmax(logits.float(), -1).gather(-1, some[:, prompt:, None])[..., 0]
            ratio = torch.exp(logprobs - logprobs.detach())
            (-(ratio * advantages[at:at + batch]).sum() / (sequences * new)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
        row(shape, "grpo-step", times, "s", best=min)


def gguf_file(shape, kind):
    """Writes random weights in llama.cpp's format, once."""
    import gguf
    import numpy as np

    path = os.path.join(tempfile.gettempdir(), f"whetstone-peer-{shape}-{kind}.gguf")
    if os.path.exists(path):
        return path
    s, head = SHAPES[shape], SHAPES[shape]["h"] // SHAPES[shape]["nh"]
    types = gguf.GGMLQuantizationType
    kinds = {"f32": types.F32, "f16": types.F16, "bf16": types.BF16, "q8_0": types.Q8_0}
    files = {"f32": 0, "f16": 1, "q8_0": 7, "bf16": 32}
    out = gguf.GGUFWriter(path + ".part", "qwen2")
    out.add_name("random")
    out.add_context_length(s["p"])
    out.add_embedding_length(s["h"])
    out.add_block_count(s["l"])
    out.add_feed_forward_length(s["f"])
    out.add_head_count(s["nh"])
    out.add_head_count_kv(s["nkv"])
    out.add_rope_freq_base(1e4)
    out.add_layer_norm_rms_eps(1e-6)
    out.add_vocab_size(s["v"])
    out.add_tokenizer_model("none")
    out.add_file_type(files[kind])
    numbers = np.random.default_rng(0)

    def matrix(name, rows, columns):
        values = numbers.standard_normal((rows, columns), dtype=np.float32) * np.float32(0.02)
        out.add_tensor(name, gguf.quants.quantize(values, kinds[kind]), raw_dtype=kinds[kind])

    def vector(name, n, ones):
        out.add_tensor(name, (np.ones(n) if ones else numbers.standard_normal(n) * 0.02).astype(np.float32))

    matrix("token_embd.weight", s["v"], s["h"])
    vector("output_norm.weight", s["h"], True)
    for layer in range(s["l"]):
        at = f"blk.{layer}."
        vector(at + "attn_norm.weight", s["h"], True)
        vector(at + "ffn_norm.weight", s["h"], True)
        for part, heads in (("q", s["nh"]), ("k", s["nkv"]), ("v", s["nkv"])):
            matrix(at + f"attn_{part}.weight", heads * head, s["h"])
            vector(at + f"attn_{part}.bias", heads * head, False)
        matrix(at + "attn_output.weight", s["h"], s["nh"] * head)
        matrix(at + "ffn_gate.weight", s["f"], s["h"])
        matrix(at + "ffn_up.weight", s["f"], s["h"])
        matrix(at + "ffn_down.weight", s["h"], s["f"])
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    os.rename(path + ".part", path)
    return path


def llama_cpp(shape, kind):
    """Logits only: nothing is sampled."""
    import ctypes

    import llama_cpp as llama
    import numpy as np

    quiet = llama.llama_log_callback(lambda level, text, user: None)
    llama.llama_log_set(quiet, ctypes.c_void_p(0))
    llama.llama_backend_init()
    settings = llama.llama_model_default_params()
    settings.n_gpu_layers = 0
    model = llama.llama_model_load_from_file(gguf_file(shape, kind).encode(), settings)
    assert model, "llama.cpp does not load the file"
    v = SHAPES[shape]["v"]
    prompt = WORK[shape][1]
    capacity = 4096
    batch = llama.llama_batch_init(capacity, 0, 1)

    def view(pointer, kind):
        return np.ctypeslib.as_array(ctypes.cast(pointer, ctypes.POINTER(kind)), (capacity,))

    tokens, positions = view(batch.token, ctypes.c_int32), view(batch.pos, ctypes.c_int32)
    owners, wanted = view(batch.n_seq_id, ctypes.c_int32), view(batch.logits, ctypes.c_int8)
    numbers = np.random.default_rng(0)

    def assign(ids):
        for i, sequence in enumerate(ids):
            batch.seq_id[i][0] = int(sequence)

    def context(n, steps):
        c = llama.llama_context_default_params()
        c.n_ctx = -(-(prompt + steps) // 256) * 256 * n
        c.n_batch = max(1024, min(capacity, n * prompt))
        c.n_ubatch = 1024
        c.n_seq_max = n
        c.n_threads = c.n_threads_batch = CORES
        c.no_perf = True
        made = llama.llama_init_from_model(model, c)
        assert made, "llama.cpp makes no context"
        return made

    def run(made, count):
        batch.n_tokens = count
        assert llama.llama_decode(made, batch) == 0
        llama.llama_synchronize(made)

    def prefill(made, n):
        llama.llama_memory_clear(llama.llama_get_memory(made), True)
        count = n * prompt
        tokens[:count] = numbers.integers(0, v, count)
        positions[:count] = np.tile(np.arange(prompt), n)
        owners[:count] = 1
        wanted[:count] = 0
        wanted[prompt - 1:count:prompt] = 1
        assign(np.repeat(np.arange(n), prompt))
        start = time.perf_counter()
        run(made, count)
        return count / (time.perf_counter() - start)

    def decode(made, n, steps):
        for sequence in range(n):
            llama.llama_memory_seq_rm(llama.llama_get_memory(made), sequence, prompt, -1)
        drawn = numbers.integers(0, v, (steps, n)).astype(np.int32)
        assign(range(n))
        owners[:n] = wanted[:n] = 1
        positions[:n] = prompt
        start = time.perf_counter()
        for step in range(steps):
            tokens[:n] = drawn[step]
            run(made, n)
            positions[:n] += 1
        return n * steps / (time.perf_counter() - start)

    if shape != "tiny":
        made = context(8, 0)
        row(shape, "prefill-8x128", [prefill(made, 8) for _ in range(4)], "tok/s")
        llama.llama_free(made)
    for n in [64] if shape == "tiny" else [1, 8, 32]:
        steps = 64 if shape == "tiny" else 32
        made = context(n, steps)
        prefill(made, n)
        decode(made, n, 2)
        row(shape, f"generate-{n}", [decode(made, n, steps) for _ in range(3)], "tok/s")
        llama.llama_free(made)


if __name__ == "__main__":
    who, *what = sys.argv[1:]
    {"transformers": transformers, "trl": trl, "grpo": grpo, "llama.cpp": llama_cpp}[who](*what)
