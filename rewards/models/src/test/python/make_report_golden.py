"""Writes report.json: chances, truths, and what AUC, accuracy, Brier score and calibration error are by their definitions.

Nothing of it is how BinaryReport computes them: the AUC is a count over all pairs, and the area under the ROC curve by
trapezoids; calibration is by NumPy's digitize. Needs NumPy.

    python make_report_golden.py ../resources/io/whetstone/rewards/models/report.json
"""

import json
import sys

import numpy as np

rng = np.random.default_rng(8)
cases = []
for count, ties in ((7, False), (200, False), (300, True)):
    truth = rng.random(count) < 0.35
    chance = np.clip(0.3 * truth + 0.7 * rng.random(count), 0, 1)
    if ties:
        chance = np.round(chance, 1)  # also on the borders of bins, and 0.5
    right, wrong = chance[truth], chance[~truth]
    pairs = (right[:, None] > wrong[None, :]).sum() + 0.5 * (right[:, None] == wrong[None, :]).sum()
    auc = pairs / (len(right) * len(wrong))
    thresholds = np.concatenate(([np.inf], np.unique(chance)[::-1]))
    tpr = np.array([(right >= t).mean() for t in thresholds])
    fpr = np.array([(wrong >= t).mean() for t in thresholds])
    area = float(((tpr[1:] + tpr[:-1]) / 2 * np.diff(fpr)).sum())
    assert abs(area - auc) < 1e-12
    bins = np.minimum(np.floor(chance * 10).astype(int), 9)
    ece = sum(
        abs(chance[bins == b].mean() - truth[bins == b].mean()) * (bins == b).mean() for b in range(10) if (bins == b).any()
    )
    cases.append(
        {
            "chances": chance.tolist(),
            "truth": truth.tolist(),
            "auc": float(auc),
            "accuracy": float(((chance >= 0.5) == truth).mean()),
            "brier": float(((chance - truth) ** 2).mean()),
            "ece": float(ece),
        }
    )
with open(sys.argv[1], "w") as file:
    json.dump(cases, file)
