#!/usr/bin/env python3
"""Scores the path templates of other tools beside Bartizan's, on the same labelled requests.

usage: paths_peers.py REQUESTS.jsonl[.gz] [--bartizan PROGRAM] [--python PYTHON] [--npm FOLDER]

Installs nothing. PYTHON is the interpreter of an environment that has mitmproxy2swagger, FOLDER one that
has node_modules/har-to-openapi; both go anywhere outside of the repository:

    python3 -m venv PEERS/venv && PEERS/venv/bin/pip install mitmproxy2swagger==0.14.0
    npm install --prefix PEERS/npm har-to-openapi@2.0.0

What is not given has no row. Prints a table of all specs and one of half b, as Bartizan's weights were
fitted on half a.

All get the requests in the order of the file, in which those of one spec follow each other, shuffled, as
requests.py turns them into exchanges: Bartizan that file, as `make eval` does, the others a HAR for each
spec (a host of its own), without bodies, errors and noise included. Each tool runs as one process for all
specs; seconds are the processor time of that process and its children, with all else that the tool does.

A request belongs to the template of its host and method that matches it, with as many segments, empty
ones left out, percent-encoding undone. Where several match, the most specific one: from the left, a
segment that is written out comes before a parameter. A request that no template matches counts as noise,
which is never right. Bartizan tells the endpoint of each request itself. Scores are those of paths.py;
below the tables stand, for each tool, how many requests with a template have no endpoint, how much noise
has one, and the specs of which it tells more than Bartizan by exact templates or pairwise F1.

mitmproxy2swagger is made for a person who edits its file: its first pass lists the paths that it saw,
with segments that match --param-regex (by default [0-9]+) as parameters, each line marked `ignore:`; the
person takes the mark from the lines to keep, and mends them; the second pass gives each request to the
first line that matches, and builds these. Rows:
  as listed   every `ignore:` is removed and nothing else is edited
  sorted      with --suppress-params, and lines sorted so that from the left a segment that is written out
              comes before a parameter: what somebody does who sees that /users/{id} stands above
              /users/me, and takes its calls
  hexadecimal the same with a --param-regex that also knows UUIDs and long hexadecimal identifiers
har-to-openapi makes every path an operation unless its option attemptToParameterizeUrl is set, which
knows UUIDs, dates, numbers of four digits and more, true and false. Both are a row; else its defaults.
Raw paths are the requests' own paths without the query, each its own template.
"""
import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import paths

HERE = Path(__file__).resolve().parent
HEXADECIMAL = "([0-9]+|[0-9A-Fa-f-]{24,})"

# Both passes over each HAR of a folder, and between them what a person would edit.
MITMPROXY2SWAGGER = r"""
import pathlib, sys
from mitmproxy2swagger.mitmproxy2swagger import main
from ruamel.yaml import YAML
folder, order, options = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
for har in sorted(folder.glob("*.har")):
    out, yaml = har.with_suffix(".yaml"), YAML()
    command = ["-i", str(har), "-f", "har", "-o", str(out), "-p", "https://" + har.stem, *options]
    main(command)
    document = yaml.load(out)
    lines = [line.removeprefix("ignore:") for line in document["x-path-templates"]]
    if order == "sorted":
        lines.sort(key=lambda line: [segment.startswith("{") for segment in line.split("/")])
    document["x-path-templates"] = lines
    yaml.dump(document, out)
    main(command)
"""
# What the second pass built: methods by path, by host.
MITMPROXY2SWAGGER_READ = r"""
import importlib.metadata, json, pathlib, sys
from ruamel.yaml import YAML
built = {}
for out in pathlib.Path(sys.argv[1]).glob("*.yaml"):
    items = YAML(typ="safe").load(out.read_text())["paths"]
    built[out.stem] = {path: list(item) for path, item in items.items()}
print(json.dumps([importlib.metadata.version("mitmproxy2swagger"), built]))
"""
HAR_TO_OPENAPI = r"""
const fs = require("fs"), path = require("path");
const [npm, folder, options] = process.argv.slice(1);
const { generateSpec } = require(path.join(npm, "node_modules/har-to-openapi"));
(async () => {
  const built = {};
  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith(".har")).sort()) {
    const har = JSON.parse(fs.readFileSync(path.join(folder, file), "utf8"));
    const { spec } = await generateSpec(har, JSON.parse(options));
    const items = Object.entries(spec.paths).map(([template, item]) => [template, Object.keys(item)]);
    built[file.slice(0, -4)] = Object.fromEntries(items);
  }
  const { version } = JSON.parse(fs.readFileSync(path.join(npm, "node_modules/har-to-openapi/package.json"), "utf8"));
  console.log(JSON.stringify([version, built]));
})();
"""
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def run(command, right=(0,)):
    """What a command prints, and the seconds of processor time that it needed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile() as said:
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=said, check=False)
        said.seek(0)
        if done.returncode not in right:
            raise SystemExit(f"{command[0]}: {done.returncode}\n{said.read().decode(errors='replace')[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def entry(exchange):
    """An exchange as an entry of a HAR."""
    request, response = exchange["request"], exchange["response"]
    named = lambda headers: [{"name": name, "value": value} for name, value in headers]
    common = {"httpVersion": "HTTP/1.1", "cookies": [], "headersSize": -1, "bodySize": -1}
    media = dict(response["headers"]).get("content-type", "")
    return {
        "startedDateTime": "2026-01-01T00:00:00.000Z",
        "time": 1,
        "request": common | {
            "method": request["method"], "url": request["url"], "headers": named(request["headers"]), "queryString": [],
        },
        "response": common | {
            "status": response["status"], "statusText": "", "headers": named(response["headers"]), "redirectURL": "",
            "content": {"size": 0, "mimeType": media},
        },
        "cache": {},
        "timings": {"send": 0, "wait": 1, "receive": 0},
    }


def write_hars(exchanges, folder):
    entries = {}
    for exchange in exchanges:
        entries.setdefault(urlsplit(exchange["request"]["url"]).netloc, []).append(entry(exchange))
    folder.mkdir()
    for host, own in entries.items():
        log = {"version": "1.2", "creator": {"name": "bartizan-eval", "version": "1"}, "entries": own}
        (folder / f"{host}.har").write_text(json.dumps({"log": log}))


def segments(path):
    return [unquote(segment) for segment in path.split("/") if segment]


def tree(built):
    """Templates by host, method and segment; every parameter is "{}", and the template itself is at ""."""
    root = {}
    for host, items in built.items():
        for path, methods in items.items():
            for method in METHODS.intersection(methods):
                node = root.setdefault((host, method.upper()), {})
                for segment in segments(path):
                    node = node.setdefault("{}" if re.fullmatch(r"\{[^}]*\}", segment) else segment, {})
                node.setdefault("", path)
    return root


def match(node, rest):
    """The most specific template below a node that matches the rest of a path."""
    if not rest:
        return node.get("")
    found = (match(node[key], rest[1:]) for key in (rest[0], "{}") if key in node)
    return next((path for path in found if path is not None), None)


def assigned(exchanges, built):
    root, found = tree(built), []
    for exchange in exchanges:
        method, url = exchange["request"]["method"], urlsplit(exchange["request"]["url"])
        path = match(root.get((url.netloc, method), {}), segments(url.path))
        found.append(None if path is None else {"method": method, "path": path})
    return found


def bartizan(program, capture, folder):
    notes, out = folder / "notes", folder / "analysis.json"
    command = [program, "analyze", capture, "--annotate", notes, "--format", "json", "--out", out, "--quiet"]
    _, seconds = run(command, right=(0, 1))
    version = run([program, "--version"])[0].decode().split()[-1]
    return version, paths.annotated(notes), seconds


def mitmproxy2swagger(python, hars, exchanges, order, *options):
    for old in hars.glob("*.yaml"):
        old.unlink()
    _, seconds = run([python, "-c", MITMPROXY2SWAGGER, hars, order, *options])
    version, built = json.loads(run([python, "-c", MITMPROXY2SWAGGER_READ, hars])[0])
    return version, assigned(exchanges, built), seconds


def har_to_openapi(npm, hars, exchanges, options):
    said, seconds = run(["node", "-e", HAR_TO_OPENAPI, Path(npm).resolve(), hars, json.dumps(options)])
    version, built = json.loads(said)
    return version, assigned(exchanges, built), seconds


def raw(exchanges):
    urls = ((exchange["request"]["method"], exchange["request"]["url"]) for exchange in exchanges)
    return None, [{"method": method, "path": urlsplit(url).path} for method, url in urls], None


def rows(args, folder):
    """Name, version, endpoint of each request and seconds of each tool."""
    capture, hars = folder / "paths.jsonl", folder / "hars"
    capture.write_bytes(run([sys.executable, HERE / "requests.py", args.requests])[0])
    exchanges = [json.loads(line) for line in capture.read_text().splitlines()]
    write_hars(exchanges, hars)
    if args.bartizan:
        yield "Bartizan", *bartizan(args.bartizan, capture, folder)
    if args.python:
        peer = lambda *how: mitmproxy2swagger(args.python, hars, exchanges, *how)
        yield "mitmproxy2swagger, as listed", *peer("as-listed")
        yield "mitmproxy2swagger, sorted", *peer("sorted", "-s")
        yield "mitmproxy2swagger, sorted, hexadecimal", *peer("sorted", "-s", "-r", HEXADECIMAL)
    if args.npm:
        yield "har-to-openapi", *har_to_openapi(args.npm, hars, exchanges, {})
        yield "har-to-openapi, attemptToParameterizeUrl", *har_to_openapi(
            args.npm, hars, exchanges, {"attemptToParameterizeUrl": True})
    yield "raw paths", *raw(exchanges)


def table(tools, part):
    print("| tool | version | exact | pairwise F1 | endpoint F1 | inflation | seconds |\n|---|---|---|---|---|---|---|")
    for name, version, _, seconds, results in tools:
        figures, _ = paths.means(results, part)
        scores = " | ".join(f"{figures[key]:.3f}" for key in ("exact", "pair_f1", "set_f1", "inflation"))
        print(f"| {name} | {version or ''} | {scores} | {'' if seconds is None else f'{seconds:.1f}'} |")


def remarks(tools, truth):
    ours = tools[0][-1] if tools[0][0] == "Bartizan" else None
    for name, _, predicted, _, results in tools:
        told = [(row["template"] is not None, one is not None) for row, one in zip(truth, predicted)]
        lost, listed = told.count((True, False)), told.count((False, True))
        print(f"{name}: without an endpoint {lost}, noise with one {listed} of {listed + told.count((False, False))}")
        for spec, own in results.items() if ours else ():
            more = [key for key in ("exact", "pair_f1") if own[key] > ours[spec][key] + 1e-9]
            for key in more:
                print(f"    {spec} ({paths.half(spec)}): {key} {own[key]:.3f}, ours {ours[spec][key]:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("requests")
    parser.add_argument("--bartizan", help="the program")
    parser.add_argument("--python", help="interpreter that has mitmproxy2swagger")
    parser.add_argument("--npm", help="folder that has node_modules/har-to-openapi")
    args = parser.parse_args()
    truth, tools = paths.labelled(args.requests), []
    with tempfile.TemporaryDirectory() as folder:
        for name, version, predicted, seconds in rows(args, Path(folder)):
            results = {spec: paths.score(own) for spec, own in paths.by_spec(truth, predicted).items()}
            tools.append((name, version, predicted, seconds, results))
    for part, title in (("all", "all"), ("b", "half b")):
        print(f"{title}, {paths.means(tools[0][-1], part)[1]} specs\n")
        table(tools, part)
        print()
    remarks(tools, truth)


if __name__ == "__main__":
    main()
