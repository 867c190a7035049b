"""Validates the GraphQL schema and the .proto file that Bartizan learns from calls."""

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from graphql import build_schema, parse, validate, validate_schema
from grpc_tools import protoc

# Clean, or findings: the capture was read.
READ = (0, 1)

# Documents with variables and answers. Names are chosen to be awkward: those of scalars, of the root, of made types.
CALLS = [
    (
        "query Who($id: ID!, $with: Filter) { user(id: $id, filter: $with, first: 3) { __typename id name tags"
        " friends { ...F ... on Admin { rights } } } } fragment F on Person { __typename age }",
        {"id": "7", "with": {"state": "OPEN", "near": [{"x": 1.5, "y": 2}]}},
        {
            "user": {
                "__typename": "User",
                "id": "7",
                "name": None,
                "tags": [["a"]],
                "friends": [{"__typename": "Admin", "age": 3000000000, "rights": [1, 2]}, None],
            }
        },
    ),
    (
        "mutation($input: NewUser!) { create(input: $input, by: {kind: ROBOT, n: null}) { ok query { user(id: 1) { name } } } }",
        {"input": {"name": "ada", "address": {"zip": 1}, "tags": []}},
        {"create": {"ok": True, "query": {"user": {"name": "ada"}}}},
    ),
    (
        "{ a { b { __typename c } } aB { __typename d } unknown { __typename e } }",
        None,
        {
            "a": {"b": {"__typename": "String", "c": "x"}},
            "aB": {"__typename": "Query", "d": None},
            "unknown": {"__typename": "Unknown", "e": {"free": "form"}},
        },
    ),
    ("subscription { order { id } }", None, {"order": {"id": 1}}),
]

# Numbers, texts, messages, packed numbers, a number that is reserved, and bytes.
MESSAGES = [
    b"\x08\x07\x12\x03ada\x1a\x07\x0a\x05sku-1\x1a\x07\x0a\x05sku-2",
    b"\x08\x01\x22\x03\x01\x02\x03\x2d\x00\x00\x80\x3f\xc8\xa3\x09\x01\x31\x00\x00\x00\x00\x00\x00\xf0\x3f",
    b"\x20\x05\x3a\x04\xff\xfe\x00\x01\x1a\x06\x12\x04\x08\x01\x10\x02",
]


def exchange(number, path, kind, asked, answered):
    return json.dumps(
        {
            "id": str(number),
            "time": f"2026-11-22T10:{number // 60:02}:{number % 60:02}Z",
            "client": {"ip": f"198.51.100.{number % 5 + 1}"},
            "request": {
                "method": "POST",
                "url": f"https://api.example.com{path}",
                "headers": [["host", "api.example.com"], ["content-type", kind]],
                "body_base64": base64.b64encode(asked).decode(),
            },
            "response": {
                "status": 200,
                "headers": [["content-type", kind]],
                "body_base64": base64.b64encode(answered).decode(),
            },
        }
    )


def capture():
    lines = []
    for _ in range(8):
        for query, variables, data in CALLS:
            asked = json.dumps({"query": query, "variables": variables}).encode()
            answered = json.dumps({"data": data}).encode()
            lines.append(exchange(len(lines), "/graphql", "application/json", asked, answered))
        for message in MESSAGES:
            framed = b"\0" + len(message).to_bytes(4, "big") + message
            for method in ("Orders/Get", "Orders/Watch", "OrdersGet/Request"):
                twice = framed * (2 if method == "Orders/Watch" else 1)
                path = f"/shop.v1.{method}"
                lines.append(exchange(len(lines), path, "application/grpc+proto", framed, twice))
    return "\n".join(lines) + "\n"


def learned(bartizan, folder, name):
    """The path of the document of a format."""
    out = folder / f"learned.{name}"
    command = [bartizan, "analyze", folder / "calls.jsonl", "--quiet", "--no-report", "--out", out, "--format", name]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in READ:
        sys.exit(f"{name}: {done.stderr.strip()}")
    return out


def graphql_problems(path):
    """What is wrong with the schema, and which of the calls does not fit it."""
    schema = build_schema(path.read_text())
    found = [str(error) for error in validate_schema(schema)]
    # What holds for some members of a type names one that the schema does not have: it has one of all fields.
    asked = [query for query, _, _ in CALLS if "... on" not in query and "fragment" not in query]
    for query in asked:
        found += [f"{query}: {error.message}" for error in validate(schema, parse(query))]
    return found


def main():
    bartizan = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "calls.jsonl").write_text(capture())
        schema, proto = learned(bartizan, folder, "graphql"), learned(bartizan, folder, "proto")
        found = graphql_problems(schema)
        compiled = protoc.main(["protoc", f"-I{folder}", f"--descriptor_set_out={folder / 'out'}", str(proto)])
        if compiled != 0:
            found.append("the compiler of protocol buffers refuses the file")
        if found:
            print(schema.read_text(), proto.read_text(), *found, sep="\n")
    print(f"a schema and a .proto file of {len(CALLS)} and {len(MESSAGES)} kinds of calls: {len(found)} problems")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
