#!/usr/bin/env python3
"""Stream "ledger": a business-to-business accounts, invoices and payouts API. CC0-1.0.

    python3 ledger.py [OUTPUT_DIRECTORY]
"""
import base64, os, sys
from world import *

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "ledger")
START = datetime.datetime(2026, 9, 29, tzinfo=datetime.timezone.utc).timestamp()
S = Sim("ledger", "api.ledger.example", 1914, START, True)
R = S.R
NEW_ENDPOINT_FROM = START + DAY + 7 * 3600
ERR = {400: {"error": {"code": "bad_request"}}, 401: {"error": {"code": "invalid_token"}}, 403: {"error": {"code": "forbidden"}}, 404: {"error": {"code": "not_found"}}, 409: {"error": {"code": "conflict"}}, 422: {"error": {"code": "invalid"}}, 429: {"error": {"code": "rate_limited"}}, 502: {"error": {"code": "upstream"}}}


def b64(x): return base64.urlsafe_b64encode(x).decode().rstrip("=")
def pid(prefix, n=14): return prefix + "_" + S.b62(n)
HEAD = b64(b'{"alg":"HS256","typ":"JWT"}')
def token(sub, client, exp): return "%s.%s.%s" % (HEAD, b64(json.dumps({"sub": sub, "client_id": client, "exp": int(exp)}, separators=(",", ":")).encode()), b64(R.randbytes(32)))


class Org:
    def __init__(self, i):
        self.slug = "%s-%s-%s" % (R.choice("north west blue iron oak river stone amber delta lunar".split()), R.choice("works foods logistics print tools media labs trade textiles solar".split()), R.choice(["gmbh", "ltd", "sarl", "inc", "%d" % i]))
        self.acc, self.inv, self.pay, self.cus, self.rcp, self.users, self.office = pid("acc"), [], [], [], [], [], R.choice(S.nets["office"])
        self.key = "lk_test_" + S.b62(24)


class User:
    def __init__(self, org, role, i):
        self.org, self.role, self.id = org, role, pid("usr", 10)
        a, b = R.choice(FIRST), R.choice(LAST)
        self.email = "%s.%s%d@%s.example" % (a.lower().replace("ü", "u"), b.lower(), i, org.slug if org else "ledger")
        self.password, self.prog, self.home, self.mobile = S.b62(5) + str(R.randrange(1000)) + R.choice("!-_"), R.choice(BROWSERS), S.home(), R.random() < .3


orgs, seen = [], set()
while len(orgs) < 110:
    o = Org(len(orgs))
    if o.slug not in seen: seen.add(o.slug); orgs.append(o)
INV, PAY, RCP = {}, {}, {}
rcp_no = [104200]


def new_inv(o):
    v = {"id": pid("inv"), "o": o, "cus": R.choice(o.cus), "total": R.randrange(2000, 900000), "status": "draft"}; INV[v["id"]] = v; o.inv.append(v); return v
def new_pay(o):
    v = {"id": pid("po"), "o": o, "amount": R.randrange(10000, 2000000)}; PAY[v["id"]] = v; o.pay.append(v); return v
def new_rcp(o):
    rcp_no[0] += R.choice([1, 1, 1, 2, 3]); v = {"id": "rcp_%d" % rcp_no[0], "o": o, "total": R.randrange(500, 90000)}; RCP[v["id"]] = v; o.rcp.append(v); return v


users = []
for o in orgs:
    o.cus = [pid("cus", 10) for _ in range(R.randrange(3, 9))]
    for _ in range(R.randrange(4, 14)): new_inv(o)
    for _ in range(R.randrange(1, 5)): new_pay(o)
    for j in range(R.randrange(1, 5)):
        u = User(o, "owner" if j == 0 else R.choice(["member", "member", "viewer"]), len(users)); o.users.append(u); users.append(u)
for _ in range(420): new_rcp(R.choice(orgs))
support = [User(None, "support", i) for i in range(5)]
staff_admin = [User(None, "admin", i) for i in range(2)]
for u in support + staff_admin: u.home = "203.0.113.50"; u.mobile = False

# --- response bodies
def b_inv(v, nested=True): return {"id": v["id"], "account": {"id": v["o"].acc, "slug": v["o"].slug}, "customer": v["cus"], "total": v["total"], "status": v["status"]} if nested else {"id": v["id"], "total": v["total"], "status": v["status"]}
def b_pay(v): return {"id": v["id"], "account_id": v["o"].acc, "amount": v["amount"], "state": "paid"}
def b_rcp(v): return {"data": {"id": v["id"], "total": v["total"], "currency": "EUR"}}            # no owner in it
def b_acc(o): return {"id": o.acc, "slug": o.slug, "plan": "team", "owner": {"user_id": o.users[0].id}}
def cursor(): return "c_" + S.b62(12)
def page(items, more=True): return {"data": items, "next_cursor": cursor() if more else None}


class Sess:
    def __init__(self, u, cl, client="web"): self.u, self.cl, self.client, self.tok, self.exp, self.refresh = u, cl, client, None, 0, None
    def call(self, m, path, status=200, req=None, resp=None, camp=None, label=None, **k):
        S.emit(self.cl, m, path, status, req, resp if resp is not None else ERR.get(status), (("authorization", "Bearer " + self.tok),) if self.tok else (), camp=camp, label=label, **k)


def issue(s):
    s.exp = S.now + 1800; s.tok = token(s.u.id, s.client, s.exp); s.refresh = "rt_" + S.b62(20)
    return {"access_token": s.tok, "refresh_token": s.refresh, "expires_in": 1800, "token_type": "Bearer"}


def login(s, typos=0):
    for _ in range(typos):
        S.emit(s.cl, "POST", "/v1/sessions", 401, {"email": s.u.email, "password": s.u.password[:-1] if R.random() < .5 else s.u.password.lower()}, {"error": {"code": "invalid_credentials"}}); yield S.think(3, 12)
    S.emit(s.cl, "POST", "/v1/sessions", 201, {"email": s.u.email, "password": s.u.password}, issue(s)); yield R.uniform(.2, 1)


def fresh(s):
    if S.now > s.exp:
        s.call("GET", "/v1/me", 401, rh=(["www-authenticate", "Bearer error=\"invalid_token\""],)); yield R.uniform(.05, .3)
        old = s.refresh; S.emit(s.cl, "POST", "/oauth/token", 200, None, issue(s), form="grant_type=refresh_token&client_id=%s&refresh_token=%s" % (s.client, old)); yield .2


def flaky(s, m, path, resp, status=200, req=None):
    if R.random() < .008: s.call(m, path, 502 if R.random() < .7 else None, req=req); yield R.uniform(.5, 3)
    s.call(m, path, status, req=req, resp=resp); yield S.think()


def work(s, n):
    """Ordinary use by a member of an organisation."""
    u, o = s.u, s.u.org
    s.call("GET", "/v1/me", resp={"id": u.id, "email": u.email, "account": o.acc, "role": u.role}); yield .3
    s.call("GET", "/v1/accounts/" + o.acc, resp=b_acc(o)); yield S.think()
    for _ in range(n):
        yield from fresh(s)
        if u.mobile and R.random() < .06: s.cl.ip = S.cell() if s.cl.ip == u.home else u.home
        x = R.random()
        if x < .16: s.call("GET", "/v1/accounts/%s/invoices?limit=20" % o.acc, resp=page([{"id": v["id"], "status": v["status"]} for v in o.inv[-6:]])); yield S.think()
        elif x < .2: s.call("GET", "/v1/accounts/%s/invoices?limit=20&cursor=%s" % (o.acc, cursor()), resp=page([{"id": v["id"], "status": v["status"]} for v in o.inv[:4]], False)); yield S.think()
        elif x < .42: v = R.choice(o.inv); yield from flaky(s, "GET", "/v1/invoices/" + v["id"], b_inv(v))
        elif x < .47: v = R.choice(o.inv); s.call("GET", "/v1/invoices/%s/pdf" % v["id"], resp="%PDF-1.7 (omitted)", rh=(["content-type", "application/pdf"], ["content-length", str(R.randrange(30000, 90000))])); yield S.think()
        elif x < .55 and u.role != "viewer":
            v = new_inv(o); s.call("POST", "/v1/invoices", 201, {"account": o.acc, "customer": v["cus"], "total": v["total"]}, b_inv(v)); yield S.think()
            if R.random() < .7: v["status"] = "sent"; s.call("POST", "/v1/invoices/%s/send" % v["id"], 202, {}, {"id": v["id"], "status": "sent"}); yield S.think()
        elif x < .62: s.call("GET", "/v1/payouts?account=%s" % o.acc, resp=page([{"id": v["id"]} for v in o.pay[-5:]], False)); yield S.think()
        elif x < .68 and o.pay: v = R.choice(o.pay); yield from flaky(s, "GET", "/v1/payouts/" + v["id"], b_pay(v))
        elif x < .73 and o.rcp: v = R.choice(o.rcp); yield from flaky(s, "GET", "/v1/receipts/" + v["id"], b_rcp(v))
        elif x < .78 and o.rcp: s.call("GET", "/v1/receipts?limit=10", resp=page([{"id": v["id"]} for v in o.rcp[-5:]], False)); yield S.think()
        elif x < .83: c = R.choice(o.cus); s.call("GET", "/v1/customers/" + c, resp={"id": c, "account_id": o.acc, "name": "Customer " + c[-3:]}); yield S.think()
        elif x < .86: s.call("GET", "/v1/orgs/%s/members" % o.slug, resp={"data": [{"user_id": q.id, "role": q.role} for q in o.users]}); yield S.think()
        elif x < .885: s.call("GET", "/v1/invoices/" + pid("inv"), 404); yield S.think()             # a stale link
        elif x < .90: w = R.choice(orgs); s.call("GET", "/v1/orgs/%s" % w.slug, resp={"slug": w.slug, "name": w.slug.title()}); yield S.think()   # public card of another company
        elif x < .915: s.call("GET", "/v1/directory?limit=25" + ("&cursor=" + cursor() if R.random() < .5 else ""), resp=page([{"slug": w.slug} for w in R.sample(orgs, 4)])); yield S.think()
        elif x < .925 and u.role == "owner":
            for _ in range(R.choices([0, 1, 2], [70, 22, 8])[0]): s.call("POST", "/v1/billing/coupons/redeem", 422, {"code": "FALL" + S.b62(4).upper()}, {"error": {"code": "unknown_coupon"}}); yield S.think(4, 20)
            s.call("POST", "/v1/billing/coupons/redeem", 200, {"code": "FALL26AB"}, {"discount": 10}); yield S.think()
        elif x < .935 and u.role == "viewer": s.call("POST", "/v1/invoices", 403, {"account": o.acc}); yield S.think()
        elif x < .97 and S.now > NEW_ENDPOINT_FROM: v = R.choice(o.inv); s.call("GET", "/v2/invoices/%s/timeline" % v["id"], resp={"invoice": v["id"], "account": {"id": o.acc}, "events": [{"type": "created"}]}); yield S.think()
        else: s.call("GET", "/v1/events?limit=10", resp=page([], False)); yield S.think()
        if R.random() < .035: yield R.uniform(1850, 4200)


def client_of(u):
    ip = u.org.office if u.org and R.random() < .55 else (S.cell() if u.mobile and R.random() < .5 else u.home)
    return Client(S, ip, u.prog if R.random() < .92 else R.choice(BROWSERS))


def visit(u):
    s = Sess(u, client_of(u), "mobile" if u.mobile and R.random() < .4 else "web")
    yield from login(s, R.choices([0, 1, 2, 3], [88, 8, 3, 1])[0]); yield from work(s, max(2, int(R.expovariate(1 / 10))))


def forgetful(u):
    cl = client_of(u); s = Sess(u, cl)
    for i in range(R.randrange(5, 10)): S.emit(cl, "POST", "/v1/sessions", 401, {"email": u.email, "password": u.password + str(i)}, {"error": {"code": "invalid_credentials"}}); yield S.think(4, 18)
    S.emit(cl, "POST", "/v1/password-resets", 202, {"email": u.email}, {}); yield R.uniform(60, 240)
    yield from login(s); yield from work(s, 4)


def two_devices(u):
    """A laptop and a telephone of the same person at the same time, each with its own token."""
    a, b = Sess(u, Client(S, u.org.office, BROWSERS[0])), Sess(u, Client(S, S.cell(), BROWSERS[5]), "mobile")
    def run(s):
        yield from login(s); yield from work(s, 12)
    S.spawn(S.now + 1, run(a)); S.spawn(S.now + 200, run(b)); yield 1


def travel(u):
    """One token, one program, changing networks: office, telephone network, hotel."""
    s = Sess(u, Client(S, u.org.office, u.prog)); yield from login(s)
    for ip in (u.org.office, S.cell(), S.cell(), S.home()): s.cl.ip = ip; yield from work(s, 4); yield R.uniform(60, 500)


def shared_link(v):
    """A customer opens an invoice that was shared with it by link; no account."""
    cl = Client(S, S.home(), R.choice(BROWSERS)); slug = "%s-%s" % (v["o"].slug, v["id"][-8:].lower())
    for _ in range(R.randrange(1, 4)): S.emit(cl, "GET", "/v1/shared/" + slug, 200 if R.random() < .93 else 404, resp=b_inv(v)); yield S.think()


def support_shift(u, t_end):
    s = Sess(u, Client(S, u.home, u.prog), "backoffice"); yield from login(s, R.choices([0, 1], [9, 1])[0])
    while S.now < t_end:
        yield from fresh(s); o = R.choice(orgs)
        s.call("GET", "/v1/orgs/" + o.slug, resp=b_acc(o)); yield S.think(3, 30)
        for _ in range(R.randrange(1, 5)):
            x = R.random()
            if x < .5: v = R.choice(o.inv); s.call("GET", "/v1/invoices/" + v["id"], resp=b_inv(v))
            elif x < .7 and o.pay: v = R.choice(o.pay); s.call("GET", "/v1/payouts/" + v["id"], resp=b_pay(v))
            elif x < .85 and o.rcp: v = R.choice(o.rcp); s.call("GET", "/v1/receipts/" + v["id"], resp=b_rcp(v))
            else: s.call("GET", "/v1/orgs/%s/members" % o.slug, resp={"data": [{"user_id": q.id, "role": q.role} for q in o.users]})
            yield S.think(4, 60)
        yield S.think(60, 700)


def admin_work(u):
    s = Sess(u, Client(S, u.home, u.prog), "backoffice"); yield from login(s)
    s.call("GET", "/v1/admin/orgs?limit=50", resp=page([{"slug": o.slug} for o in orgs[:5]])); yield S.think()
    for o in R.sample(orgs, R.randrange(3, 8)):
        s.call("GET", "/v1/admin/orgs/" + o.slug, resp={"slug": o.slug, "risk": "low", "account": {"id": o.acc}}); yield S.think()
        if R.random() < .2: s.call("POST", "/v1/admin/orgs/%s/limits" % o.slug, req={"daily": 50000}, resp={"ok": True}); yield S.think()
    s.call("GET", "/v1/admin/feature-flags", resp={"data": []}); yield 2


def owner_admin(u):
    """An owner manages the members of the own organisation."""
    s = Sess(u, client_of(u)); yield from login(s)
    s.call("GET", "/v1/orgs/%s/members" % u.org.slug, resp={"data": [{"user_id": q.id, "role": q.role} for q in u.org.users]}); yield S.think()
    q = R.choice(u.org.users); s.call("POST", "/v1/orgs/%s/members/%s/role" % (u.org.slug, q.id), req={"role": q.role}, resp={"user_id": q.id, "role": q.role}); yield S.think()


# --- machines
class Key:
    def __init__(self, o, ip, prog): self.o, self.cl = o, Client(S, ip, prog)
    def call(self, m, path, status=200, req=None, resp=None, camp=None, **k): S.emit(self.cl, m, path, status, req, resp if resp is not None else ERR.get(status), (("x-api-key", self.o.key),), camp=camp, **k)


def erp(o, every):
    """An organisation's own bookkeeping program polls with an API key."""
    k = Key(o, S.home(), R.choice([GO, PYTHON, ("okhttp/4.12.0", "t13d1512h2_8daaf6152771_07be0c029dc8"), ("LedgerSDK-PHP/3.4 GuzzleHttp/7", CURL[1])]))
    yield R.uniform(0, every)
    while True:
        k.call("GET", "/v1/accounts/%s/invoices?limit=100&status=open" % o.acc, resp=page([{"id": v["id"], "status": v["status"]} for v in o.inv[-5:]], False)); yield R.uniform(.2, 1)
        for v in R.sample(o.inv, min(len(o.inv), R.randrange(0, 3))): k.call("GET", "/v1/invoices/" + v["id"], 200 if R.random() < .99 else 502, resp=b_inv(v)); yield R.uniform(.1, .6)
        if R.random() < .2: v = new_inv(o); k.call("POST", "/v1/invoices", 201, {"account": o.acc, "customer": v["cus"], "total": v["total"]}, b_inv(v)); yield .4
        yield every * R.uniform(.95, 1.05)


def export(o, day):
    """A nightly export by key: everything that is its own, page after page, then in detail."""
    k = Key(o, "192.0.2.77", ("nightly-export/1.9", GO[1])); cur = ""
    for _ in range(14): c = cursor(); k.call("GET", "/v1/exports/invoices?limit=200%s" % cur, resp={"data": [{"id": v["id"]} for v in R.sample(o.inv, 4)], "next_cursor": c}, rh=(["content-length", str(R.randrange(30000, 60000))],)); cur = "&cursor=" + c; yield R.uniform(.3, 1)
    for v in o.inv[:60]: k.call("GET", "/v1/invoices/" + v["id"], resp=b_inv(v)); yield R.uniform(.1, .4)
    for v in o.rcp: k.call("GET", "/v1/receipts/" + v["id"], resp=b_rcp(v)); yield R.uniform(.1, .4)


class Svc:
    def __init__(self, sub): self.id = sub


def partner(sub, client, clients, ip, prog, every):
    """An accountancy that may act for many organisations, with its own OAuth client."""
    s = Sess(Svc(sub), Client(S, ip, prog), client); yield R.uniform(0, every)
    while True:
        if S.now > s.exp: S.emit(s.cl, "POST", "/oauth/token", 200, None, issue(s), form="grant_type=client_credentials&client_id=%s&client_secret=cs_%s" % (client, "invented" + client)); yield .3
        for o in R.sample(clients, 5):
            s.call("GET", "/v1/accounts/%s/invoices?limit=50&updated_since=%s" % (o.acc, iso(S.now - every)), resp=page([{"id": v["id"]} for v in o.inv[-4:]], False)); yield R.uniform(.2, .8)
            for v in o.inv[-R.randrange(1, 4):]: s.call("GET", "/v1/invoices/" + v["id"], resp=b_inv(v)); yield R.uniform(.1, .6)
            if o.pay and R.random() < .3: s.call("GET", "/v1/payouts/" + o.pay[-1]["id"], resp=b_pay(o.pay[-1])); yield .3
            if R.random() < .03: s.call("GET", "/v1/invoices/" + pid("inv"), 404); yield .2
        yield every * R.uniform(.9, 1.1)


def batch(o):
    """Month-end: one organisation creates and sends its invoices in one go."""
    k = Key(o, "198.51.100.240", ("LedgerSDK-Java/2.8", "t13d1411h1_0d8feac7bc37_1d37bd780c83"))
    for i in range(160):
        v = new_inv(o); k.call("POST", "/v1/invoices", 201 if R.random() < .95 else 429, {"account": o.acc, "customer": v["cus"], "total": v["total"]}, b_inv(v, False)); yield R.uniform(.05, .5)
        if i % 2: k.call("POST", "/v1/invoices/%s/send" % v["id"], 202, {}, {"id": v["id"]}); yield R.uniform(.05, .3)


def broken_key(o):
    """A forgotten job with a revoked key: the same 401 every 20 minutes."""
    cl = Client(S, "192.0.2.61", CURL)
    while True: S.emit(cl, "GET", "/v1/accounts/%s/invoices?limit=1" % o.acc, 401, None, ERR[401], (("x-api-key", "lk_test_" + "revoked0000000000000000"),)); yield 1200 + R.uniform(-5, 5)


def monitor():
    cl = Client(S, "198.51.100.250", ("Probe/1.4 (+https://status.example)", GO[1])); kube = Client(S, "10.0.4.1", ("kube-probe/1.31", GO[1]))
    while True:
        S.emit(cl, "GET", "/healthz", 200, resp={"ok": True}); yield 100
        S.emit(kube, "GET", "/readyz", 200 if R.random() < .997 else 503, resp={"ok": True}); yield 120


def crawler(day):
    cl = Client(S, "192.0.2.%d" % (220 + day), ("Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example/about)", GO[1]))
    S.emit(cl, "GET", "/robots.txt", 200, resp="User-agent: *\nAllow: /docs\n", rh=(["content-type", "text/plain"],)); yield 3
    for _ in range(110): p = "%s-%s" % (R.choice(["invoices", "payouts", "webhooks", "errors", "auth", "cursors"]), R.choice(["overview", "create", "list", "retrieve", "faq", "v1", "limits"])); S.emit(cl, "GET", "/docs/" + p, 404 if R.random() < .07 else 200, resp={"slug": p}); yield R.uniform(2, 8)
    for o in R.sample(orgs, 30): S.emit(cl, "GET", "/public/companies/" + o.slug, 200, resp={"slug": o.slug}); yield R.uniform(2, 8)


def developer():
    cl = Client(S, S.home(), R.choice(BROWSERS))
    for _ in range(R.randrange(2, 8)): S.emit(cl, "GET", "/docs/%s-%s" % (R.choice(["invoices", "auth", "webhooks"]), R.choice(["overview", "create", "list"])), 200, resp={"slug": "x"}); yield S.think(4, 60)


# --- attacks
def rented(): return R.choice(S.nets["rented"])
def own(u): return Client(S, u.home, u.prog)
def warm(u, cl, n): s = Sess(u, cl); yield from login(s); yield from work(s, n); return s


def atk_seq(u, cl, n, step):
    c = S.campaign("bola_sequential", "%s of %s from %s counts through receipt numbers" % (u.email, u.org.slug, cl.ip))
    s = yield from warm(u, cl, 5); i = R.randrange(104250, 104500)
    for _ in range(n):
        yield from fresh(s); i += step if R.random() < .9 else step * 2; v = RCP.get("rcp_%d" % i)
        if v and v["o"] is u.org: continue
        s.call("GET", "/v1/receipts/rcp_%d" % i, 200 if v else 404, resp=b_rcp(v) if v else None, camp=c); yield R.uniform(.3, 3.5)


def atk_harvest(u, cl, key):
    c = S.campaign("bola_harvest", "%s %s from %s: takes slugs out of the directory, then reads members, invoices and payouts of others" % ("API key of" if key else u.email, u.org.slug, cl.ip))
    if key: s = Key(u.org, cl.ip, (cl.ua, cl.ja4)); s.cl = cl
    else: s = yield from warm(u, cl, 4)
    for _ in range(5):
        some = [o for o in R.sample(orgs, 6) if o is not u.org]
        if key: S.emit(cl, "GET", "/v1/directory?limit=25&cursor=" + cursor(), 200, None, page([{"slug": o.slug, "account": o.acc} for o in some]), (("x-api-key", u.org.key),), camp=c, label="ambiguous")
        else: yield from fresh(s); s.call("GET", "/v1/directory?limit=25&cursor=" + cursor(), resp=page([{"slug": o.slug, "account": o.acc} for o in some]), camp=c, label="ambiguous")
        yield R.uniform(1, 6)
        for o in some:
            ok = R.random() < .85
            s.call("GET", "/v1/accounts/%s/invoices?limit=100" % o.acc, 200 if ok else 403, resp=page([{"id": v["id"]} for v in o.inv[-4:]]) if ok else None, camp=c); yield R.uniform(.6, 5)
            for v in o.inv[-3:] if ok else []: s.call("GET", "/v1/invoices/" + v["id"], resp=b_inv(v, R.random() < .6), camp=c); yield R.uniform(.5, 4)
            if ok and o.pay: s.call("GET", "/v1/payouts/" + o.pay[0]["id"], resp=b_pay(o.pay[0]), camp=c); yield R.uniform(.5, 4)


def atk_slow(u, cl, n, hours):
    c = S.campaign("bola_slow", "%s of %s from %s reads or changes a foreign object every now and then" % (u.email, u.org.slug, cl.ip))
    s = yield from warm(u, cl, 4); gap = hours * 3600 / n
    for _ in range(n):
        yield from fresh(s); o = R.choice([w for w in orgs if w is not u.org and w.pay]); x = R.random()
        if x < .5: v = R.choice(o.inv); s.call("GET", "/v1/invoices/" + v["id"], resp=b_inv(v), camp=c)
        elif x < .8: v = R.choice(o.pay); s.call("GET", "/v1/payouts/" + v["id"], resp=b_pay(v), camp=c)
        else: v = R.choice(o.inv); s.call("PATCH", "/v1/invoices/" + v["id"], req={"memo": "x"}, resp=b_inv(v), camp=c)
        yield R.uniform(3, 40)
        if R.random() < .6: v = R.choice(u.org.inv); s.call("GET", "/v1/invoices/" + v["id"], resp=b_inv(v))
        yield R.expovariate(1 / gap) + 30


def atk_enum(u, cl, n):
    c = S.campaign("enum_ids", "%s of %s from %s tries invented ids" % (u.email, u.org.slug, cl.ip))
    s = yield from warm(u, cl, 2)
    for _ in range(n): yield from fresh(s); x = R.choice([("invoices", "inv"), ("payouts", "po"), ("invoices", "inv")]); s.call("GET", "/v1/%s/%s" % (x[0], pid(x[1])), 404, camp=c); yield R.uniform(.2, 2)


def atk_slugs(cl, n):
    c = S.campaign("enum_ids", "no account, %s guesses the slugs of shared invoices" % cl.ip)
    for _ in range(n): S.emit(cl, "GET", "/v1/shared/%s-%s" % (R.choice(orgs).slug, S.b62(8).lower()), 404, resp=ERR[404], camp=c); yield R.uniform(.3, 2)


def attempt(cl, email, pw, ok, c, blocked=False):
    if blocked: S.emit(cl, "POST", "/v1/sessions", 429, {"email": email, "password": pw}, ERR[429], camp=c, rh=(["retry-after", "60"],))
    elif ok: S.emit(cl, "POST", "/v1/sessions", 201, {"email": email, "password": pw}, {"access_token": token(pid("usr", 10), "web", S.now + 1800), "expires_in": 1800}, camp=c)
    else: S.emit(cl, "POST", "/v1/sessions", 401, {"email": email, "password": pw}, {"error": {"code": "invalid_credentials"}}, camp=c)


def leaked(): return "%s.%s@%s" % (R.choice(FIRST).lower().replace("ü", "u"), R.choice(LAST).lower(), R.choice(["mail.example", "post.example"] + [o.slug + ".example" for o in R.sample(orgs, 4)]))


def atk_stuff_fast(cl, n):
    c = S.campaign("stuffing_fast", "%s with %s, one address, leaked pairs" % (cl.ip, cl.ua[:24]))
    for i in range(n): attempt(cl, R.choice(users).email if R.random() < .12 else leaked(), S.b62(R.randrange(6, 12)), R.random() < .01, c, i > n * .7 and R.random() < .3); yield R.expovariate(1 / .5)


def atk_stuff_dist(n, hours, k):
    c = S.campaign("stuffing_distributed", "about %d addresses, few tries each" % k)
    cls = [Client(S, S.home() if R.random() < .8 else S.cell(), R.choice([(BROWSERS[0][0], GO[1]), (BROWSERS[3][0], GO[1]), BROWSERS[1]])) for _ in range(k)]
    for _ in range(n): attempt(R.choice(cls), R.choice(users).email if R.random() < .2 else leaked(), S.b62(R.randrange(6, 12)), R.random() < .01, c); yield R.expovariate(n / (hours * 3600))


def atk_spray(n, gap, ips, pw):
    c = S.campaign("password_spraying", "one password for many accounts from %d address(es), one try per %d seconds" % (len(ips), gap))
    cls = [Client(S, ip, BROWSERS[1]) for ip in ips]
    for u in R.sample(users, n): attempt(R.choice(cls), u.email, pw, R.random() < .01, c); yield R.expovariate(1 / gap) + 5


def atk_browse(cl, u=None):
    c = S.campaign("forced_browsing", "%s%s with %s looks for hidden paths" % (u.email + " from " if u else "", cl.ip, cl.ua[:24]))
    s = None
    if u: s = yield from warm(u, cl, 2)
    paths = "/admin /v1/admin /v1/admin/users /v1/internal /v1/internal/metrics /v1/debug /v1/debug/vars /v2/admin /v3/invoices /v0/invoices /v1/users /v1/keys /v1/api-keys /v1/secrets /v1/config /v1/settings/global /v1/audit /v1/logs /v1/export /v1/exports/all /v1/backups /v1/tenants /v1/organizations /v1/ledger /v1/transfers /v1/test /v1/health/details /openapi.json /openapi.yaml /swagger-ui/ /v1/swagger.json /api-docs /graphql /.env /.env.production /.git/config /.aws/credentials /actuator/health /actuator/env /metrics /debug/pprof/ /server-info /phpinfo.php /index.php /admin.php /config.php.bak /id_rsa /backup.sql /dump.sql.gz /v1/webhooks/test /v1/impersonate /v1/sudo /v1/flags /v1/feature-flags /v1/migrations /v1/queue /v1/cron /v1/jobs /v1/cache /v1/cache/clear /v1/shutdown /v1/restart /console /dashboard /kibana /grafana /prometheus /consul /vault /k8s /api /rest /soap /rpc".split()
    R.shuffle(paths)
    for p in paths:
        if s: yield from fresh(s); s.call("GET", p, 403 if "admin" in p else 404, camp=c); yield R.uniform(.5, 4)
        else: S.emit(cl, "GET", p, 401 if p.startswith("/v1/admin") else 404, None, ERR[404], camp=c); yield R.uniform(.05, .6)


def atk_bfla(u, cl, n):
    c = S.campaign("bfla", "%s (%s of %s) from %s calls back-office functions" % (u.email, u.role, u.org.slug, cl.ip))
    s = yield from warm(u, cl, 4)
    for i in range(n):
        yield from fresh(s); o = R.choice(orgs); ok = R.random() < .6; x = i % 5
        if x == 0: s.call("GET", "/v1/admin/orgs?limit=50&cursor=" + cursor(), 200 if ok else 403, resp=page([{"slug": w.slug} for w in orgs[:4]]) if ok else None, camp=c)
        elif x == 1: s.call("GET", "/v1/admin/orgs/" + o.slug, 200 if ok else 403, resp={"slug": o.slug, "risk": "low"} if ok else None, camp=c)
        elif x == 2: s.call("POST", "/v1/admin/orgs/%s/limits" % u.org.slug, 200 if ok else 403, req={"daily": 9999999}, resp={"ok": True} if ok else None, camp=c)
        elif x == 3: s.call("POST", "/v1/orgs/%s/members/%s/role" % (u.org.slug, u.id), 200 if ok else 403, req={"role": "owner"}, resp={"user_id": u.id, "role": "owner"} if ok else None, camp=c)
        else: s.call("GET", "/v1/admin/feature-flags", 200 if ok else 403, resp={"data": []} if ok else None, camp=c)
        yield R.uniform(3, 45)


def atk_scrape(u, cl, pages, key):
    c = S.campaign("scraping", "%s of %s from %s takes the whole directory" % ("API key" if key else u.email, u.org.slug, cl.ip))
    if key: s = Key(u.org, cl.ip, (cl.ua, cl.ja4)); s.cl = cl
    else: s = yield from warm(u, cl, 2)
    cur = ""
    for _ in range(pages):
        if not key: yield from fresh(s)
        nxt = cursor(); s.call("GET", "/v1/directory?limit=100" + cur, resp={"data": [{"slug": o.slug} for o in R.sample(orgs, 4)], "next_cursor": nxt}, rh=(["content-length", str(R.randrange(22000, 31000))],), camp=c); cur = "&cursor=" + nxt; yield R.uniform(.3, 2.5)


def atk_stolen(u, n, thief, key=False):
    c = S.campaign("stolen_token", "%s of %s used from %s with %s while its owner is active" % ("API key" if key else "access token of " + u.email, u.org.slug, thief.ip, thief.ua[:24]))
    o = u.org
    if key: t = Key(o, thief.ip, (thief.ua, thief.ja4)); t.cl = thief
    else:
        s = Sess(u, Client(S, o.office, u.prog)); yield from login(s); stop = [False]
        def owner():
            while not stop[0]: v = R.choice(o.inv); yield from fresh(s); s.call("GET", "/v1/invoices/" + v["id"], resp=b_inv(v)); yield S.think(15, 120)
        S.spawn(S.now + 1, owner()); yield 400
        t = Sess(u, thief)
    for _ in range(n):
        if not key: t.tok = s.tok
        x = R.random()
        if x < .3: t.call("GET", "/v1/accounts/%s/invoices?limit=100" % o.acc, resp=page([{"id": v["id"]} for v in o.inv[-5:]]), camp=c)
        elif x < .7: v = R.choice(o.inv); t.call("GET", "/v1/invoices/" + v["id"], resp=b_inv(v), camp=c)
        elif x < .9 and o.pay: v = R.choice(o.pay); t.call("GET", "/v1/payouts/" + v["id"], resp=b_pay(v), camp=c)
        else: q = R.choice(o.cus); t.call("GET", "/v1/customers/" + q, resp={"id": q, "account_id": o.acc}, camp=c)
        yield R.uniform(3, 40)
    if not key: stop[0] = True


def atk_coupon(u, cl, n, gap):
    c = S.campaign("coupon_guessing", "%s of %s from %s guesses coupon codes" % (u.email, u.org.slug, cl.ip))
    s = yield from warm(u, cl, 3)
    for _ in range(n):
        yield from fresh(s); ok = R.random() < .01
        s.call("POST", "/v1/billing/coupons/redeem", 200 if ok else 422, {"code": "FALL26" + S.b62(2).upper()}, {"discount": 10} if ok else {"error": {"code": "unknown_coupon"}}, camp=c); yield R.expovariate(1 / gap) + .2


def main():
    def at(day, h): return S.start + day * DAY + h * 3600 + R.random() * 1200
    for day in (0, 1):
        for u in users:
            for _ in range(R.choices([0, 1, 2], [60, 33, 7])[0]): S.spawn(S.moment(day, OFFICE), visit(u))
        for u in R.sample(users, 3): S.spawn(S.moment(day, OFFICE), forgetful(u))
        for u in R.sample(users, 5): S.spawn(S.moment(day, OFFICE), two_devices(u))
        for u in R.sample(users, 4): S.spawn(S.moment(day, OFFICE), travel(u))
        for o in R.sample(orgs, 6): S.spawn(S.moment(day, OFFICE), owner_admin(o.users[0]))
        for v in R.sample(list(INV.values()), 60): S.spawn(S.moment(day, PEOPLE), shared_link(v))
        for u in support: a = at(day, 7); S.spawn(a, support_shift(u, a + 8 * 3600))
        for u in staff_admin: S.spawn(S.moment(day, OFFICE), admin_work(u))
        for o in orgs[3:5]: S.spawn(at(day, 1), export(o, day))
        S.spawn(S.moment(day, [1] * 24), crawler(day))
        for _ in range(25): S.spawn(S.moment(day, OFFICE), developer())
    for o in R.sample(orgs, 14): S.spawn(S.start + 5, erp(o, R.choice([1800, 3600, 3600, 7200])))
    S.spawn(S.start + 9, partner("svc_bookwell", "bookwell", R.sample(orgs, 30), "192.0.2.140", ("Bookwell-Sync/5.0", GO[1]), 3000))
    S.spawn(S.start + 11, partner("svc_taxline", "taxline", R.sample(orgs, 12), "198.51.100.180", PYTHON, 5400))
    S.spawn(at(1, 15), batch(orgs[7])); S.spawn(S.start + 30, broken_key(orgs[9])); S.spawn(S.start, monitor())
    bad = R.sample([u for u in users if u.org.pay and u.org.rcp and len(u.org.inv) > 4], 20)
    S.spawn(at(0, 17.2), atk_seq(bad[0], own(bad[0]), 170, 1)); S.spawn(at(1, 9), atk_seq(bad[1], Client(S, rented(), PYTHON), 120, -1)); S.spawn(at(1, 19), atk_seq(bad[2], own(bad[2]), 90, 3))
    S.spawn(at(0, 20), atk_harvest(bad[3], own(bad[3]), False)); S.spawn(at(1, 12), atk_harvest(bad[4], Client(S, rented(), PYTHON), True))
    S.spawn(at(0, 17), atk_slow(bad[5], own(bad[5]), 12, 5)); S.spawn(at(1, 7), atk_slow(bad[6], own(bad[6]), 28, 10)); S.spawn(at(1, 10), atk_slow(bad[7], own(bad[7]), 18, 6))
    S.spawn(at(1, 6), atk_enum(bad[8], own(bad[8]), 120)); S.spawn(at(1, 14), atk_slugs(Client(S, rented(), PYTHON), 130))
    S.spawn(at(0, 22), atk_stuff_fast(Client(S, rented(), GO), 240)); S.spawn(at(1, 11), atk_stuff_fast(Client(S, rented(), BROWSERS[4]), 150))
    S.spawn(at(0, 23), atk_stuff_dist(220, 4, 90)); S.spawn(at(1, 13), atk_stuff_dist(180, 3, 70))
    S.spawn(at(1, 1), atk_spray(80, 200, [rented()], "Summer2026!")); S.spawn(at(1, 12.5), atk_spray(60, 300, [rented() for _ in range(4)], "Ledger123"))
    S.spawn(at(0, 19), atk_browse(Client(S, rented(), ("Mozilla/5.0 (Windows NT 10.0)", GO[1])))); S.spawn(at(1, 17), atk_browse(own(bad[9]), bad[9]))
    low = R.sample([u for u in users if u.role != "owner" and u not in bad], 2)
    S.spawn(at(0, 18), atk_bfla(low[0], own(low[0]), 12)); S.spawn(at(1, 16), atk_bfla(low[1], own(low[1]), 20))
    S.spawn(at(0, 21), atk_scrape(bad[12], own(bad[12]), 160, False)); S.spawn(at(1, 18), atk_scrape(bad[13], Client(S, rented(), GO), 140, True))
    S.spawn(at(1, 9.5), atk_stolen(bad[14], 30, Client(S, rented(), CURL))); S.spawn(at(1, 14.5), atk_stolen(bad[15], 22, Client(S, S.home(), bad[15].prog)))
    S.spawn(at(1, 8), atk_coupon(bad[16], own(bad[16]), 90, 6)); S.spawn(at(1, 20), atk_coupon(bad[17], own(bad[17]), 45, 40))
    busy = Key(orgs[20], "192.0.2.99", GO)
    def keyowner():
        while True: busy.call("GET", "/v1/accounts/%s/invoices?limit=100" % orgs[20].acc, resp=page([{"id": v["id"]} for v in orgs[20].inv[-5:]], False)); yield 900 * R.uniform(.9, 1.1)
    S.spawn(S.start + 60, keyowner()); S.spawn(at(1, 13.5), atk_stolen(orgs[20].users[0], 34, Client(S, rented(), PYTHON), True))
    S.run()
    t = S.write(OUT); print(t["events"], t["labels"]); print([(c["campaign"], c["count"]) for c in t["campaigns"]])


main()
