#!/usr/bin/env python3
"""Scores `analyze --annotate` on fresh numbers that python-stdnum calls valid or not.

usage: identifier_numbers.py cases SEED COUNT > cases.jsonl
       identifier_numbers.py exchanges cases.jsonl > exchanges.jsonl
       identifier_numbers.py score cases.jsonl ANNOTATED.jsonl [--worst]

For each type of `sensitive.py` that python-stdnum knows: numbers of the examples in its documentation with some
characters changed at random, COUNT of them that it calls valid and COUNT that it does not. Names, and what a type
should be called, are those of `sensitive.py`. `--worst` names types and up to three numbers that went wrong: they are
made up, and another seed gives others.

python-stdnum 2.2 (LGPL, from PyPI) is the checker here and nothing else; it is no part of Bartizan.
"""
import collections
import importlib
import json
import random
import re
import sys

from classes_set import HEAD
from sensitive import NAMES, PERSON, RIGHT

# Types whose name is not that of the module of python-stdnum.
MODULES = {
    "credit_card": None, "vin": None, "eth_address": None, "us_aba_routing": "us.rtn", "in_aadhaar": "in_.aadhaar",
    "in_pan": "in_.pan", "in_gstin": "in_.gstin", "it_codice_fiscale": "it.codicefiscale",
}
# Times that a number is changed until another example is taken.
TRIES = 2000


def module_of(kind):
    known = {"iban", "imei", "imsi", "isin", "lei", "bic", "mac", "bitcoin"}
    name = MODULES.get(kind, kind if kind in known else kind.replace("_", ".", 1))
    return name and importlib.import_module(f"stdnum.{name}")


def is_valid(module, text):
    """What python-stdnum says; `None` where it stumbles over a number of no known place."""
    try:
        return module.is_valid(text)
    except (KeyError, ValueError):
        return None


def examples(module):
    """The texts in the documentation of a module that it calls valid."""
    texts = re.findall(r"'([^'\n]{6,42})'", module.__doc__)
    return sorted({text for text in texts if is_valid(module, text)})


def changed(text, dice):
    """The text with one to four of its letters and digits replaced, each by one of its own kind."""
    signs = list(text)
    places = [i for i, sign in enumerate(signs) if sign.isalnum()]
    for i in dice.sample(places, min(len(places), dice.choice([1, 1, 2, 3, 4]))):
        kinds = ["0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"]
        signs[i] = dice.choice(next((kind for kind in kinds if signs[i] in kind), signs[i]))
    return "".join(signs)


def cases(seed, count):
    for kind in NAMES:
        module = module_of(kind)
        if not module:
            continue
        # A type has its own numbers, whatever other types there are.
        dice = random.Random(f"{seed} {kind}")
        sources, seen = examples(module), set()
        left = {True: count, False: count}
        for _ in range(count * TRIES):
            text = changed(dice.choice(sources), dice)
            valid = is_valid(module, text)
            if text in seen or not left.get(valid):
                continue
            seen.add(text)
            left[valid] -= 1
            print(json.dumps({"type": kind, "value": text, "valid": valid}))
            if not any(left.values()):
                break


def read(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def exchanges(path):
    for number, row in enumerate(read(path)):
        request = {
            "method": "POST", "url": f"https://api.example.com/v1/records/{number % 100}",
            "headers": [["content-type", "application/json"]],
            "body": json.dumps({"record": {NAMES[row["type"]]: row["value"]}}),
        }
        print(json.dumps({"id": f"case-{number}", "request": request, "response": {"status": 200, "headers": [], "body": ""}}))


def score(path, annotated, worst):
    table = collections.defaultdict(collections.Counter)
    wrong = collections.defaultdict(list)
    for row, said in zip(read(path), read(annotated), strict=True):
        kind, valid = row["type"], row["valid"]
        found = bool({HEAD.get(name, name) for name in said["data_classes"]} & RIGHT.get(kind, PERSON))
        table[kind].update({"valid": valid, "found": valid and found, "near": not valid, "accepted": not valid and found})
        if valid != found:
            wrong[kind, valid].append(row["value"])
    for kind, row in table.items():
        if worst and (row["found"] < row["valid"] or row["accepted"]):
            print(f"    {kind:18} found {row['found']}/{row['valid']}, near-misses {row['accepted']}/{row['near']}")
            for valid in (True, False):
                if wrong[kind, valid]:
                    print(f"        {'missed' if valid else 'taken'}: {', '.join(wrong[kind, valid][:3])}")
    total = sum(table.values(), collections.Counter())
    print(f"{len(table)} types: recall {total['found'] / total['valid']:.3f} of {total['valid']}, near-misses accepted "
          f"{total['accepted'] / total['near']:.3f} of {total['near']}, precision {total['found'] / (total['found'] + total['accepted']):.3f}")


if __name__ == "__main__":
    if sys.argv[1] == "cases":
        cases(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1] == "exchanges":
        exchanges(sys.argv[2])
    else:
        score(sys.argv[2], sys.argv[3], "--worst" in sys.argv[4:])
