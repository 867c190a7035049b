"""Validates the OpenAPI documents that Bartizan learns: one for each host of each capture."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

# Clean, or findings: the capture was read.
READ = (0, 1)


def analyze(bartizan, capture, out, *arguments):
    command = [bartizan, "analyze", capture, "--quiet", "--no-report", "--out", out, *arguments]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)


def problems(bartizan, capture, folder):
    """What is wrong with the documents of a capture; the number of documents, of operations."""
    result = folder / "result.json"
    done = analyze(bartizan, capture, result, "--format", "json")
    if done.returncode not in READ:
        print(f"not read: {capture}: {done.stderr.strip().splitlines()[0]}")
        return [], 0, 0
    endpoints = json.loads(result.read_text())["endpoints"]
    found, operations = [], 0
    hosts = sorted({one["host"] for one in endpoints if one["requests"] > 0})
    for host in hosts:
        path = folder / "openapi.json"
        done = analyze(bartizan, capture, path, "--format", "openapi", "--host", host)
        if done.returncode not in READ:
            found.append(f"{capture} {host}: {done.stderr.strip()}")
            continue
        document = json.loads(path.read_text())
        operations += sum(len(item) for item in document["paths"].values())
        try:
            validate(document)
        except OpenAPIValidationError as error:
            found.append(f"{capture} {host}: {error.message[:300]} at {list(error.absolute_path)}")
        found += undescribed(bartizan, capture, host, path, folder)
    return found, len(hosts), operations


def undescribed(bartizan, capture, host, document, folder):
    """Endpoints of the host that the document learned from the same capture does not describe."""
    result = folder / "compared.json"
    done = analyze(bartizan, capture, result, "--format", "json", "--spec", document)
    if done.returncode not in READ:
        return [f"{capture} {host}: its own document is not read: {done.stderr.strip()}"]
    left_out = set(json.loads(document.read_text()).get("x-bartizan-left-out", []))
    return [
        f"{capture} {host}: {one['method']} {one['path']} is {one['inventory_state']} in its own document"
        for one in json.loads(result.read_text())["endpoints"]
        if one["host"] == host
        and one["protocol"] == "rest"
        and one["inventory_state"] not in ("documented", "zombie")
        and f"{one['method']} {one['path']}" not in left_out
    ]


def main():
    bartizan, captures = sys.argv[1], sys.argv[2:]
    found, documents, operations = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for capture in captures:
            wrong, hosts, count = problems(bartizan, capture, Path(folder))
            found, documents, operations = found + wrong, documents + hosts, operations + count
    print("\n".join(found))
    print(f"{documents} documents with {operations} operations of {len(captures)} captures: {len(found)} problems")
    sys.exit(1 if found or documents == 0 else 0)


if __name__ == "__main__":
    main()
