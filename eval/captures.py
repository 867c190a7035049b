#!/usr/bin/env python3
"""Compares exchanges of packet captures with the reading of tshark.

usage: captures.py FOLDER READ_SOURCE [--show]

FOLDER holds captures in folders and `tshark-http.tsv`: file, frame, tcp_stream, h2_stream, method,
host_or_authority, uri_or_path, status, one request or response a line. READ_SOURCE is the example of
that name, which writes every exchange as a JSON line.

Each file is one sequence of (method, host, path, status), ordered by what it holds since connections of
one capture end in an order of their own. tshark's responses are given to the requests of their stream
in order; informational ones are left out, those to CONNECT too. With --show each exchange is told. Differences are told by class:
  ours     everything of tshark and more
  theirs   less than tshark
  other    both have something that the other has not, for example another status
It is a cross-check, not a truth: the exit code is 0 whatever differs.
"""
import collections
import csv
import json
import pathlib
import re
import subprocess
import sys


def path_of(target):
    """A target without scheme and authority, as both are shown apart."""
    absolute = re.match(r"[a-z]+://[^/?#]*", target, re.IGNORECASE)
    rest = target[absolute.end():] if absolute else target
    return rest if rest.startswith("/") or rest == "*" else "/" + rest


def theirs(rows):
    """Exchanges of one file: requests of each stream with the responses that follow them."""
    streams = collections.defaultdict(list)
    waiting = collections.defaultdict(collections.deque)
    for row in rows:
        key = (row["tcp_stream"], row["h2_stream"])
        if row["method"]:
            host = row["host_or_authority"].strip().lower()
            exchange = [row["method"], host, path_of(row["uri_or_path"]), 0]
            streams[key].append(exchange)
            waiting[key].append(exchange)
        elif row["status"] and (not row["status"].startswith("1") or row["status"] == "101"):
            if waiting[key]:
                waiting[key].popleft()[3] = int(row["status"])
            else:
                streams[key].append(["-", "", "", int(row["status"])])
    found = (tuple(exchange) for stream in streams.values() for exchange in stream)
    return collections.Counter(e for e in found if e[0] not in ("CONNECT", "-"))


def ours(read_source, path):
    """Exchanges of one file, and the line about it."""
    done = subprocess.run([read_source, str(path)], capture_output=True, text=True, check=True)
    found = collections.Counter()
    for line in done.stdout.splitlines():
        exchange = json.loads(line)
        request, response = exchange["request"], exchange.get("response") or {}
        host, target = re.match(r"[a-z]+://([^/?#]*)(.*)", request["url"], re.DOTALL).groups()
        target = request.get("target", target)
        status = response.get("status") or 0
        found[(request["method"], host.lower(), path_of(target), status)] += 1
    return found, done.stderr


def main():
    folder, read_source = pathlib.Path(sys.argv[1]), sys.argv[2]
    with open(folder / "tshark-http.tsv", newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
    by_file = collections.defaultdict(list)
    for row in rows:
        by_file[row["file"]].append(row)
    files = sorted(p for p in folder.glob("*/*") if p.suffix in (".pcap", ".pcapng"))
    classes = collections.Counter()
    differing = []
    both = [0, 0, 0]
    for path in files:
        name = path.relative_to(folder).as_posix()
        wanted = theirs(by_file[name])
        found, about = ours(read_source, path)
        more, less = found - wanted, wanted - found
        both[0] += (found & wanted).total()
        both[1] += more.total()
        both[2] += less.total()
        kind = "equal" if found == wanted else "ours" if not less else "theirs" if not more else "other"
        classes[kind] += 1
        if kind != "equal":
            differing.append((kind, name, more, less, about))
    for kind, name, more, less, about in sorted(differing, key=lambda d: d[:2]):
        skipped = re.search(r"skipped \{(.*?)\}", about)
        print(f"{kind:6} {name}: {more.total()} of ours, {less.total()} of theirs"
              f" ({skipped[1] if skipped else about.strip()[:80]})")
        if "--show" in sys.argv:
            for sign, some in (("+", more), ("-", less)):
                for exchange, count in sorted(some.items()):
                    print(f"       {sign}{count} {' '.join(map(str, exchange))[:110]}")
    print(f"{len(files)} captures: {classes['equal']} equal, {classes['ours']} where we read more, "
          f"{classes['theirs']} less, {classes['other']} otherwise; "
          f"exchanges: {both[0]} equal, {both[1]} ours alone, {both[2]} theirs alone")


if __name__ == "__main__":
    main()
