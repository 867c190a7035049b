#!/usr/bin/env python3
"""Scores the states of endpoints when specifications lack a third of their operations.

usage: drift.py DATA BARTIZAN [--worst N]

DATA holds paths/requests.jsonl.gz (labelled requests) and specs/. Of each specification a third of the
operations is deleted and a sixth marked as deprecated, drawn by the name of the file; `bartizan analyze`
compares its requests with the rest. Endpoints count that were answered below 400 by something else than a
page; names inside {} are ignored.

  shadow      deleted and observed; precision is of all endpoints that are called shadow
  zombie      deprecated and observed
  orphan      kept, and never asked for
"""
import argparse
import collections
import gzip
import json
import random
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from paths import clean

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def base(document):
    if "swagger" in document:
        return document.get("basePath") or ""
    servers = document.get("servers") or [{}]
    url = servers[0].get("url") or ""
    for name, variable in (servers[0].get("variables") or {}).items():
        url = url.replace("{%s}" % name, str(variable.get("default", "")))
    return urlsplit(url).path


def reduced(document, name):
    """The document without a third of its operations; deleted, deprecated, kept ones by method and path."""
    prefix = base(document).rstrip("/")
    own = [
        (path, method)
        for path, item in document["paths"].items()
        for method in METHODS
        if isinstance(item, dict) and isinstance(item.get(method), dict)
    ]
    random.Random(name).shuffle(own)
    third, sixth = len(own) // 3, len(own) // 6
    key = lambda one: (one[1].upper(), clean(prefix + one[0]))
    states = {key(one): "kept" for one in own}
    for one in own[third : third + sixth]:
        document["paths"][one[0]][one[1]]["deprecated"] = True
        states[key(one)] = "deprecated"
    for one in own[third + sixth :]:
        document["paths"][one[0]][one[1]].pop("deprecated", None)
    for path, method in own[:third]:
        del document["paths"][path][method]
        states[key((path, method))] = "deleted"
    return states


def exchange(number, row):
    headers = [["content-type", row["ct"]]] if row.get("ct") else []
    return {
        "id": str(number),
        "client": {"ip": f"198.51.100.{number % 200 + 1}"},
        "request": {"method": row["method"], "url": f"https://{row['host']}{row['url']}", "headers": [], "body": ""},
        "response": {"status": row["status"], "headers": headers, "body_state": "not_captured"},
    }


def states_found(bartizan, folder, document, rows):
    spec, capture, out = (folder / name for name in ("spec.json", "capture.jsonl", "out.json"))
    spec.write_text(json.dumps(document, default=str))
    capture.write_text("".join(json.dumps(exchange(*one)) + "\n" for one in enumerate(rows, 1)))
    command = [bartizan, "analyze", capture, "--spec", spec, "--format", "json", "--out", out, "--quiet", "--no-report"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{rows[0]['spec']}: {done.stderr}")
    found = {}
    for one in json.loads(out.read_text())["endpoints"]:
        found[one["method"], clean(one["path"])] = one["inventory_state"]
    return found


def score(states, rows, found):
    observed, asked = set(), set()
    for row in rows:
        if row["template"] is None:
            continue
        key = (row["method"], clean(row["template"]))
        asked.add(key)
        if row["status"] < 400 and "html" not in (row.get("ct") or ""):
            observed.add(key)
    counts = collections.Counter()
    # Two templates that differ in names only are one place, and only what is written once is deleted.
    want = {"shadow": "deleted", "zombie": "deprecated"}
    for name, state in want.items():
        true = {key for key in observed if states.get(key) == state}
        told = {key for key, is_state in found.items() if is_state == name}
        counts[name, "true"] += len(true)
        counts[name, "hit"] += len(true & told)
        counts[name, "told"] += len(told)
    true = {key for key, state in states.items() if state != "deleted" and key not in asked}
    told = {key for key, state in found.items() if state == "orphan"}
    counts["orphan", "true"] += len(true)
    counts["orphan", "hit"] += len(true & told)
    counts["orphan", "told"] += len(told)
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("bartizan")
    parser.add_argument("--worst", type=int, default=0)
    args = parser.parse_args()
    by = collections.defaultdict(list)
    with gzip.open(args.data / "paths/requests.jsonl.gz", "rt") as lines:
        for line in lines:
            row = json.loads(line)
            by[row["spec"]].append(row)
    total, misses = collections.Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in by.items():
            text = (args.data / "specs" / name).read_text()
            document = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
            states = reduced(document, name)
            counts = score(states, rows, states_found(args.bartizan, Path(folder), document, rows))
            total += counts
            missed = sum(counts[n, "true"] + counts[n, "told"] - 2 * counts[n, "hit"] for n in ("shadow", "zombie", "orphan"))
            misses.append((missed, name, dict(counts)))
    for name in ("shadow", "zombie", "orphan"):
        hit, true, told = (total[name, what] for what in ("hit", "true", "told"))
        print(f"{name:>7}  recall {hit / max(1, true):.4f}  precision {hit / max(1, told):.4f}  ({hit} of {true}; {told} told)")
    for missed, name, counts in sorted(misses, reverse=True, key=lambda one: one[0])[: args.worst]:
        print(missed, name, counts)


if __name__ == "__main__":
    main()
