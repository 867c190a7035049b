"""Counts operations of specifications independently of the reader, and compares.

usage: specs.py LINES

LINES is what the example `spec_operations` printed. OpenAPI is counted as path and method with
PyYAML, GraphQL, protocol buffers and WSDL by text patterns: another way of reading than Bartizan's.
A difference is listed with the problems that the reader named; one without any fails.
"""

import json
import os
import re
import sys
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict

import yaml

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}
SLOW_MILLIS = 5_000


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    pass


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in list_ if not tag.endswith(("timestamp", "value"))]
    for first, list_ in Loader.yaml_implicit_resolvers.items()
}


def openapi(text):
    try:
        document = json.loads(text)
    except ValueError:
        document = yaml.load(text, Loader=Loader)
    if not isinstance(document, dict) or not ({"openapi", "swagger"} & set(document)):
        return None
    total = 0
    for path, item in (document.get("paths") or {}).items():
        if str(path).startswith("x-") or not isinstance(item, dict):
            continue
        total += sum(1 for key, value in item.items() if key in METHODS and isinstance(value, dict))
        total += len(item.get("additionalOperations") or {})
    return total


def proto(text):
    tokens = re.findall(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/|[\w.]+|[^\s]', text, flags=re.S)
    tokens = [t for t in tokens if not t.startswith(('"', "//", "/*"))]
    return sum(1 for a, _, c in zip(tokens, tokens[1:], tokens[2:]) if a == "rpc" and c == "(")


def graphql(text):
    tokens = re.findall(
        r'"""(?:\\"""|.)*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*|\w+|[{}()\[\]:@]', text, flags=re.S)
    tokens = [t for t in tokens if not t.startswith(('"', "#"))]
    roots, fields = {}, defaultdict(set)
    at = 0
    while at < len(tokens):
        word = tokens[at]
        at += 1
        name = tokens[at] if at < len(tokens) else ""
        if word not in ("schema", "type") or name == ":":
            continue
        round_, depth = 0, 0
        while at < len(tokens):
            token = tokens[at]
            following = tokens[at + 1] if at + 1 < len(tokens) else ""
            if depth == 0 and round_ == 0 and following != ":" and token in ("type", "input", "enum", "scalar", "union"):
                if tokens[at - 1] not in ("type", "schema"):
                    break
            round_ += (token in "([") - (token in ")]")
            if round_ == 0 and depth == 1 and following in (":", "(") and tokens[at - 1] != "@":
                if word == "schema":
                    roots[token] = tokens[at + 2]
                elif token.isidentifier():
                    fields[name].add(token)
            depth += (round_ == 0) * ((token == "{") - (token == "}"))
            at += 1
            if token == "}" and depth == 0 and round_ == 0:
                break
    if not roots:
        roots = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}
    return sum(len(fields[root]) for root in roots.values())


def wsdl(path, seen):
    if os.path.realpath(path) in seen:
        return 0
    seen.add(os.path.realpath(path))
    root = ET.parse(path).getroot()
    space = "{http://schemas.xmlsoap.org/wsdl/}"
    if root.tag != space + "definitions":
        return None
    total = 0
    for binding in root.iter(space + "binding"):
        if any("/wsdl/soap" in child.tag for child in binding):
            total += len(binding.findall(space + "operation"))
    for other in root.findall(space + "import"):
        other = os.path.join(os.path.dirname(path), other.get("location", ""))
        if os.path.isfile(other):
            total += wsdl(other, seen) or 0
    return total


def count(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    kind = path.rsplit(".", 1)[-1]
    if kind == "proto":
        return proto(text)
    if kind == "graphql":
        return graphql(text)
    if kind == "wsdl":
        return wsdl(path, set())
    if kind in ("json", "yaml", "yml"):
        return openapi(text)
    return None


def main():
    files = Counter()
    operations = Counter()
    refused = defaultdict(list)
    bad = []
    slowest = (0, "")
    for line in open(sys.argv[1], encoding="utf-8"):
        entry = json.loads(line)
        path = entry["file"]
        slowest = max(slowest, (entry["millis"], path))
        if entry["millis"] > SLOW_MILLIS:
            bad.append(f"{path}: {entry['millis']} ms")
        try:
            expected = count(path)
        except Exception as error:  # a document that no other reader takes either
            expected = f"unreadable ({type(error).__name__})"
        if "error" in entry:
            refused[entry["error"].split(":")[0].split("(")[0].strip()].append(path)
            if isinstance(expected, int) and expected > 0:
                bad.append(f"{path}: refused, {expected} operations: {entry['error']}")
            continue
        kind = entry["format"]
        files[kind] += 1
        found = entry["operations"]
        operations[kind] += len(found)
        # Callbacks and webhooks are operations that path and method do not count.
        found = [o for o in found if not o.startswith(("callback ", "webhook "))]
        if isinstance(expected, int) and expected != len(found):
            what = f"{path}: {len(found)} read, {expected} counted"
            if entry["problems"]:
                print(f"differs  {what}; {entry['problems'][0]}")
            else:
                bad.append(what + ", and no problem named")
    for kind in sorted(files):
        print(f"{kind:<18}{files[kind]:>5} files {operations[kind]:>7} operations")
    for reason, paths in sorted(refused.items()):
        print(f"refused  {len(paths):>5}  {reason}")
    print(f"slowest  {slowest[0]} ms  {slowest[1]}")
    for line in bad:
        print(f"WRONG    {line}")
    sys.exit(1 if bad else 0)


main()
