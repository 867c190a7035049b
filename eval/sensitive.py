#!/usr/bin/env python3
"""Scores `analyze --annotate` on numbers with check digits, and on secrets.

usage: sensitive.py exchanges DIR > exchanges.jsonl
       sensitive.py score DIR ANNOTATED.jsonl [--half a|b] [--worst]

DIR has identifier-numbers.jsonl (type, value, valid) and secret-cases.jsonl (rule, is_secret, text_b64). Each value is
put alone into a JSON body, a number twice: under the name that its field usually has where it is used, and under one
that says nothing. Both the names and what a type should be called were fixed before the first run.

A number is found when one of the classes said of it belongs to what its type should be called; a near-miss, whose check
digit is broken, is accepted when one of them does. Secrets are found by any class of the families of secrets and
passwords. Types without a check digit, where every near-miss is of another form, count as the others do.

With `--half` only one half counts: recognisers are mended by what goes wrong in half a, and half b, where nobody looks,
tells how well that carries over. `--worst` names none of its kinds.
"""
import base64
import collections
import hashlib
import json
import sys

from classes_set import HEAD

# Type: its usual name; families that are right for it when they are not those of people and taxes.
NAMES = {
    "credit_card": "cardNumber", "us_ssn": "ssn", "us_itin": "itin", "us_ein": "ein", "us_aba_routing": "routingNumber",
    "gb_nhs": "nhsNumber", "gb_utr": "utr", "gb_vat": "vatNumber", "es_nif": "nif", "es_nie": "nie", "es_cif": "cif",
    "it_codice_fiscale": "codiceFiscale", "it_iva": "partitaIva", "fr_nir": "nir", "fr_siren": "siren",
    "fr_siret": "siret", "de_idnr": "steuerId", "de_vat": "ustIdNr", "pl_pesel": "pesel", "pl_nip": "nip", "br_cpf": "cpf",
    "br_cnpj": "cnpj", "in_aadhaar": "aadhaar", "in_pan": "panNumber", "in_gstin": "gstin", "nl_bsn": "bsn",
    "nl_btw": "btwNummer", "be_nn": "rijksregisternummer", "se_personnummer": "personnummer", "fi_hetu": "hetu",
    "no_fodselsnummer": "fodselsnummer", "dk_cpr": "cprNumber", "cn_ric": "residentIdentityNumber",
    "kr_rrn": "residentRegistrationNumber", "za_idnr": "idNumber", "au_tfn": "tfn", "au_abn": "abn", "ca_sin": "sin",
    "ch_ssn": "ahvNumber", "tr_tckimlik": "tckn", "mx_curp": "curp", "mx_rfc": "rfc", "ar_cuit": "cuit", "cl_rut": "rut",
    "pt_nif": "nif", "ro_cnp": "cnp", "cz_rc": "rodneCislo", "bg_egn": "egn", "ee_ik": "isikukood", "ie_pps": "ppsn",
    "il_idnr": "teudatZehut", "hr_oib": "oib", "gr_amka": "amka", "my_nric": "nric", "id_npwp": "npwp", "sg_uen": "uen",
    "th_pin": "nationalId", "lt_asmens": "asmensKodas", "iban": "iban", "imei": "imei", "imsi": "imsi", "isin": "isin",
    "lei": "lei", "bic": "bic", "mac": "macAddress", "vin": "vin", "eth_address": "walletAddress",
    "bitcoin": "walletAddress",
}
PERSON = {"national_id", "tax_id", "us_ssn", "health_id", "nhs_number"}
RIGHT = {
    "credit_card": {"payment_card"}, "us_aba_routing": {"bank_account"}, "iban": {"iban"}, "imei": {"imei"},
    "imsi": {"imei"}, "isin": {"securities_id"}, "lei": {"lei"}, "bic": {"bic"}, "mac": {"mac_address"}, "vin": {"vin"},
    "eth_address": {"crypto_address"}, "bitcoin": {"crypto_address"},
}


def half_of(value):
    """`a` or `b`, by the lowest bit of the first byte of the SHA-256 of the value."""
    return "ab"[hashlib.sha256(value.encode()).digest()[0] & 1]


def read(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def cases(folder):
    """Section, kind, what is right for it (`None`: nothing), name and value of each case."""
    for row in read(f"{folder}/identifier-numbers.jsonl"):
        kind = row["type"]
        # The number of a book says nothing of anybody.
        if kind == "isbn":
            continue
        right = RIGHT.get(kind, PERSON)
        yield "by its name", kind, right, row["valid"], NAMES[kind], row["value"]
        yield "without a name", kind, right, row["valid"], "number", row["value"]
    for row in read(f"{folder}/secret-cases.jsonl"):
        text = base64.b64decode(row["text_b64"]).decode("utf-8", "replace")
        yield "secret", row["rule"], {"secret", "password", "jwt"}, row["is_secret"], "value", text


def exchanges(folder):
    for number, (_, _, _, _, name, value) in enumerate(cases(folder)):
        request = {
            "method": "POST", "url": f"https://api.example.com/v1/records/{number % 100}",
            "headers": [["content-type", "application/json"]], "body": json.dumps({"record": {name: value}}),
        }
        response = {"status": 200, "headers": [], "body": ""}
        print(json.dumps({"id": f"case-{number}", "request": request, "response": response}))


def score(folder, annotated, half, worst):
    said = [{HEAD.get(name, name) for name in row["data_classes"]} for row in read(annotated)]
    table = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
    for (section, kind, right, valid, _, value), found in zip(cases(folder), said, strict=True):
        if half not in (None, half_of(value)):
            continue
        found_right = bool(found & right)
        row = table[section][kind]
        row.update({"valid": valid, "found": valid and found_right, "near": not valid, "accepted": not valid and found_right})
        row.update({"other": bool(found - right)})
    print(f"{'':16} {'recall':>16} {'near-misses accepted':>21} {'precision':>10} {'another class too':>18}")
    for section, kinds in table.items():
        sum_of = collections.Counter()
        for row in kinds.values():
            sum_of.update(row)
        recall, accepted = sum_of["found"] / sum_of["valid"], sum_of["accepted"] / sum_of["near"]
        precision = sum_of["found"] / (sum_of["found"] + sum_of["accepted"])
        print(f"{section:16} {recall:.3f} ({sum_of['found']:3}/{sum_of['valid']:3}) "
              f"{accepted:11.3f} ({sum_of['accepted']:2}/{sum_of['near']:3}) {precision:10.3f} {sum_of['other']:18}")
        for kind, row in sorted(kinds.items()):
            if worst and (row["found"] < row["valid"] or row["accepted"]):
                print(f"    {kind:40} found {row['found']}/{row['valid']}, near-misses {row['accepted']}/{row['near']}")


if __name__ == "__main__":
    if sys.argv[1] == "exchanges":
        exchanges(sys.argv[2])
    else:
        options = sys.argv[4:]
        half = options[options.index("--half") + 1] if "--half" in options else None
        score(sys.argv[2], sys.argv[3], half, "--worst" in options and half != "b")
