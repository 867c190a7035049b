#!/usr/bin/env python3
"""Score detections on a labelled behavioural event stream.

Joins results back to events by id (the number of the event, see behaviour.py) and reports, per
kind of campaign: campaigns detected, median time to detection, event recall; over all: precision
over flagged events, false alerts per 10,000 benign events, alerts before `clean_until`.

    eval/behaviour_score.py retail.jsonl.gz detected.jsonl [--truth retail.truth.json]

`detected.jsonl` is the output of `analyze --annotate` (one line per exchange with `id` and
`detections`), of `analyze --format json` (an object with `detections`), or one line per signal
with `code`, `exchange_ids` and, when known, `at`: the id of the exchange at which it was raised.

A campaign is detected when at least one of its events is flagged; the time to detection runs from
its first event to the exchange at which a signal first named one of its events (without `at`: to
its first flagged event). A false alert is a signal (without signals: a benign flagged event) that
names no hostile event.
"""

import argparse
import collections
import gzip
import json
import statistics


def read(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as stream:
        text = stream.read()
    try:
        whole = json.loads(text)
        return whole.get("detections", [whole]) if isinstance(whole, dict) else whole
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def load(path):
    """Flagged ids with codes, and alerts as (raised at, ids, code)."""
    flagged = collections.defaultdict(set)
    alerts = []
    for row in read(path):
        if "exchange_ids" in row:
            ids = [int(i) for i in row["exchange_ids"]]
            for i in ids:
                flagged[i].add(row["code"])
            if ids:
                alerts.append((int(row["at"]) if "at" in row else min(ids), ids, row["code"]))
        elif row.get("detections"):
            number = int(row["id"])
            flagged[number].update(row["detections"])
            alerts += [(number, [number], code) for code in row["detections"]]
    return flagged, alerts


def events_of(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream if line.strip()]


def span(seconds):
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def campaigns(events, flagged, alerts):
    members = collections.defaultdict(list)
    for number, event in enumerate(events):
        if event.get("campaign"):
            members[event["campaign"]].append(number)
    first = {}
    for raised, ids, _ in sorted(alerts):
        for i in ids:
            campaign = events[i].get("campaign")
            if campaign and campaign not in first:
                first[campaign] = max(raised, i)
    kinds = collections.defaultdict(list)
    for campaign, ids in members.items():
        caught = [i for i in ids if i in flagged]
        delay = None
        if campaign in first:
            delay = events[first[campaign]]["ts"] - events[ids[0]]["ts"]
        kinds[events[ids[0]]["label"]].append((campaign, len(ids), len(caught), delay))
    return kinds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("events")
    parser.add_argument("detected")
    parser.add_argument("--truth")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    events = events_of(arguments.events)
    flagged, alerts = load(arguments.detected)
    print(f"{'kind':24} {'campaigns':>10} {'events':>13} {'recall':>7} {'median time':>12}")
    for kind, rows in sorted(campaigns(events, flagged, alerts).items()):
        found = sum(1 for row in rows if row[2])
        total, caught = sum(row[1] for row in rows), sum(row[2] for row in rows)
        delays = [row[3] for row in rows if row[3] is not None]
        delay = span(statistics.median(delays)) if delays else "-"
        share = caught / total
        counts = f"{caught}/{total}"
        print(f"{kind:24} {found:>5} of {len(rows)} {counts:>13} {share:>7.3f} {delay:>12}")
    benign = [i for i in flagged if events[i]["label"] == "benign"]
    total_benign = sum(1 for event in events if event["label"] == "benign")
    false_alerts = [a for a in alerts if all(events[i]["label"] == "benign" for i in a[1])]
    hostile = len(flagged) - len(benign)
    precision = hostile / len(flagged) if flagged else 1.0
    print(f"\nprecision over flagged events: {precision:.4f} ({hostile} of {len(flagged)})")
    per = 10_000 * len(false_alerts) / max(total_benign, 1)
    print(f"false alerts per 10,000 benign events: {per:.2f} ({len(false_alerts)})")
    if arguments.truth:
        with open(arguments.truth, encoding="utf-8") as stream:
            clean = json.load(stream)["clean_until"]
        early = sum(1 for raised, _, _ in alerts if events[raised]["ts"] < clean)
        print(f"alerts before clean_until: {early}")
    codes = collections.Counter()
    for number, names in flagged.items():
        for name in names:
            codes[name, events[number]["label"]] += 1
    for (code, label), count in sorted(codes.items()):
        print(f"  {code} {label}: {count}")
    if arguments.verbose:
        for number in sorted(benign)[:12]:
            event = events[number]
            print("  benign flagged:", number, sorted(flagged[number]), event["sub"],
                  event["method"], event["url"], event["status"])


if __name__ == "__main__":
    main()
