#!/usr/bin/env bash
# Writes the databases of places that tests read anew, with mmdb_writer of PyPI: documentation networks (RFC 5737,
# RFC 3849) and systems (RFC 5398) only.
source "$(dirname "$0")/env.sh"
command -v python3 >/dev/null || fail "python3 is missing"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --target "$work" mmdb-writer
folder=crates/bartizan-gateway/tests/fixtures/geo
mkdir -p "$folder"
PYTHONPATH=$work python3 - "$folder" <<'PY'
import sys
from mmdb_writer import MMDBWriter
from netaddr import IPSet

PLACES = [
    ("192.0.2.0/24", "DE", 64496),
    ("198.51.100.0/24", "FR", 64497),
    ("203.0.113.0/24", None, 64498),
    ("2001:db8::/32", "AT", 64499),
]
for name, kind in [("places", "Test-Enterprise"), ("systems", "Test-ASN")]:
    writer = MMDBWriter(6, kind, languages=["en"], description="Documentation networks", ipv4_compatible=True)
    for network, country, system in PLACES:
        record = {"autonomous_system_number": system}
        if country and name == "places":
            record["country"] = {"iso_code": country}
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(f"{sys.argv[1]}/{name}.mmdb")
PY
say "written: $(ls "$folder"/*.mmdb | tr '\n' ' ')"
