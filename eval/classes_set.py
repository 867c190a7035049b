#!/usr/bin/env python3
"""Scores `analyze --annotate` on the data-class judging set (see sets/classes/README.md).

usage: classes_set.py exchanges LEAVES.jsonl.gz > exchanges.jsonl
       classes_set.py score LEAVES.jsonl.gz ANNOTATED.jsonl

Each leaf is put alone into a JSON body at its path, as the set's README says. The map from our
classes to those of the set was fixed before the first run.
"""
import collections
import gzip
import json
import sys

MAP = {
    "email": "email", "phone": "phone", "payment_card": "card", "iban": "iban", "us_ssn": "us_ssn",
    "national_id": "national_id", "tax_id": "national_id", "health_id": "national_id", "date_of_birth": "birth_date",
    "person_name": "person_name", "postal_address": "postal_address", "ip_address": "ip_address",
    "internal_address": "ip_address", "jwt": "jwt", "secret": "secret", "password": "password",
    "geolocation": "geolocation",
}

# Members of families count as the class that they make finer; the map stays that of the first run.
FAMILIES = {
    "bank_account": "clabe routing_number sort_code",
    "health_id": "medicare_number",
    "identity_document": "driving_licence passport voter_id",
    "imei": "iccid imsi",
    "national_id": "aadhaar bsn canadian_sin chinese_id codice_fiscale cpf curp french_nir german_tax_id indian_pan "
        "korean_rrn my_number nhs_number nino nric personnummer pesel rut spanish_id tax_file_number",
    "password": "card_verification one_time_code password_hash pin recovery_code security_answer",
    "postal_address": "postal_code",
    "secret": "access_token ai_key api_key client_secret cloud_key connection_string encryption_key messaging_token "
        "mfa_seed payment_key private_key refresh_token service_key session_token source_hosting_token "
        "webhook_url",
    "tax_id": "cnpj ein gstin itin vat_number",
}
HEAD = {member: head for head, members in FAMILIES.items() for member in members.split()}


def nested(path, value):
    for step in reversed(path.strip("/").split("/")):
        step = step.replace("~1", "/").replace("~0", "~")
        value = [None] * min(int(step), 50) + [value] if step.isdigit() else {step: value}
    return value


def exchanges(leaves):
    for line in gzip.open(leaves, "rt"):
        row = json.loads(line)
        body = json.dumps(nested(row["path"], row["value"]))
        sides = {"request": "", "response": ""}
        sides[row["side"]] = body
        headers = [["content-type", "application/json"]]
        print(json.dumps({
            "id": row["id"],
            "request": {"method": "POST", "url": "https://api.example.com/v1/records", "headers": headers if sides["request"] else [], "body": sides["request"]},
            "response": {"status": 200, "headers": headers if sides["response"] else [], "body": sides["response"]},
        }))


def table(right, reported, wanted):
    """Prints precision and recall of each class; the F1 of each."""
    f1 = []
    print(f"{'class':16} {'precision':>9} {'recall':>7}")
    for name in sorted(wanted):
        p, r = right[name] / max(1, reported[name]), right[name] / wanted[name]
        f1.append(2 * p * r / (p + r) if p + r else 0)
        print(f"{name:16} {p:9.3f} {r:7.3f}")
    return f1


def score(leaves, annotated):
    said = {}
    for line in open(annotated):
        row = json.loads(line)
        coarse = {HEAD.get(c, c) for c in row["data_classes"]}
        said[row["id"]] = {MAP[c] for c in coarse if c in MAP}
    right, wanted, reported = collections.Counter(), collections.Counter(), collections.Counter()
    false, nulls = 0, 0
    for line in gzip.open(leaves, "rt"):
        row = json.loads(line)
        found = said.get(row["id"], set())
        for name in found:
            reported[name] += 1
        if row["class"] is None:
            nulls += 1
            false += bool(found)
        else:
            wanted[row["class"]] += 1
            right[row["class"]] += row["class"] in found
    f1 = table(right, reported, wanted)
    print(f"macro F1 {sum(f1) / len(f1):.3f}, false-positive rate {false / nulls:.3f} ({false} of {nulls})")


if __name__ == "__main__":
    exchanges(sys.argv[2]) if sys.argv[1] == "exchanges" else score(*sys.argv[2:4])
