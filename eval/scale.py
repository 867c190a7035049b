#!/usr/bin/env python3
"""Memory of `bartizan analyze` over many exchanges, and with many endpoints. Needs Linux (/proc).

usage: scale.py BARTIZAN [exchanges N | endpoints N | scan N] ...

`exchanges N` (default 10,000,000): one API of 1,280 endpoints on 8 hosts, whose callers come and go for ever.
    Identifiers, query values and bodies are new in each exchange, callers change after 64 requests and never
    come back, and each tenth request is a scanner's, for a path of its own that is not there. Callers
    fill bounded tables (100,000 actors and less) during the first half; nothing else may be kept. Printed are
    the resident memory at each tenth, and the last beside that of the half (gate: at most 1.1 times).
`endpoints N` (default 100,000): N endpoints on N/200 hosts, each called by three callers with a credential of
    their own, two identifiers each, four fields in and six out; printed are the endpoints in the result and
    the largest resident memory (gate: at most 1 GiB), also as bytes for each endpoint.
`scan N` (1,000,000 is an hour of a busy scanner): N URLs that nobody asked for before on four hosts that answer
    each path alike, with 404, with a small page, with an error as data and status 200 and with `{"ok":true}`, and
    beside ten of them one request of an API of 40 operations. Printed are the endpoints that are none of these, the requests
    that the summary calls noise and those of catch-alls (together N), and the resident memory as above (gates: one
    for each catch-all, all counted, 1.1 times).

Exchanges are made as they are read, in the form of exchange JSON lines, one hundred thousand a minute of their
own time. Nothing is written but the result, in a temporary folder.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

COLLECTIONS = "orders users carts invoices shipments products reviews payments returns stores".split()
ACTIONS = ("", "/items", "/notes", "/history")
METHODS = ("GET", "PUT", "PATCH", "DELETE")
VERBS = ("close", "approve", "archive", "notify")


def moment(index):
    """Event time of exchange `index`: one hundred thousand a minute from a fixed day on."""
    milliseconds = index * 60_000 // 100_000
    seconds, milliseconds = divmod(milliseconds, 1_000)
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    return f"2026-11-{1 + days:02}T{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}Z"


def line(index, caller, method, url, status, asked, answered, media="application/json", is_known=True):
    """One exchange as JSON; `asked` and `answered` are bodies as text. Whoever is not known has no credential."""
    credential = f',["authorization","Bearer caller-{caller:x}-{caller * 2_654_435_761 & 0xFFFFFFFF:08x}"]' if is_known else ""
    body = f',"body":{json.dumps(asked)}' if asked else ""
    address = f"10.{caller >> 16 & 255}.{caller >> 8 & 255}.{caller & 255}"
    return (
        f'{{"id":"{index}","time":"{moment(index)}","client":{{"ip":"{address}","port":4{index % 10_000:04}}},'
        f'"request":{{"method":"{method}","url":"{url}","http_version":"1.1","headers":[["content-type","application/json"]'
        f'{credential}]{body}}},'
        f'"response":{{"status":{status},"headers":[["content-type","{media}"]],"body":{json.dumps(answered)}}}}}\n'
    )


def churning(total):
    """An API whose callers, identifiers and values are always new, and a scanner in each tenth request."""
    chance = random.Random(1)
    for index in range(total):
        caller = index // 64
        number = chance.getrandbits(40)
        if index % 10 == 9:
            url = f"https://api{number % 8}.example.com/{number:x}/{number * 7:x}.php?x={number}"
            yield line(index, caller, "GET", url, 404, "", '{"error":"not found"}')
            continue
        collection = COLLECTIONS[number % 10]
        action = ACTIONS[number // 10 % 4]
        method = METHODS[number // 40 % 4]
        url = f"https://api{number // 160 % 8}.example.com/v1/{collection}/{number}{action}?page={number % 97}&trace={number:x}"
        asked = "" if method in ("GET", "DELETE") else f'{{"name":"n{number:x}","amount":{number % 1000},"note":"t {number}"}}'
        answered = (
            f'{{"id":{number},"name":"n{number:x}","state":"open","amount":{number % 1000}.5,'
            f'"tags":["a{number % 9}","b{number % 7}"],"owner":{{"id":"u{number:x}","since":"2026-01-{1 + number % 28:02}"}}}}'
        )
        yield line(index, caller, method, url, 200, asked, answered)


def team(host):
    """A word of its own for each host: hosts that serve the same paths would be one API (`{tenant}.example.com`)."""
    return "".join("bcdfghklmnprst"[host // 14**place % 14] + "aeiou"[host // 5**place % 5] for place in range(3))


def wide(endpoints):
    """Many endpoints, each confirmed by three callers who ask for two objects each."""
    index = 0
    for round_ in range(2):
        for caller in range(3):
            for endpoint in range(endpoints):
                host, path = divmod(endpoint, 200)
                collection, action = divmod(path, 8)
                method = METHODS[action % 4]
                number = endpoint * 7_919 + caller * 101 + round_ * 13
                deeper = "/detail" if action > 3 else ""
                url = f"https://service{host}.example.com/{team(host)}/v1/{COLLECTIONS[collection % 10]}{collection // 10}/{number}{deeper}"
                asked = f'{{"name":"n{number:x}","amount":{number % 1000},"note":"t {number}","kind":"k"}}'
                answered = (
                    f'{{"id":{number},"name":"n{number:x}","state":"open","amount":{number % 1000}.5,'
                    f'"owner":"u{caller}","at":"2026-01-{1 + number % 28:02}"}}'
                )
                yield line(index, caller, method, url, 200, "" if method in ("GET", "DELETE") else asked, answered)
                index += 1


def scanning(total):
    """A scanner whose URLs are all new, and an API of forty operations in each tenth request."""
    chance = random.Random(2)
    for index in range(total + total // 10):
        number = chance.getrandbits(40)
        if index % 11 == 10:
            operation = index // 11
            path = f"{COLLECTIONS[operation % 10]}/{number}/{VERBS[operation // 10 % 4]}"
            url = f"https://api{operation // 40 % 4}.example.com/v1/{path}"
            yield line(index, 100 + operation % 50, "POST", url, 200, "{}", '{"ok":true}')
            continue
        kind, word = number % 4, f"{number:x}"
        path = (f"{word}", f"api/{word}/x.php", f"{word}/a{number % 99}/{number}", f".{word}/old.bak")[number // 4 % 4]
        answered = (
            '{"error":"not found"}',
            "<!doctype html><html><body><div id=app></div></body></html>",
            f'{{"code":404,"message":"no /{path}","requestId":"{number * 3:x}"}}',
            '{"ok":true}',
        )[kind]
        url, status = f"https://api{kind}.example.com/{path}", 404 if kind == 0 else 200
        media = "text/html" if kind == 1 else "application/json"
        yield line(index, number % 3, "GET", url, status, "", answered, media, is_known=False)


def resident(process, key):
    """`VmRSS` or `VmHWM` of a process in MiB; `None` once it is gone."""
    try:
        for row in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if row.startswith(key + ":"):
                return int(row.split()[1]) / 1024
    except OSError:
        pass
    return None


def analyze(program, exchanges, total, out):
    """Feeds `exchanges` to `program`; gives resident memory at each tenth and the largest, in MiB."""
    process = subprocess.Popen(
        [program, "analyze", "-", "--no-report", "--quiet", "--format", "json", "--out", str(out)],
        stdin=subprocess.PIPE,
    )
    marks, largest = [], [0.0]

    # The largest is reached while the result is written, when nothing is fed any more.
    def watch():
        while process.poll() is None:
            largest[0] = max(largest[0], resident(process, "VmHWM") or 0.0)
            done.wait(0.2)

    done = threading.Event()
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with process.stdin as pipe:
            batch = []
            for count, text in enumerate(exchanges, 1):
                batch.append(text)
                if len(batch) == 1_000 or count == total:
                    pipe.write("".join(batch).encode())
                    batch.clear()
                if count % max(1, total // 10) == 0:
                    marks.append(resident(process, "VmRSS"))
                    print(f"{count:>12,} exchanges: {marks[-1] or 0:8.0f} MiB", flush=True)
        status = process.wait()
    finally:
        if process.poll() is None:
            process.kill()
        done.set()
        watcher.join()
    if status not in (0, 1):
        sys.exit(f"error: {program} analyze ended with {status}")
    return marks, largest[0]


def main():
    if len(sys.argv) < 2 or len(sys.argv) % 2:
        sys.exit(__doc__)
    program, rest = os.path.abspath(sys.argv[1]), sys.argv[2:] or ["exchanges", "10000000", "endpoints", "100000"]
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "result.json"
        for what, number in zip(rest[::2], rest[1::2]):
            number = int(number)
            if what == "exchanges":
                marks, largest = analyze(program, churning(number), number, out)
                growth = marks[-1] / marks[4]
                listed = len(json.loads(out.read_text())["endpoints"])
                print(f"{number:,} exchanges: {listed} endpoints listed (1,280 are there), at most {largest:.0f} MiB; the end is {growth:.2f} times the half")
                failed |= growth > 1.1 or listed > 1408
            elif what == "endpoints":
                _, largest = analyze(program, wide(number), number * 6, out)
                listed = len(json.loads(out.read_text())["endpoints"])
                print(f"{listed:,} of {number:,} endpoints: at most {largest:.0f} MiB, {largest * 1024 * 1024 / max(1, listed):.0f} bytes each")
                failed |= largest > 1024 or listed < number * 0.99
            elif what == "scan":
                total = number + number // 10
                marks, largest = analyze(program, scanning(number), total, out)
                result = json.loads(out.read_text())
                strange = [e["path"] for e in result["endpoints"] if e["method"] != "POST"]
                noise, caught = result["summary"]["noise"], result["summary"]["catch_all"]
                growth = marks[-1] / marks[4]
                print(f"{number:,} URLs: {len(strange)} endpoints beside the API's {len(result['endpoints']) - len(strange)}, {noise:,} requests of noise, {caught:,} answered alike, at most {largest:.0f} MiB; the end is {growth:.2f} times the half")
                failed |= growth > 1.1 or len(strange) > 3 or noise + caught < number - total % 11 - 1
            else:
                sys.exit(f"error: `{what}` is neither `exchanges`, `endpoints` nor `scan`\n\n{__doc__}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
