#!/usr/bin/env python3
"""Whether the relations of ownership that are proposed are true: a day of the lab's users.

    eval/ownership.py PLAY...

PLAY.json is what `bartizan analyze --format json` says about the capture of `bartizan lab play --cast benign
--minutes 1440` (no --clear is needed: values are not read). What is true stands below, by what the handlers of the
lab's repaired twin compare (`Caller::may_see`, `where owner = ?`); it was written from them and not from results.
Precision is over all that is proposed; recall over what is true of operations that five callers used on that day.
Only REST counts: inside of GraphQL, gRPC, SOAP and JSON-RPC nothing is proposed. The lab is ours and so is the
learner: this says whether a person can approve what is shown without looking each up, not how it does elsewhere.
"""

import json
import re
import sys

# Method, path with parameters as {}, side, place: the value is always the customer's own.
TRUE = {
    ("GET", "/api/v1/me", "response", "body:/id"),
    ("PATCH", "/api/v1/me", "response", "body:/id"),
    ("GET", "/api/v1/shipments", "response", "body:/shipments/*/owner"),
    ("POST", "/api/v1/shipments", "response", "body:/owner"),
    ("GET", "/api/v1/shipments/{}", "response", "body:/owner"),
    ("PATCH", "/api/v1/shipments/{}", "response", "body:/owner"),
    ("POST", "/api/v1/shipments/{}/sync", "response", "body:/owner"),
    ("GET", "/api/v1/quotes", "response", "body:/quotes/*/owner"),
    ("POST", "/api/v1/quotes", "response", "body:/owner"),
    ("POST", "/api/v1/quotes/{}/accept", "response", "body:/owner"),
    ("GET", "/api/v1/invoices", "response", "body:/invoices/*/owner"),
    ("GET", "/api/v1/invoices/{}", "response", "body:/owner"),
    ("POST", "/api/v1/invoices/{}/pay", "response", "body:/owner"),
    ("GET", "/api/v1/documents", "response", "body:/documents/*/owner"),
    ("POST", "/api/v1/documents", "response", "body:/owner"),
    ("POST", "/api/v1/documents/import", "response", "body:/owner"),
    ("POST", "/api/v1/webhooks", "response", "body:/owner"),
    ("POST", "/api/v1/slots/{}/book", "response", "body:/booked_by"),
}
# Roles of whom it is not true, because it is their work: whoever is exempt must be one of them.
STAFF = {"clerk", "manager", "admin"}
# Callers of an operation from whom on its relations could have been learned.
CALLERS = 5


def general(path):
    """A path without the names of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def score(play):
    """True proposals, false ones, and true ones that are missing."""
    with open(play + ".json", encoding="utf-8") as file:
        result = json.load(file)
    proposed = {}
    for one in result["relations"]:
        exempt = {role["role"] for role in one["exempt"]}
        proposed[(one["method"], general(one["path"]), one["side"], one["place"])] = exempt
    right = {key for key, exempt in proposed.items() if key in TRUE and exempt <= STAFF}
    used = {
        (end["method"], general(end["path"])) for end in result["endpoints"] if end["actors"] >= CALLERS
    }
    due = {key for key in TRUE if key[:2] in used}
    return right, set(proposed) - right, due - right


def main(plays):
    right = wrong = missing = 0
    for play in plays:
        good, bad, missed = score(play)
        right, wrong, missing = right + len(good), wrong + len(bad), missing + len(missed)
        for title, keys in (("not true", bad), ("missing", missed)):
            for key in sorted(keys):
                print(f"{play}: {title}: {' '.join(key)}")
    precision = right / (right + wrong) if right + wrong else 0.0
    recall = right / (right + missing) if right + missing else 0.0
    print(f"relations: {right} true, {wrong} not, {missing} missing: precision {precision:.3f}, recall {recall:.3f}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
