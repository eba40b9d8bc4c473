"""Whetstone beside what a user could pick instead, in turns, on one machine: the table of docs/performance.md.

    benchmarks/side_by_side.py --python VENV/bin/python [--rounds 3] [--only tiny] [--out results.json]

Needs the packages that peers/peers.py names, in the Python given. In each round Whetstone and every peer measure
once, one after another; a ratio is the median over the rounds of (Whetstone's value / the best peer's value) in the
same round, so that a machine's drift counts for neither. Anything else that runs meanwhile makes it worthless.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
OURS = {"tiny": ["f32", "bf16"], "qwen-0.5b": ["bf16", "bf16+q8_0"]}  # q8_0: weights that are not trained
PEERS = [
    ("llama.cpp", "tiny", ["f32", "f16", "bf16", "q8_0"]),
    ("transformers", "tiny", ["f32", "bf16"]),
    ("trl", "tiny", ["f32", "bf16"]),
    ("llama.cpp", "qwen-0.5b", ["f16", "bf16", "q8_0"]),
    ("transformers", "qwen-0.5b", ["f32", "bf16"]),
    ("trl", "qwen-0.5b", ["bf16"]),
]


def busy():
    """Seconds of processor time that the machine has spent so far, all processes together."""
    fields = [int(x) for x in open("/proc/stat").readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def lines(who, command, log):
    """Runs a command and reads its rows; says how many processors others kept busy meanwhile."""
    before, start = busy(), time.time()
    own = os.times()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    after = os.times()
    seconds = time.time() - start
    used = (after.children_user - own.children_user) + (after.children_system - own.children_system)
    others = max(0.0, (busy() - before - used) / seconds)
    rows = []
    for line in done.stdout.splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            pass  # libraries print things of their own
    if done.returncode != 0 or not rows:
        print(f"{who}: no rows (exit {done.returncode}): {done.stderr.strip()[-400:]}", file=sys.stderr)
    for row in rows:
        row.update(who=who, others=round(others, 2))
        print(f"  {row['name']:28} {row['value']:12.3f} {row['unit']:6} {who} (others {others:.2f})", file=sys.stderr)
        log.append(row)


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--python", default=sys.executable, help="where the peers are installed")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", default="", help="a row or a shape")
    options.add_argument("--skip", default="", help="peers to leave out, with commas")
    options.add_argument("--out")
    options = options.parse_args()
    shapes = sorted({shape for _, shape, _ in PEERS if options.only == "" or options.only.startswith(shape)}, reverse=True)
    rows = []
    for round_ in range(options.rounds):
        log = []
        for shape in shapes:
            what = options.only if "/" in options.only else shape
            for kind in OURS[shape]:
                precision, *quantized = kind.split("+")
                lines(f"whetstone {kind}", [os.path.join(HERE, "..", "scripts", "whetstone"), "bench", what,
                      "--json", "--precision", precision, "--repeat", "3"]
                      + [x for q in quantized for x in ("--quantize", q)], log)
            for peer, its_shape, kinds in PEERS:
                if its_shape == shape and peer not in options.skip.split(","):
                    for kind in kinds:
                        lines(f"{peer} {kind}", [options.python, os.path.join(HERE, "peers", "peers.py"), peer,
                              shape, kind], log)
        for row in log:
            row["round"] = round_
        rows += log
    report(rows, options.rounds)
    if options.out:
        with open(options.out, "w") as out:
            json.dump(dict(date=time.strftime("%Y-%m-%d"), processor=processor(), cores=len(os.sched_getaffinity(0)),
                           memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
                           rows=rows), out, indent=1)


def report(rows, rounds):
    names = list(dict.fromkeys(row["name"] for row in rows if row["who"].startswith("whetstone")))
    print("| row | Whetstone | the best other | ratio, median (least – most) |\n|---|---|---|---|")
    for name in names:
        mine = [r for r in rows if r["name"] == name]
        unit = mine[0]["unit"]
        better = min if unit == "s" else max

        def best(of, round_=None):
            chosen = [r for r in mine if of(r) and (round_ is None or r["round"] == round_)]
            return better(chosen, key=lambda r: r["value"]) if chosen else None

        ours = lambda r: r["who"].startswith("whetstone")
        theirs = lambda r: not ours(r)
        ratios = []
        for round_ in range(rounds):
            a, b = best(ours, round_), best(theirs, round_)
            if a and b:
                ratios.append(b["value"] / a["value"] if unit == "s" else a["value"] / b["value"])
        a, b = best(ours), best(theirs)
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} – {max(ratios):.2f})" if ratios else "–"
        other = f"{b['value']:.4g} {unit} ({b['who']})" if b else "–"
        print(f"| {name} | {a['value']:.4g} {unit} ({a['who'].split()[1]}) | {other} | {ratio} |")


if __name__ == "__main__":
    main()
