#!/usr/bin/env python3
"""Turns labelled requests (spec, host, method, url, status, ct, template) into exchange JSON lines.

usage: requests.py REQUESTS.jsonl[.gz] > exchanges.jsonl

Labels (spec, template) are left out. Hosts of several specs may be the same, so each spec gets a
host of its own: `host` becomes `N.host`, where N is the number of the spec.
"""
import gzip
import json
import sys


def main(path):
    opener = gzip.open if path.endswith(".gz") else open
    specs = {}
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            spec = specs.setdefault(row["spec"], len(specs) + 1)
            exchange = {
                "id": str(number),
                "client": {"ip": f"198.51.100.{number % 200 + 1}"},
                "request": {"method": row["method"], "url": f"https://s{spec}.{row['host']}{row['url']}", "headers": [], "body": ""},
                "response": {"status": row["status"], "headers": [["content-type", row["ct"]]] if row.get("ct") else [], "body_state": "not_captured"},
            }
            print(json.dumps(exchange, separators=(",", ":")))


if __name__ == "__main__":
    main(sys.argv[1])
