#!/usr/bin/env python3
"""Scores path templates against labelled requests.

usage: paths.py TRUTH.jsonl[.gz] ANNOTATED.jsonl [--half a|b] [--worst N] [--misses SPEC]

TRUTH has one JSON object a line: spec, method, url, status, ct, template (null: scanner noise).
ANNOTATED has one line per request in the same order: {"endpoint": {"method", "path"} | null}, as
written by `bartizan analyze --annotate` or the example `paths_eval`.

Per spec, then averaged; names inside {} are ignored, double and trailing slashes cleaned:
  exact      share of requests with a template whose predicted template is the same
  pairwise   precision, recall, F1 over pairs of requests with a template that share an endpoint
             (method + template); a request predicted as noise shares with none
  set        precision, recall, F1 of the endpoints with at least one answer below 400 that is not
             a page, noise included
  inflation  endpoints found / true endpoints
"""
import argparse
import collections
import gzip
import hashlib
import json
import re


def clean(path):
    if path is None:
        return None
    path = re.sub(r"\{[^}]*\}", "{}", path)
    path = re.sub(r"/+", "/", path)
    return path.rstrip("/") or "/"


def half(spec):
    return "ab"[hashlib.sha256(spec.encode()).digest()[0] & 1]


def pairs(counter):
    return sum(n * (n - 1) // 2 for n in counter.values())


def f1(p, r):
    return 2 * p * r / (p + r) if p + r else 0.0


def score(rows):
    true, found, both = collections.Counter(), collections.Counter(), collections.Counter()
    exact = total = 0
    true_set, found_set = set(), set()
    for i, (row, predicted) in enumerate(rows):
        template = clean(row["template"])
        path = clean(predicted["path"]) if predicted else None
        answered = row["status"] < 400 and "html" not in (row.get("ct") or "")
        if predicted and answered:
            found_set.add((predicted["method"], path))
        if template is None:
            continue
        total += 1
        exact += path == template
        t = (row["method"], template)
        p = (predicted["method"], path) if predicted else ("noise", i)
        true[t] += 1
        found[p] += 1
        both[t, p] += 1
        if answered:
            true_set.add(t)
    together = pairs(both)
    p = together / pairs(found) if pairs(found) else 1.0
    r = together / pairs(true) if pairs(true) else 1.0
    hit = len(true_set & found_set)
    sp = hit / len(found_set) if found_set else 1.0
    sr = hit / len(true_set) if true_set else 1.0
    return {
        "exact": exact / total if total else 1.0,
        "pair_p": p,
        "pair_r": r,
        "pair_f1": f1(p, r),
        "set_p": sp,
        "set_r": sr,
        "set_f1": f1(sp, sr),
        "inflation": len(found_set) / max(1, len(true_set)),
    }


def labelled(path):
    """The labelled requests of a file, in its order."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def annotated(path):
    """The endpoints (null: noise) of a file of annotations, in its order."""
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line).get("endpoint") for line in lines]


def by_spec(truth, predicted):
    if len(truth) != len(predicted):
        raise SystemExit(f"{len(truth)} requests but {len(predicted)} annotated lines")
    by = collections.defaultdict(list)
    for row, p in zip(truth, predicted):
        by[row["spec"]].append((row, p))
    return by


def means(results, part="all"):
    """The figures of specs averaged, and how many specs these are; `part` is all or the half a or b."""
    chosen = [r for s, r in results.items() if part == "all" or half(s) == part]
    return {n: sum(r[n] for r in chosen) / len(chosen) for n in (chosen[0] if chosen else ())}, len(chosen)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("truth")
    parser.add_argument("annotated")
    parser.add_argument("--half", choices="ab", help="only the half of the specs with this hash")
    parser.add_argument("--worst", type=int, default=0)
    parser.add_argument("--misses", help="list wrong templates of specs whose name contains this")
    args = parser.parse_args()
    by = by_spec(labelled(args.truth), annotated(args.annotated))
    results = {s: score(rows) for s, rows in by.items() if not args.half or half(s) == args.half}
    names = list(next(iter(results.values())))
    for part in ["all", "a", "b"]:
        figures, specs = means(results, part)
        if specs:
            print(f"{part:>3} ({specs} specs)  " + "  ".join(f"{n} {figures[n]:.4f}" for n in names))
    noise = [(row, p) for rows in by.values() for row, p in rows if row["template"] is None]
    kept = sum(p is not None for _, p in noise)
    lost = sum(p is None for rows in by.values() for row, p in rows if row["template"])
    print(f"noise listed {kept} of {len(noise)}; real requests called noise {lost}")
    worst = sorted(results.items(), key=lambda x: x[1]["exact"] + x[1]["pair_f1"] + x[1]["set_f1"])
    for s, r in worst[: args.worst]:
        print(half(s), s, " ".join(f"{n}={r[n]:.3f}" for n in names))
    if args.misses:
        wrong = collections.Counter()
        for s, rows in by.items():
            if args.misses in s:
                for row, p in rows:
                    t, q = clean(row["template"]), clean(p["path"]) if p else None
                    if t != q:
                        wrong[s, row["method"], t, q] += 1
        for key, n in wrong.most_common(60):
            print(n, *key)


if __name__ == "__main__":
    main()
