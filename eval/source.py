#!/usr/bin/env python3
"""Compares the routes and secrets that `discover source` finds with those of labelled applications.

usage: source.py BARTIZAN [SET] [--show]

SET holds a folder for each application, with `truth.jsonl` and in some `secrets.jsonl`; its README says what
the labels mean. The default is eval/sets/source.

  found       share of the labelled routes that are listed, by method and whole path. Names of parameters
              do not count, nor does a final slash
  right       share of the labelled routes that are listed with the right authorization (required or none)
  extra       listed routes that no label has, as a share of those listed
  secrets     labelled secrets found at their line, and how many more were told

Those whose label is `inline` count for found alone. With --show each difference is told. The exit code is 0
whatever differs: it is a measurement.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile


def key(method, path):
    path = re.sub(r"\{[^{}]*\}", "{}", path)
    return method, path if path == "/" else path.rstrip("/")


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def discover(bartizan, folder):
    """What is found in a copy without the labels, so that they cannot help."""
    with tempfile.TemporaryDirectory() as top:
        copy = pathlib.Path(top) / folder.name
        for path in folder.rglob("*"):
            if path.is_file() and path.name not in ("truth.jsonl", "secrets.jsonl"):
                target = copy / path.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
        command = [bartizan, "--quiet", "discover", "source", str(copy), "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def compare(bartizan, folder, show):
    """Counts of one application."""
    result = discover(bartizan, folder)
    states = {}
    for route in result["routes"]:
        states[key(route["method"], route["path"])] = route["code"]["authorization"]["state"]
    count = collections.Counter()
    wanted = set()
    for label in lines(folder / "truth.jsonl"):
        one = key(label["method"], label["path"])
        wanted.add(one)
        count["labelled"] += 1
        count["found"] += one in states
        if label["auth"] != "inline":
            count["judged"] += 1
            count["right"] += states.get(one) == label["auth"]
        if show and states.get(one) != label["auth"] and label["auth"] != "inline":
            print(f"  {folder.name}: {one[0]} {label['path']}: {label['auth']}, told {states.get(one)}")
    count["listed"] = len(states)
    for extra in sorted(set(states) - wanted):
        count["extra"] += 1
        if show:
            print(f"  {folder.name}: {extra[0]} {extra[1]}: extra")
    secrets(result, folder, count, show)
    return count


def secrets(result, folder, count, show):
    told = set()
    for finding in result["findings"]:
        if finding["code"] == "BZ-C029":
            place = finding["evidence"][0]["note"].split(" holds ")[0]
            told.add(place)
    labels = folder / "secrets.jsonl"
    wanted = {f"{s['file']}:{s['line']}" for s in lines(labels)} if labels.exists() else set()
    count["secrets"] += len(wanted)
    count["secrets found"] += len(wanted & told)
    count["secrets more"] += len(told - wanted)
    if show:
        for place in sorted(wanted - told):
            print(f"  {folder.name}: secret at {place}: missed")
        for place in sorted(told - wanted):
            print(f"  {folder.name}: secret at {place}: not labelled")


def share(part, whole):
    return f"{part / whole:.3f}" if whole else "-"


def row(name, count):
    print(
        f"{name:<12} {count['labelled']:>6} {share(count['found'], count['labelled']):>7}"
        f" {share(count['right'], count['judged']):>7} {share(count['extra'], count['listed']):>7}"
    )


def main():
    names = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    if not names:
        sys.exit(__doc__)
    show = "--show" in sys.argv
    top = pathlib.Path(names[1]) if len(names) > 1 else pathlib.Path(__file__).parent / "sets/source"
    frameworks = collections.defaultdict(collections.Counter)
    for labels in sorted(top.glob("*/truth.jsonl")):
        framework = labels.parent.name.rsplit("-", 1)[0]
        frameworks[framework] += compare(names[0], labels.parent, show)
    print(f"{'framework':<12} {'routes':>6} {'found':>7} {'right':>7} {'extra':>7}")
    for name, count in sorted(frameworks.items()):
        row(name, count)
    total = sum(frameworks.values(), collections.Counter())
    row("all", total)
    print(
        f"secrets: {total['secrets found']} of {total['secrets']} found, {total['secrets more']} more told"
    )


if __name__ == "__main__":
    main()
