#!/usr/bin/env python3
"""What the detectors see of the lab's traffic player, script by script.

    eval/lab.py PLAY...

PLAY.truth is what `bartizan lab play --truth` wrote, PLAY.json what `bartizan analyze --format json`
says about its capture. An attacker counts as seen when a detection names one of its hostile requests.
Requests that are ambiguous (an attacker's preparation) are left out of every count. The lab is ours and
so are the detectors: this says which attacks nobody looks for yet, not how well detection works.
"""

import collections
import json
import sys


class Script:
    """Sums over all attackers of one script in all plays."""

    def __init__(self):
        self.owasp = ""
        self.attackers, self.seen, self.detectors = set(), set(), set()
        self.hostile = self.named = 0


def add(play, scripts):
    """Adds one play; returns its requests of users, and the detections that name one of them."""
    with open(play + ".truth", encoding="utf-8") as file:
        truth = {line["id"]: line for line in map(json.loads, file)}
    with open(play + ".json", encoding="utf-8") as file:
        detections = json.load(file)["detections"]
    by_exchange = collections.defaultdict(set)
    false = 0
    for detection in detections:
        labels = {truth[id]["label"] for id in detection["exchange_ids"]}
        false += "benign" in labels
        for id in detection["exchange_ids"]:
            by_exchange[id].add(detection["code"])
    for line in truth.values():
        if line["label"] != "hostile":
            continue
        script = scripts[line["persona"]]
        script.owasp = line["owasp"]
        script.attackers.add((play, line["actor"]))
        script.hostile += 1
        if codes := by_exchange[line["id"]]:
            script.seen.add((play, line["actor"]))
            script.detectors |= codes
            script.named += 1
    return sum(line["label"] == "benign" for line in truth.values()), false


def main(plays):
    scripts = collections.defaultdict(Script)
    sums = [add(play, scripts) for play in plays]
    print("| script | category | attackers seen | by | hostile requests named |")
    print("|---|---|---|---|---|")
    for name, script in sorted(scripts.items(), key=lambda item: (item[1].owasp, item[0])):
        seen = f"{len(script.seen)} of {len(script.attackers)}"
        codes = ", ".join(sorted(script.detectors)) or "–"
        print(f"| {name} | {script.owasp} | {seen} | {codes} | {script.named} of {script.hostile} |")
    missed = sorted(name for name, script in scripts.items() if not script.seen)
    print(f"\n{len(scripts) - len(missed)} of {len(scripts)} scripts seen; missed: {', '.join(missed) or 'none'}.")
    users, false = (sum(part) for part in zip(*sums))
    print(f"{false} detections name one of {users} requests of users.")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
