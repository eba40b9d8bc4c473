"""Makes pairs of a gold answer and an answer, and asks Math-Verify (PyPI math-verify 0.9.0) about each.

    python math_agreement.py > ../resources/io/whetstone/rewards/math/math-verify.tsv

Each line: gold, answer, correct or wrong (Math-Verify's verdict on \\boxed{answer}). The pairs are the same each time.
Half of them are the same value written in another way, half are near misses.
"""

import random
import sys

import sympy
from math_verify import parse, verify
from sympy import Rational, expand, factor, latex, sqrt, symbols

random.seed(20261124)
R = random.randint
choice = random.choice
x, y, a, b = symbols("x y a b")
pairs = []


def add(gold, *answers):
    for answer in answers:
        pairs.append((gold, answer))


def frac(n, d):
    return choice(
        [rf"\frac{{{n}}}{{{d}}}", rf"\dfrac{{{n}}}{{{d}}}", rf"\tfrac{{{n}}}{{{d}}}", f"{n}/{d}"]
    )


def integers():
    for _ in range(40):
        n = R(-9999, 99999)
        add(str(n), f"{n}.0", f"{n:,}" if n >= 0 else str(n), f"x = {n}", rf"\text{{{n}}}", str(n + choice([1, -1, 10])), str(-n or 1))
    for _ in range(12):
        n = R(10_000, 99_999_999)
        add(f"{n:,}", str(n), f"{n:,}".replace(",", "{,}"), rf"\${n:,}", f"{n}.00", str(n * 10))


def fractions():
    for _ in range(40):
        n, d = R(1, 40), R(2, 30)
        q = Rational(n, d)
        k = R(2, 5)
        add(rf"\frac{{{n}}}{{{d}}}", frac(n * k, d * k), frac(q.p, q.q), frac(d, n) if n != d else "2", frac(n + 1, d), f"-{frac(n, d)}", rf"\frac{{-{n}}}{{-{d}}}")
    for _ in range(12):
        w, d = R(1, 9), R(3, 9)
        n = R(1, d - 1)
        add(rf"{w}\frac{{{n}}}{{{d}}}", frac(w * d + n, d), rf"{w}+\frac{{{n}}}{{{d}}}", frac(w * n, d))
    for _ in range(12):
        n, d = R(1, 60), choice([2, 4, 5, 8, 20, 25])
        add(rf"\frac{{{n}}}{{{d}}}", str(n / d), str(n / d + 0.01))
    for _ in range(10):
        n, d = R(1, 20), choice([3, 7, 9, 11, 13])
        v = n / d
        if Rational(n, d).q > 1:
            add(rf"\frac{{{n}}}{{{d}}}", f"{v:.6f}", f"{v:.8f}", f"{v:.2f}", f"{v:.3f}")


def percent_and_units():
    for _ in range(12):
        n = R(1, 99)
        add(rf"{n}\%", f"{n}", f"{n / 100}", rf"\frac{{{n}}}{{100}}", f"{n + 1}\\%", f"{n}%")
    for _ in range(10):
        n = R(2, 500)
        unit = choice(["cm", "m", "kg", "miles", "hours", "square feet", "apples"])
        add(rf"{n} \text{{ {unit}}}", str(n), rf"{n}\text{{ {unit}}}", str(n + 1), rf"{n} \mathrm{{ {unit}}}")
    for _ in range(6):
        n = R(2, 900)
        add(rf"\${n}.50", f"{n}.5", f"{n}.50", f"{n}")
        add(rf"{n}^\circ", f"{n}", rf"{n}^{{\circ}}", f"{n + 5}")


def surds():
    for _ in range(25):
        c, r = R(2, 9), choice([2, 3, 5, 6, 7, 10])
        add(rf"{c}\sqrt{{{r}}}", rf"\sqrt{{{c * c * r}}}", rf"\sqrt{{{r}}}\cdot {c}", rf"{c + 1}\sqrt{{{r}}}", f"{c * r ** 0.5:.6f}", f"{c * r ** 0.5:.2f}")
        add(rf"\frac{{{c}}}{{\sqrt{{{r}}}}}", rf"\frac{{{c}\sqrt{{{r}}}}}{{{r}}}", rf"\frac{{\sqrt{{{r}}}}}{{{c}}}")
        p, q = R(1, 9), R(2, 7)
        add(rf"\frac{{{p}+\sqrt{{{r}}}}}{{{q}}}", rf"\frac{{{p}}}{{{q}}}+\frac{{\sqrt{{{r}}}}}{{{q}}}", rf"\frac{{{p}-\sqrt{{{r}}}}}{{{q}}}")
    for _ in range(8):
        p, r = R(2, 9), choice([2, 3, 5])
        add(rf"\frac{{1}}{{{p}+\sqrt{{{r}}}}}", rf"\frac{{{p}-\sqrt{{{r}}}}}{{{p * p - r}}}", rf"\frac{{{p}+\sqrt{{{r}}}}}{{{p * p - r}}}")
        s = expand((p + sqrt(r)) ** 2)
        add(rf"{p}+\sqrt{{{r}}}", rf"\sqrt{{{latex(s)}}}", rf"\sqrt{{{latex(s + 1)}}}")


def pi_and_functions():
    for _ in range(15):
        n, d = R(1, 12), R(2, 12)
        add(rf"\frac{{{n}\pi}}{{{d}}}", rf"\frac{{{n}}}{{{d}}}\pi", rf"{n}\pi/{d}", rf"\frac{{{n + 1}\pi}}{{{d}}}", f"{n * 3.141592653589793 / d:.6f}", f"{n * 3.14 / d:.4f}")
    for f, v, w in [
        (r"\sin\frac{\pi}{6}", r"\frac12", r"\frac{\sqrt3}{2}"),
        (r"\cos\frac{\pi}{4}", r"\frac{\sqrt2}{2}", "1"),
        (r"\tan\frac{\pi}{3}", r"\sqrt{3}", r"\frac{1}{\sqrt{3}}"),
        (r"\log_2 32", "5", "6"),
        (r"\log_{3}{81}", "4", "3"),
        (r"\ln(e^3)", "3", "e^3"),
        (r"\ln 8", r"3\ln 2", r"2\ln 3"),
        (r"\arctan(1)", r"\frac{\pi}{4}", r"\frac{\pi}{3}"),
        (r"\binom{7}{3}", "35", "21"),
        ("6!", "720", "120"),
        (r"\lfloor 3.7 \rfloor", "3", "4"),
        (r"\lceil 3.2 \rceil", "4", "3"),
        (r"|-7|", "7", "-7"),
        (r"\sqrt[3]{27}", "3", "9"),
        (r"\sqrt[4]{16}", "2", "4"),
        ("2^{10}", "1024", "1000"),
        ("2^{-3}", r"\frac18", "8"),
        (r"e^{2}", "7.389056", "7.39"),
        (r"4^{3/2}", "8", "6"),
        (r"1.2\times 10^{5}", "120000", "12000"),
        (r"3\cdot 10^{-4}", "0.0003", "0.003"),
    ]:
        add(f, v, w, f)
        add(v, f)


def polynomials():
    for _ in range(35):
        p = (R(1, 4) * x + R(-6, 6)) * (x + R(-6, 6))
        q = expand(p)
        add(latex(q), latex(factor(q)), latex(q).replace("x", "t"), latex(q + R(1, 3)), "y = " + latex(q), f"f(x) = {latex(q)}")
    for _ in range(20):
        p = (R(1, 3) * a + R(1, 3) * b) ** 2 - R(0, 4) * a * b
        add(latex(expand(p)), latex(p), latex(expand(p) + a), latex(expand(p)).replace("b", "a", 1))
    for _ in range(15):
        c, d = R(1, 5), R(6, 9)
        add(rf"\frac{{1}}{{x+{c}}}-\frac{{1}}{{x+{d}}}", rf"\frac{{{d - c}}}{{(x+{c})(x+{d})}}", rf"\frac{{{d - c}}}{{(x+{c})(x-{d})}}")
        add(rf"\frac{{x^2-{c * c}}}{{x-{c}}}", f"x+{c}", f"x-{c}")
    for g, s, w in [
        (r"\sin^2 x", r"1-\cos^2 x", r"1+\cos^2 x"),
        (r"\sin 2x", r"2\sin x\cos x", r"\sin x\cos x"),
        (r"\cos 2x", r"2\cos^2 x-1", r"\cos^2 x-1"),
        ("e^{2x}", "(e^x)^2", "e^{x^2}"),
        (r"\sqrt{x^2+2x+1}", "|x+1|", "x+1"),
        ("x^{1/2}", r"\sqrt{x}", "x^2"),
        ("2^{x+1}", r"2\cdot 2^x", "2^x+1"),
        (r"\frac{1}{\sqrt{x}}", r"\frac{\sqrt{x}}{x}", r"\sqrt{x}"),
        (r"\tan x", r"\frac{\sin x}{\cos x}", r"\frac{\cos x}{\sin x}"),
        ("a^{n+1}", r"a\cdot a^n", "a^n+a"),
        (r"\frac{n(n+1)}{2}", r"\frac{n^2+n}{2}", r"\frac{n(n-1)}{2}"),
    ]:
        add(g, s, w)
        add(s, g)


def collections():
    for _ in range(25):
        p, q = R(-9, 9), R(10, 20)
        add(f"({p},{q})", f"({p}, {q})", rf"\left({p},{q}\right)", f"({q},{p})", f"({p},{q + 1})", f"[{p},{q}]", f"{p},{q}", f"({p}.0,{q})")
        add(f"[{p},{q})", rf"\left[{p},{q}\right)", f"({p},{q}]", f"[{p},{q}]", f"[{p},{q + 1})")
        add(rf"\{{{p},{q}\}}", rf"\{{{q},{p}\}}", f"{p}, {q}", rf"\{{{p},{q},{q + 1}\}}", rf"\{{{p}\}}", rf"{q}\text{{ and }}{p}")
        add(f"{p},{q}", f"{q}, {p}", rf"{p}\text{{ or }}{q}", f"x={p}, x={q}", rf"x={p}\text{{ or }}x={q}", f"{p},{q + 2}", f"{p}")
    for _ in range(12):
        p, q, r = R(-9, -1), R(0, 9), R(10, 20)
        add(f"({p},{q},{r})", f"({p}, {q}, {r})", f"({r},{q},{p})", f"({p},{q})")
        add(rf"(-\infty,{p})\cup({q},\infty)", rf"({q},\infty)\cup(-\infty,{p})", rf"(-\infty,{p}]\cup({q},\infty)", rf"(-\infty,{q})\cup({p},\infty)")
        add(f"{p} < x < {q}", f"({p},{q})", rf"x\in({p},{q})", f"[{p},{q}]", rf"{p}\le x<{q}")
        add(rf"x\ge {q}", rf"[{q},\infty)", f"x>{q}", rf"{q}\le x", rf"x\geq {q}")
        add(rf"x={p},y={q}", rf"y={q},x={p}", f"({p},{q})", f"x={q},y={p}")
        add(rf"\pm {q + 1}", f"{q + 1},-{q + 1}", f"{q + 1}", rf"\{{-{q + 1},{q + 1}\}}")
        add(rf"{p}\pm\sqrt{{{r}}}", rf"{p}+\sqrt{{{r}}},{p}-\sqrt{{{r}}}", rf"{p}+\sqrt{{{r}}}")
    for _ in range(12):
        m = [[R(-9, 9) for _ in range(2)] for _ in range(2)]
        body = r" \\ ".join(" & ".join(map(str, row)) for row in m)
        other = r" \\ ".join(" & ".join(map(str, row)) for row in zip(*m))
        m[0][0] += 1
        near = r" \\ ".join(" & ".join(map(str, row)) for row in m)
        add(rf"\begin{{pmatrix}} {body} \end{{pmatrix}}", rf"\begin{{bmatrix}} {body} \end{{bmatrix}}", rf"\begin{{pmatrix}} {near} \end{{pmatrix}}", rf"\begin{{pmatrix}} {other} \end{{pmatrix}}")


def equations():
    for _ in range(15):
        p, q, r = R(1, 9), R(1, 9), R(1, 20)
        add(f"y = {p}x+{q}", f"{p}x+{q}", f"y={q}+{p}x", f"y={p}x-{q}", f"y-{q}={p}x", f"{p}x-y+{q}=0")
        add(f"{p}x+{q}y={r}", f"{2 * p}x+{2 * q}y={2 * r}", f"{p}x+{q}y={r + 1}", f"{p}x+{q}y-{r}=0")
        add(str(p + q), f"x = {p} + {q} = {p + q}", f"{p} + {q} = {p + q}", f"x = {p} + {q} = {p + q + 1}")


def words():
    for w in ["Yes", "No", "blue", "east", "Monday", "even", "odd", "neither", "Evelyn", "increasing"]:
        add(rf"\text{{{w}}}", rf"\text{{{w.lower()}}}", w, rf"\text{{ {w} }}", rf"\text{{not {w}}}", r"\text{other}")
    for c in "ABCDE":
        add(rf"\text{{({c})}}", rf"\text{{{c}}}", f"({c})", c, rf"\text{{({chr(ord(c) + 1)})}}")
        add(c, rf"\textbf{{{c}}}", rf"\text{{{c}}}", chr(ord(c) + 1))


for make in (integers, fractions, percent_and_units, surds, pi_and_functions, polynomials, collections, equations, words):
    make()

for gold, answer in dict.fromkeys(pairs):
    try:
        verdict = verify(parse(f"${gold}$"), parse(rf"\boxed{{{answer}}}"))
    except Exception as error:  # Math-Verify's own failure is not a verdict
        print(f"{gold} {answer}: {error}", file=sys.stderr)
        continue
    print(gold, answer, "correct" if verdict else "wrong", sep="\t")
