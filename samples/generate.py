#!/usr/bin/env python3
"""Writes shop.jsonl: a morning at an invented web shop, as exchange JSON lines.

Everything is invented; hosts are under example.com, addresses in documentation ranges, card numbers
are test numbers. Deterministic: the same file comes out every time. CC0-1.0.
"""

import base64
import json
import random
import sys

R = random.Random(20261122)
START = 1795334400.0  # 2026-11-22T08:00:00Z
HOST = "https://shop.example.com"
EVENTS = []


def b64(value):
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def token(user, mobile):
    claims = {"iss": "shop", "sub": f"u{user}", "iat": int(START)}
    if not mobile:
        claims["exp"] = int(START) + 3600 * 8
    return f"{b64({'alg': 'HS256', 'typ': 'JWT'})}.{b64(claims)}.{R.getrandbits(256):064x}"


AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1) AppleWebKit/605.1.15 Safari/605.1.15",
    "ShopApp/5.3 (iPhone; iOS 19.1)",
    "ShopApp/5.3 (Android 16)",
]
FIRST = ["Ada", "Bo", "Cleo", "Dana", "Eli", "Fay", "Gus", "Hana", "Ivo", "Juna", "Kai", "Lea", "Mio", "Nia", "Oto"]
LAST = ["Winter", "Sommer", "Brook", "Stone", "Field", "Marsh", "Hill", "Ford", "Lake", "Wood"]
CARDS = ["4111111111111111", "5555555555554444", "378282246310005", "4012888888881881"]
USERS = [
    {
        "id": 4000 + i,
        "name": f"{R.choice(FIRST)} {R.choice(LAST)}",
        "ip": f"198.51.100.{10 + i}",
        "agent": R.choice(AGENTS),
    }
    for i in range(40)
]
for user in USERS:
    first, last = user["name"].lower().split()
    user["email"] = f"{first}.{last}{user['id']}@example.net"
    user["token"] = token(user["id"], "ShopApp" in user["agent"])
ORDERS = {}
for number in range(71000, 71240):
    ORDERS[number] = R.choice(USERS)
TITLES = ["rain jacket", "wool socks", "tin mug", "map of the hills", "torch", "tent pegs", "oat bars"]


def stamp(t):
    import datetime

    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).isoformat(timespec="milliseconds").replace(
        "+00:00", "Z"
    )


def event(t, ip, agent, method, path, status, body=None, answer=None, headers=(), answer_headers=(), ms=None):
    request = {
        "method": method,
        "url": HOST + path,
        "http_version": "1.1",
        "headers": [["host", "shop.example.com"], ["user-agent", agent], ["accept", "application/json"], *headers],
        "body": "",
    }
    if body is not None:
        request["headers"].append(["content-type", "application/json"])
        request["body"] = json.dumps(body)
    response = {
        "status": status,
        "headers": [["server", "shop/4.17 nginx/1.24.0"], *answer_headers],
        "body": "" if answer is None else json.dumps(answer),
    }
    if answer is not None:
        response["headers"].append(["content-type", "application/json"])
    EVENTS.append(
        (
            t,
            {
                "time": stamp(t),
                "client": {"ip": ip},
                "request": request,
                "response": response,
                "duration_ms": round(ms or R.uniform(8, 60), 1),
            },
        )
    )


def bearer(user):
    return [["authorization", "Bearer " + user["token"]]]


def order(number):
    owner = ORDERS[number]
    return {
        "id": number,
        "customer_id": f"u{owner['id']}",
        "customer": {"name": owner["name"], "email": owner["email"]},
        "delivery": {"street": f"{number % 90 + 1} Mill Lane", "city": "Elmford", "postcode": "EX4 7QD"},
        "total": round(20 + number % 170 * 0.7, 2),
        "items": [{"sku": f"SKU-{number % 977:04d}", "title": TITLES[number % 7], "quantity": number % 3 + 1}],
    }


def visit(user, t):
    """One customer's visit: sign in, look around, read own orders, sometimes buy."""
    me, ip, agent = bearer(user), user["ip"], user["agent"]
    if R.random() < 0.2:
        wrong = {"email": user["email"], "password": "not-this-one"}
        event(t, ip, agent, "POST", "/v1/sessions", 401, wrong, {"error": "wrong e-mail or password"})
        t += R.uniform(3, 9)
    right = {"email": user["email"], "password": f"pw-{user['id']}-long-enough"}
    cookie = [["set-cookie", f"sid={R.getrandbits(128):032x}; Path=/; HttpOnly"]]
    event(t, ip, agent, "POST", "/v1/sessions", 201, right, {"token": user["token"]}, (), cookie)
    t += R.uniform(1, 4)
    event(t, ip, agent, "GET", "/v1/users/me", 200, None, {"id": f"u{user['id']}", "email": user["email"]}, me)
    for _ in range(R.randint(2, 6)):
        t += R.uniform(2, 25)
        kind = R.random()
        if kind < 0.3:
            page = R.randint(1, 5)
            items = [{"id": page * 20 + i, "title": TITLES[i % 7], "price": 5 + i * 3.5} for i in range(20)]
            event(t, ip, agent, "GET", f"/v1/products?page={page}&limit=20", 200, None, {"items": items})
        elif kind < 0.6:
            number = R.randint(20, 119)
            answer = {"id": number, "title": TITLES[number % 7], "price": 19.5, "stock": number % 9}
            event(t, ip, agent, "GET", f"/v1/products/{number}", 200, None, answer)
        elif kind < 0.75:
            word = R.choice(TITLES).split()[0]
            event(t, ip, agent, "GET", f"/v1/search?q={word}", 200, None, {"items": [{"id": 22, "title": word}]})
        elif kind < 0.95:
            mine = [n for n, owner in ORDERS.items() if owner is user][:8]
            listed = {"items": [{"id": n, "total": order(n)["total"]} for n in mine]}
            event(t, ip, agent, "GET", "/v1/orders?limit=50", 200, None, listed, me)
            for number in mine[: R.randint(0, 3)]:
                t += R.uniform(2, 12)
                event(t, ip, agent, "GET", f"/v1/orders/{number}", 200, None, order(number), me)
        else:
            number = max(ORDERS) + 1
            ORDERS[number] = user
            basket = {"items": [{"sku": "SKU-0042", "quantity": 1}], "card": {"number": R.choice(CARDS), "cvv": "123"}}
            event(t, ip, agent, "POST", "/v1/orders", 201, basket, {"id": number, "status": "paid"}, me)


def background():
    for i in range(60):
        t = START + i * 300
        event(t, "10.0.3.9", "health-check/1.2", "GET", "/healthz", 200, None, {"status": "ok"})
    for i in range(3):
        rows = [
            {"customer": u["name"], "email": u["email"], "card_number": R.choice(CARDS), "iban": "GB29NWBK60161331926819"}
            for u in USERS[i * 12 : i * 12 + 12]
        ]
        basic = base64.b64encode(b"export:s3cret-export").decode()
        event(
            START + 1800 + i * 5400, "10.0.3.20", "export-job/0.9", "GET", f"/internal/export/customers?part={i}", 200,
            None, {"rows": rows}, [["authorization", "Basic " + basic]],
        )
    trace = "java.lang.NullPointerException\n\tat com.example.shop.CouponService.apply(CouponService.java:88)\n"
    for i in range(12):
        user, broken = R.choice(USERS), i % 3 == 2
        event(
            START + 2500 + i * 1000, user["ip"], user["agent"], "POST", "/v1/coupons/apply", 500 if broken else 200,
            {"code": "WINTER"}, {"error": "internal", "trace": trace} if broken else {"discount": 5}, bearer(user),
        )


def attacks():
    walker = USERS[7]
    t = START + 9000
    for number in range(71010, 71170):
        t += R.uniform(1.5, 4)
        event(t, walker["ip"], walker["agent"], "GET", f"/v1/orders/{number}", 200, None, order(number), bearer(walker))
    t, ip = START + 11000, "203.0.113.77"
    for i in range(140):
        t += R.uniform(0.4, 1.6)
        guess = {"email": f"{R.choice(FIRST).lower()}{i}@mail.example", "password": f"Winter{2000 + i % 27}!"}
        ok = i in (61, 118)
        answer = {"token": token(9000 + i, False)} if ok else {"error": "wrong e-mail or password"}
        event(t, ip, "python-requests/2.32", "POST", "/v1/sessions", 201 if ok else 401, guess, answer)
    t, ip, tool = START + 6000, "203.0.113.140", "Mozilla/5.0 (compatible; probe)"
    paths = "/.env /.git/config /admin /admin/login /backup.zip /wp-login.php /phpinfo.php /actuator/env /server-status"
    paths = paths.split() + [f"/{a}/{b}" for a in ("old", "test", "dev", "api", "v0") for b in ("login", "users", "config", "debug", "dump.sql", "swagger.json")]
    for path in paths:
        t += R.uniform(0.2, 0.9)
        event(t, ip, tool, "GET", path, 404, None, {"error": "not found"})
    for query in ("%27%20OR%201%3D1--", "x%27%20UNION%20SELECT%20email%2Cpassword%20FROM%20users--", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "..%2F..%2F..%2Fetc%2Fpasswd"):
        t += R.uniform(2, 5)
        event(t, ip, tool, "GET", f"/v1/search?q={query}", 500 if "27" in query else 200, None, {"error": "internal"})


def main():
    for _ in range(110):
        visit(R.choice(USERS), START + R.uniform(0, 5 * 3600))
    background()
    attacks()
    EVENTS.sort(key=lambda e: e[0])
    with open("shop.jsonl", "w", encoding="utf-8") as out:
        for number, (_, exchange) in enumerate(EVENTS, 1):
            out.write(json.dumps({"id": str(number), **exchange}, separators=(",", ":")) + "\n")
    print(f"{len(EVENTS)} exchanges", file=sys.stderr)


if __name__ == "__main__":
    main()
