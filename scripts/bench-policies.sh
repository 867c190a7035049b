#!/usr/bin/env bash
# CPU per request of `bartizan serve` with policies in force, beside nginx that only passes requests on: interleaved
# rounds, same upstream, same load.
#   bench-policies.sh [ROUNDS] [SECONDS] [CONNECTIONS] [RATE]
# In force are: tokens signed with RS256 (each connection has its own, and keeps it), three rate limits, and an OpenAPI
# contract that compares the request and the answer (JSON of about 1 KiB). Every exchange is handed over to be learned
# from. First as fast as each server can, without the CPU of the threads that judge and store; then at RATE, without and
# with it.
source "$(dirname "$0")/bench-servers.sh"
source scripts/bench-rounds.sh
rounds=${1:-5} seconds=${2:-12} connections=${3:-32} rate=${4:-2000}
command -v openssl >/dev/null || fail "openssl is missing (Debian: openssl)"
command -v python3 >/dev/null || fail "python3 is missing (Debian: python3)"

openssl genrsa -out "$work/key.pem" 2048 2>/dev/null
python3 - "$work" "$connections" <<'PY'
import base64, json, subprocess, sys, time

work, connections = sys.argv[1], int(sys.argv[2])
encoded = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
modulus = subprocess.check_output(["openssl", "rsa", "-in", f"{work}/key.pem", "-noout", "-modulus"], stderr=subprocess.DEVNULL)
modulus = bytes.fromhex(modulus.decode().strip().split("=")[1])
key = {"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": encoded(modulus), "e": "AQAB"}
json.dump({"keys": [key]}, open(f"{work}/keys.json", "w"))
now, tokens = int(time.time()), []
for number in range(connections):
    claims = {"iss": "https://id.example", "aud": "orders", "sub": f"user-{number}", "iat": now, "exp": now + 7200}
    head = {"alg": "RS256", "typ": "JWT", "kid": "1"}
    text = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
    sign = ["openssl", "dgst", "-sha256", "-sign", f"{work}/key.pem"]
    tokens.append(f"{text}.{encoded(subprocess.run(sign, input=text.encode(), capture_output=True, check=True).stdout)}")
open(f"{work}/tokens", "w").write("\n".join(tokens) + "\n")

# An order of 1 MiB.
big, item = json.load(open(f"{work}/body")), None
item, big["items"] = big["items"][0], []
room = 1024 * 1024 - len(json.dumps(big))
big["items"] = [item] * (room // (len(json.dumps(item)) + 2))
with open(f"{work}/big", "w") as file:
    file.write(json.dumps(big).ljust(1024 * 1024))
with open(f"{work}/big.lua", "w") as file:
    file.write(f"""local file = io.open("{work}/big")
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = file:read("*a")
""")

text = lambda **more: {"type": "string", **more}
item = {"type": "object", "required": ["sku", "count", "price"], "additionalProperties": False, "properties": {
    "sku": text(pattern="^SKU-[0-9]{4}$"), "title": text(maxLength=100), "count": {"type": "integer", "minimum": 1},
    "price": {"type": "number", "minimum": 0}, "gift": {"type": "boolean"}}}
address = {"type": "object", "required": ["city"], "properties": {"street": text(), "city": text(), "zip": text(maxLength=10)}}
customer = {"type": "object", "required": ["name", "email"], "properties": {
    "name": text(minLength=1), "email": text(format="email"), "phone": text(), "address": address}}
order = {"type": "object", "required": ["id", "status", "items"], "additionalProperties": False, "properties": {
    "id": {"type": "integer"}, "status": text(enum=["open", "paid", "sent"]), "currency": text(minLength=3, maxLength=3),
    "customer": customer, "items": {"type": "array", "minItems": 1, "maxItems": 20_000, "items": item},
    "note": text(maxLength=500), "created": text(format="date-time"), "total": {"type": "number"}}}
content = {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}
answer = {"200": {"description": "an order", "content": content}}
number = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
contract = {"openapi": "3.1.0", "info": {"title": "orders", "version": "1"}, "components": {"schemas": {"Order": order}},
    "paths": {"/v1/orders/{id}": {"parameters": [number], "get": {"responses": answer},
        "post": {"requestBody": {"required": True, "content": content}, "responses": answer}}}}
json.dump(contract, open(f"{work}/openapi.json", "w"))
limit = lambda name, **rate: {"name": name, "mode": "enforce", "rate": {"requests": 100_000_000, "period_seconds": 60, **rate}}
policies = [
    {"name": "tokens", "mode": "enforce", "jwt": {"issuer": "https://id.example", "audiences": ["orders"],
        "algorithms": ["RS256"], "jwks_file": f"{work}/keys.json"}},
    {"name": "who", "mode": "enforce", "authentication": {"any_of": ["jwt"]}},
    limit("per-address"), limit("per-user", by="principal"), limit("all", by="scope"),
    {"name": "contract", "mode": "enforce", "openapi": {"source": f"file:{work}/openapi.json", "answers": {}}},
]
json.dump({"policies": policies}, open(f"{work}/bartizan.yaml", "w"))
PY
export LOAD_TOKENS=$work/tokens
fields=(-H "Authorization: Bearer $(head -n1 "$work/tokens")")
options=(--config "$work/bartizan.yaml")
again bartizan 401
status() { curl --silent --output /dev/null --write-out '%{http_code}' "$@" "http://127.0.0.1:${port[bartizan]}/v1/orders/$order"; }
# What is measured is in force.
order=1
[ "$(status)" = 401 ] || fail "a request without a token is not refused"
[ "$(status "${fields[@]}")" = 200 ] || fail "a request with a token is refused"
[ "$(order=x status "${fields[@]}")" = 400 ] || fail "a request that breaks the contract is not refused"

say "$rounds rounds, $connections connections; ratios to nginx are medians within rounds"
only_traffic=yes
for kind in get post; do table saturated "$kind" nginx bartizan; done
say "a request of 1 MiB that is compared with the contract"
connections=4 table saturated big nginx plain bartizan
again bartizan 401 # without what it dropped there
say "at $rate requests per second, $seconds seconds each, hand-over included, without what judges and stores"
for kind in get post; do table paced "$kind" nginx bartizan; done
only_traffic=
say "the same with what judges and stores"
rm -f "$work"/paced.*
for kind in get post; do table paced "$kind" nginx bartizan; done
dropped=$(figure not_judged)
say "bartizan: $(figure judged) exchanges judged, $dropped dropped; most memory $(awk '/VmHWM/ {print $2 / 1024}' "/proc/${pid[bartizan]}/status") MiB"
[ "$dropped" = 0 ] || say "NOT VALID for bartizan at the fixed rate: give a lower one"
