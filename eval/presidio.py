#!/usr/bin/env python3
"""Has Presidio's analyzer classify the cases of sensitive.py and those of the data-class set, and scores it in the same way.

usage: presidio.py numbers DIR
       presidio.py leaves LEAVES.jsonl.gz

Needs `pip install presidio-analyzer` (MIT). All its recognisers for all states are asked, with the words of the field
name as context, and count from a score of 0.4 on, which context raises a value to. No language model: those that need
one (names, places) are left out of what is compared.
"""
import collections
import gzip
import inspect
import json
import os
import re
import sys

# This folder has a module `requests`, as PyPI does: ours comes last.
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path = [path for path in sys.path if os.path.abspath(path) != HERE] + [HERE]

import spacy
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, PatternRecognizer, RecognizerRegistry, predefined_recognizers
from presidio_analyzer.nlp_engine import SpacyNlpEngine

import classes_set
import sensitive

LEAST = 0.4

# What its entities are called here.
CALLED = {
    "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "CREDIT_CARD": "payment_card", "IBAN_CODE": "iban",
    "US_SSN": "us_ssn", "IP_ADDRESS": "ip_address", "MAC_ADDRESS": "mac_address", "CRYPTO": "crypto_address",
    "ABA_ROUTING_NUMBER": "bank_account", "US_BANK_NUMBER": "bank_account",
}
# Of these the two sets say nothing.
OTHER = re.compile("URL|DATE_TIME|PERSON|LOCATION|ORGANIZATION|NRP|PASSPORT|LICEN|VEHICLE|PLATE|MEDICAL")


def analyzer():
    registry = RecognizerRegistry(supported_languages=["en"])
    for name, kind in inspect.getmembers(predefined_recognizers, inspect.isclass):
        takes = inspect.signature(kind.__init__).parameters
        if not issubclass(kind, EntityRecognizer) or kind is PatternRecognizer or "supported_language" not in takes:
            continue
        try:
            registry.add_recognizer(kind(supported_language="en"))
        except Exception as error:  # those that need a model or a service
            print(f"without {name}: {type(error).__name__}", file=sys.stderr)
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": spacy.blank("en")}
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])


def words(name):
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", name)] + [name]


def classes(engine, name, value):
    found = engine.analyze(text=value, language="en", context=words(name), score_threshold=LEAST)
    entities = {one.entity_type for one in found}
    return {CALLED.get(entity, "national_id") for entity in entities if not OTHER.search(entity)}


def numbers(folder):
    engine = analyzer()
    kinds = collections.defaultdict(collections.Counter)
    for section, _, right, valid, name, value in sensitive.cases(folder):
        if section == "secret":
            continue
        found = bool(classes(engine, name, value) & right)
        kinds[section].update({"valid": valid, "found": valid and found, "near": not valid, "accepted": not valid and found})
    for section, row in kinds.items():
        print(f"{section:16} recall {row['found'] / row['valid']:.3f} ({row['found']}/{row['valid']}), "
              f"near-misses accepted {row['accepted'] / row['near']:.3f} ({row['accepted']}/{row['near']}), "
              f"precision {row['found'] / (row['found'] + row['accepted']):.3f}")


COMMON = {"email": "email", "phone": "phone", "payment_card": "card", "iban": "iban", "us_ssn": "us_ssn",
          "national_id": "national_id", "ip_address": "ip_address"}


def leaves(path):
    engine = analyzer()
    right, wanted, reported = collections.Counter(), collections.Counter(), collections.Counter()
    false = nulls = 0
    for line in gzip.open(path, "rt"):
        row = json.loads(line)
        steps = [step for step in row["path"].split("/") if step and not step.isdigit()]
        found = {COMMON[name] for name in classes(engine, steps[-1] if steps else "", str(row["value"])) if name in COMMON}
        reported.update(found)
        if row["class"] is None:
            nulls += 1
            false += bool(found)
        elif row["class"] in COMMON.values():
            wanted[row["class"]] += 1
            right[row["class"]] += row["class"] in found
    f1 = classes_set.table(right, reported, wanted)
    print(f"macro F1 of {len(f1)} classes {sum(f1) / len(f1):.3f}, false-positive rate {false / nulls:.3f} ({false} of {nulls})")


if __name__ == "__main__":
    {"numbers": numbers, "leaves": leaves}[sys.argv[1]](sys.argv[2])
