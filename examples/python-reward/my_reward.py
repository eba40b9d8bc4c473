"""A reward as a program: a line of JSON in, a line of JSON out. See docs/write-a-reward.md."""

import json
import sys


def score(question):
    """1 for a completion that ends with the gold answer, else 0; None where there is no answer."""
    if question["answer"] is None:
        return {"reward": None}
    last = question["completion"].rsplit("<answer>", 1)[-1].removesuffix("</answer>").strip()
    return {"outcome": "correct" if last == question["answer"] else "wrong", "extracted": last}


for line in sys.stdin:
    question = json.loads(line)
    try:
        answer = score(question)
    except Exception as e:  # no value is better than a wrong one
        answer = {"error": repr(e)}
    print(json.dumps({"id": question["id"], **answer}), flush=True)
