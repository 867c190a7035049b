#!/usr/bin/env python3
"""Convert a labelled behavioural event stream into exchange JSON lines.

Input: JSON lines (optionally gzip) with ts, ip, ua, sub, method, url, status, req, resp,
resp_bytes, ms. Output: exchanges as `bartizan analyze` reads them, one per event, with the number
of the event (from 0) as id. Labels and campaigns are never written.

A subject becomes a bearer token: a syntactically valid JWT (HS256, dummy signature) whose payload
names it, the same one from one login of the subject to the next.

    eval/behaviour.py retail.jsonl.gz --out retail-exchanges.jsonl
"""

import argparse
import base64
import datetime
import gzip
import json
import re
import sys

HOST = "https://api.example.com"
LOGIN = re.compile(r"/(login|signin|sign-in|sessions?|token)(/|\?|$)", re.IGNORECASE)


def encoded(value):
    text = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def token(subject, login):
    """The token of a subject after its n-th login."""
    payload = {"sub": subject, "jti": f"{subject}-{login}"}
    parts = [encoded({"alg": "HS256", "typ": "JWT"}), encoded(payload)]
    return ".".join([*parts, encoded(b"dummy signature of 32 bytes here")])


def moment(ts):
    if isinstance(ts, str):
        return ts
    # Whole microseconds, so that two conversions agree.
    whole = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=round(ts * 1e6))
    return whole.isoformat(timespec="microseconds") + "Z"


def body(value):
    if value is None:
        return None
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def message(value, headers):
    text = body(value)
    if text is None:
        return {"headers": headers}
    return {"headers": [*headers, ["content-type", "application/json"]], "body": text}


class Logins:
    """Counts logins per subject, as far as responses tell whose they are."""

    def __init__(self):
        self.count = {}

    def see(self, event):
        if event["method"] != "POST" or not LOGIN.search(event["url"]):
            return
        answer = event.get("resp")
        if not isinstance(answer, dict) or not 200 <= event["status"] < 300:
            return
        for name in ("user_id", "userId", "sub", "id", "account_id", "uid"):
            if isinstance(answer.get(name), (str, int)):
                subject = str(answer[name])
                self.count[subject] = self.count.get(subject, 0) + 1
                return

    def of(self, subject):
        return self.count.get(subject, 0)


def exchange(number, event, logins):
    headers = []
    if event.get("ua"):
        headers.append(["user-agent", event["ua"]])
    if event.get("sub") is not None:
        subject = str(event["sub"])
        headers.append(["authorization", "Bearer " + token(subject, logins.of(subject))])
    url = event["url"]
    request = {"method": event["method"], "url": url if "://" in url else HOST + url}
    request |= message(event.get("req"), headers)
    response = {"status": event["status"]}
    response |= message(event.get("resp"), [])
    if event.get("resp_bytes") is not None and "body" not in response:
        response["headers"] = [["content-length", str(event["resp_bytes"])]]
    out = {"id": str(number), "time": moment(event["ts"])}
    if event.get("ip"):
        out["client"] = {"ip": event["ip"]}
    out |= {"request": request, "response": response}
    if event.get("ms") is not None:
        out["duration_ms"] = event["ms"]
    logins.see(event)
    return out


def lines(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            if line.strip():
                yield json.loads(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("events")
    parser.add_argument("--out", default="-")
    arguments = parser.parse_args()
    out = sys.stdout if arguments.out == "-" else open(arguments.out, "w", encoding="utf-8")
    logins = Logins()
    with out:
        for number, event in enumerate(lines(arguments.events)):
            print(json.dumps(exchange(number, event, logins), separators=(",", ":")), file=out)


if __name__ == "__main__":
    main()
