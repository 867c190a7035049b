#!/usr/bin/env python3
"""Scores `analyze` on one of the behaviour judging sets (see sets/behaviour/README.md).

usage: behaviour_set.py sets/behaviour/NAME RESULT.json ANNOTATED.jsonl
"""
import collections
import gzip
import json
import sys

# Which detector fits which kind of campaign; `any` is reported beside it.
FITTING = {
    "bola_harvest": {"BZ-D001", "BZ-D004"}, "bola_sequential": {"BZ-D001"}, "bola_slow": {"BZ-D001"},
    "enum_ids": {"BZ-D001", "BZ-D003"}, "stuffing_fast": {"BZ-D002"}, "stuffing_distributed": {"BZ-D002"},
    "password_spraying": {"BZ-D002"}, "forced_browsing": {"BZ-D003"}, "bfla": {"BZ-D001", "BZ-D003"},
    "scraping": {"BZ-D004", "BZ-D001"}, "stolen_token": {"BZ-D005"}, "otp_guessing": {"BZ-D002", "BZ-D001"},
    "coupon_guessing": {"BZ-D001", "BZ-D002", "BZ-D003"},
}


def main(folder, result, annotated):
    labels = {}
    for line in gzip.open(f"{folder}/labels.jsonl.gz", "rt"):
        row = json.loads(line)
        labels[row["id"]] = (row["label"], row["campaign"])
    truth = json.load(open(f"{folder}/truth.json"))
    detections = json.load(open(result))["detections"]
    flagged = {}
    for line in open(annotated):
        row = json.loads(line)
        if row["detections"]:
            flagged[row["id"]] = row["detections"]
    hostile = {i for i, (label, _) in labels.items() if label not in ("benign", "ambiguous")}
    counted = {i for i, (label, _) in labels.items() if label != "ambiguous"}
    named = {i for i in flagged if i in counted}
    found, fitting = collections.Counter(), collections.Counter()
    total = collections.Counter(c["kind"] for c in truth["campaigns"])
    kinds = {c["campaign"]: c["kind"] for c in truth["campaigns"]}
    by_any, by_fit = set(), set()
    false, clean = [], 0
    for d in detections:
        ids = [i for i in d["exchange_ids"] if i in counted]
        campaigns = collections.Counter(labels[i][1] for i in ids if i in hostile)
        bad = sum(campaigns.values())
        if len(ids) - bad > bad:
            false.append(d)
        clean += bool(ids) and d["time"] < truth["clean_until"]
        for campaign, count in campaigns.items():
            if count * 2 >= len(ids):
                by_any.add(campaign)
                if d["code"] in FITTING.get(kinds[campaign], ()):
                    by_fit.add(campaign)
    for campaign in by_any:
        found[kinds[campaign]] += 1
    for campaign in by_fit:
        fitting[kinds[campaign]] += 1
    recall = collections.Counter(labels[i][0] for i in named & hostile)
    events = collections.Counter(label for label, _ in labels.values())
    print(f"{truth['stream']}: {len(labels)} events, {len(hostile)} hostile, {len(detections)} detections")
    print(f"{'kind':22} {'campaigns':>10} {'fitting':>8} {'event recall':>13}")
    for kind in sorted(total):
        print(f"{kind:22} {found[kind]:>4} of {total[kind]:<3} {fitting[kind]:>8} {recall[kind] / max(1, events[kind]):>13.3f}")
    print(f"campaigns {len(by_any)} of {sum(total.values())} (fitting kind {len(by_fit)})")
    print(f"event precision {len(named & hostile) / max(1, len(named)):.4f}, event recall {len(named & hostile) / len(hostile):.4f}")
    print(f"false alerts {len(false)} ({', '.join(f'{c} {n}' for c, n in sorted(collections.Counter(d['code'] for d in false).items()))}), in the clean part {clean}")
    print(f"benign actors alerted {len({d['actor']['id'] for d in false})}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
