"""Golden advantages, from the papers' formulas written out literally, in plain Python.

    python make_advantage_golden.py > ../resources/io/whetstone/trainer/loop/advantage-golden.json
"""

import itertools
import json
import statistics
import sys

EPS = 1e-4
WEIGHTS = [1.0, 0.2]
GROUPS = [  # per completion: rewards, tokens, steps (from, to, value) of the first reward, costs
    [
        ([1.0, 1.0], 3, [(0, 1, 0.9), (1, 3, 0.2)], [0.01, 0.02, -0.01]),
        ([0.0, 1.0], 2, [(0, 2, 0.4)], [0.03, 0.0]),
        ([1.0, 0.0], 4, [(0, 2, 0.7), (2, 3, 0.1)], [0.0, 0.1, 0.0, 0.05]),
        ([0.0, 0.0], 1, [], [0.02]),
    ],
    [
        ([1.0, 1.0], 2, [(0, 2, 0.5)], [0.0, 0.01]),
        ([1.0, 1.0], 3, [(0, 3, 0.5)], [0.02, 0.0, 0.0]),
        ([1.0, 1.0], 1, [(0, 1, 0.5)], [0.0]),
    ],
    [
        ([0.0, 0.5], 5, [(0, 5, 0.3)], [0.0] * 5),
        ([0.0, 1.0], 2, [(0, 1, 0.8)], [0.04, 0.0]),
        ([1.0, 1.0], 3, [(1, 2, 0.6)], [0.0, 0.0, 0.01]),
    ],
]
GREEDY = [1.2, 1.2, 0.2]


def total(rewards):
    return sum(w * r for w, r in zip(WEIGHTS, rewards))


def totals(group):
    return [total(c[0]) for c in group]


def std(values, sample=True):
    return statistics.stdev(values) if sample else statistics.pstdev(values)


def grpo(values, sample=True):
    if len(set(values)) == 1:
        return [0.0] * len(values)
    mean = statistics.fmean(values)
    return [(v - mean) / (std(values, sample) + EPS) for v in values]


def every(f):
    return [[[a] for a in f(totals(g))] for g in GROUPS]


def whiten(per_completion, by_token):
    if by_token:
        flat = [
            a
            for group, own in zip(GROUPS, per_completion)
            for c, values in zip(group, own)
            for a in (values if len(values) == c[1] else values * c[1])
        ]
    else:
        flat = [statistics.fmean(values) for own in per_completion for values in own]
    mean, deviation = statistics.fmean(flat), std(flat)
    return [
        [[(a - mean) / (deviation + EPS) for a in values] for values in own]
        for own in per_completion
    ]


def batch_std():
    deviation = std([t for g in GROUPS for t in totals(g)])

    def f(values):
        if len(set(values)) == 1:
            return [0.0] * len(values)
        return [(v - statistics.fmean(values)) / (deviation + EPS) for v in values]

    return every(f)


def rloo(values):
    return [
        v - statistics.fmean([o for j, o in enumerate(values) if j != i])
        for i, v in enumerate(values)
    ]


def opo():
    out = []
    for g in GROUPS:
        lengths = [c[1] for c in g]
        baseline = sum(n * t for n, t in zip(lengths, totals(g))) / sum(lengths)
        out.append([[t - baseline] for t in totals(g)])
    return out


def remax():
    return [[[t - greedy] for t in totals(g)] for g, greedy in zip(GROUPS, GREEDY)]


def gpg():
    teaching = sum(len(g) for g in GROUPS if len(set(totals(g))) > 1)
    alpha = sum(len(g) for g in GROUPS) / teaching
    return every(lambda v: [alpha * (x - statistics.fmean(v)) for x in v])


def gdpo():
    summed = []
    for g in GROUPS:
        parts = [grpo([c[0][k] for c in g]) for k in range(2)]
        summed.append(
            [[sum(w * p[i] for w, p in zip(WEIGHTS, parts))] for i in range(len(g))]
        )
    return whiten(summed, False)


def pass_at_k(k, scaled):
    def f(values):
        sets = list(itertools.combinations(range(len(values)), k))
        best = [max(values[i] for i in s) for s in sets]
        mean, deviation = statistics.fmean(best), statistics.pstdev(best)
        out = []
        for i in range(len(values)):
            own = statistics.fmean([b for s, b in zip(sets, best) if i in s])
            divisor = (deviation + EPS) if scaled else 1
            out.append(0.0 if len(set(values)) == 1 else (own - mean) / divisor)
        return out

    return every(f)


def maxrl(values):
    mean = statistics.fmean(values)
    return [(v - mean) / (mean + EPS) for v in values]


def reinforce_plus_plus():
    return whiten(
        [
            [[total(c[0]) - sum(c[3][t:]) for t in range(c[1])] for c in g]
            for g in GROUPS
        ],
        True,
    )


def process(g):
    values = [s[2] for c in g for s in c[2]]
    if len(set(values)) == 1:
        return [[0.0] * c[1] for c in g]
    mean, deviation = statistics.fmean(values), std(values)
    return [
        [
            sum((v - mean) / (deviation + EPS) for _, to, v in c[2] if to > t)
            for t in range(c[1])
        ]
        for c in g
    ]


def both():
    out = []
    for g in GROUPS:
        outcome = grpo([0.2 * c[0][1] for c in g])
        out.append([[o + s for s in steps] for o, steps in zip(outcome, process(g))])
    return out


def main():
    none = {"scale": "none"}
    cases = [
        ("grpo", {}, every(grpo)),
        ("grpo population", {"std": "population"}, every(lambda v: grpo(v, False))),
        ("batch std", {"scale": "batch-std"}, batch_std()),
        ("dr-grpo", none, every(lambda v: [x - statistics.fmean(v) for x in v])),
        ("rloo", none | {"center": "leave-one-out"}, every(rloo)),
        ("opo", none | {"center": "length-weighted"}, opo()),
        ("remax", none | {"center": "greedy"}, remax()),
        ("gpg", none | {"compensate": True}, gpg()),
        ("gdpo", {"per-reward": True, "whitening": "completions"}, gdpo()),
        ("pass@2", {"pass-k": 2}, pass_at_k(2, True)),
        ("pass@3 unscaled", none | {"pass-k": 3}, pass_at_k(3, False)),
        ("maxrl", {"scale": "group-mean"}, every(maxrl)),
        (
            "reinforce++",
            none | {"center": "none", "whitening": "tokens"},
            reinforce_plus_plus(),
        ),
        (
            "reinforce++ baseline",
            none | {"whitening": "tokens"},
            whiten(every(lambda v: [x - statistics.fmean(v) for x in v]), True),
        ),
        ("process", {"supervision": "process"}, [process(g) for g in GROUPS]),
        ("both", {"supervision": "both"}, both()),
    ]
    json.dump(
        {
            "weights": WEIGHTS,
            "groups": GROUPS,
            "greedy": GREEDY,
            "cases": [
                {"name": n, "advantage": s, "costs": n == "reinforce++", "expected": e}
                for n, s, e in cases
            ],
        },
        sys.stdout,
    )
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
