#!/usr/bin/env python3
"""Stream "clinic": a practice's appointments, patients and documents API. CC0-1.0.

    python3 clinic.py [OUTPUT_DIRECTORY]
"""
import os, sys
from world import *

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "clinic")
START = datetime.datetime(2026, 10, 6, tzinfo=datetime.timezone.utc).timestamp()
S = Sim("clinic", "api.clinic.example", 4711, START, False)
R = S.R
NEW_ENDPOINT_FROM = START + DAY + 6 * 3600


class User:
    def __init__(self, role, i):
        self.role, self.id, self.first, self.last = role, S.uuid(), R.choice(FIRST), R.choice(LAST)
        self.email = "%s.%s%d@%s" % (self.first.lower().replace("ü", "u"), self.last.lower(), i, "clinic.example" if role != "patient" else "mail.example")
        self.password = R.choice(["Blau", "Regen", "Tisch", "Garten", "Kaffee"]) + str(R.randrange(100, 9999)) + R.choice("!?+#")
        self.prog, self.home, self.mobile = R.choice(BROWSERS), S.home(), R.random() < .35
        self.otp = role != "patient" or R.random() < .25
        self.appts, self.docs, self.shared = [], [], []
        self.remember = None


patients = [User("patient", i) for i in range(360)]
doctors = [User("doctor", i) for i in range(9)]
recept = [User("reception", i) for i in range(6)]
admins = [User("admin", i) for i in range(2)]
for d in doctors: d.slug = "dr-" + d.last.lower() + "-" + d.first.lower().replace("ü", "u")
APPT, DOCS = {}, {}
CLINIC_NAT = "203.0.113.70"      # staff and the waiting room's network
EMPLOYER_NAT = "203.0.113.81"    # many patients of one company
for p in patients:
    if R.random() < .1: p.home = EMPLOYER_NAT
for u in doctors + recept + admins: u.home = CLINIC_NAT; u.mobile = False


def new_appt(p, t=None):
    a = {"id": S.uuid(), "p": p, "d": R.choice(doctors), "at": iso((t or START) + R.randrange(1, 40) * DAY + R.randrange(8, 17) * 3600)[:16] + "Z", "status": "booked"}
    APPT[a["id"]] = a; p.appts.append(a); return a


def new_doc(p):
    d = {"id": S.uuid(), "p": p, "kind": R.choice(["lab_report", "referral", "letter", "invoice", "xray"]), "size": R.randrange(20000, 900000)}
    DOCS[d["id"]] = d; p.docs.append(d); return d


for p in patients:
    for _ in range(R.randrange(1, 5)): new_appt(p)
    for _ in range(R.randrange(0, 6)): new_doc(p)
families = []
for _ in range(25):
    a, b = R.sample(patients, 2); families.append((a, b))
    for d in b.docs[:3]: a.shared.append(d)


# --- response bodies: owner present, nested, or absent, by operation
def b_appt(a): return {"id": a["id"], "patient": {"id": a["p"].id, "name": a["p"].first + " " + a["p"].last}, "doctor": a["d"].slug, "starts_at": a["at"], "status": a["status"]}
def b_doc(d): return {"id": d["id"], "patient_id": d["p"].id, "kind": d["kind"], "bytes": d["size"]}
def b_patient(p): return {"id": p.id, "first_name": p.first, "last_name": p.last, "email": p.email, "insurance": "public"}
ERR = {401: {"error": "unauthenticated"}, 403: {"error": "forbidden"}, 404: {"error": "not_found"}, 422: {"error": "invalid"}, 429: {"error": "too_many_requests"}, 503: {"error": "unavailable"}}


class Sess:
    """A signed-in client with an opaque session cookie."""
    def __init__(self, u, cl): self.u, self.cl, self.cookie, self.last = u, cl, None, 0
    def auth(self): return (("cookie", "CLINSESS=" + self.cookie),) if self.cookie else ()
    def call(self, m, path, status=200, req=None, resp=None, camp=None, label=None, **k):
        S.emit(self.cl, m, path, status, req, resp if resp is not None else ERR.get(status), self.auth(), camp=camp, label=label, **k); self.last = S.now


def login(s, typos=0, camp=None, label=None):
    """Password, sometimes a one-time code."""
    u = s.u
    for _ in range(typos):
        bad = u.password[:-1] if R.random() < .5 else u.password.swapcase()
        S.emit(s.cl, "POST", "/auth/session", 401, {"email": u.email, "password": bad}, {"error": "bad_credentials"}, camp=camp, label=label); yield S.think(3, 12)
    if u.otp:
        ch = S.uuid()
        S.emit(s.cl, "POST", "/auth/session", 202, {"email": u.email, "password": u.password}, {"challenge": ch, "otp_required": True}, camp=camp, label=label); yield R.uniform(8, 35)
        if R.random() < .1:
            S.emit(s.cl, "POST", "/auth/otp", 401, {"challenge": ch, "code": "%06d" % R.randrange(10**6)}, {"error": "bad_code"}); yield R.uniform(6, 25)
        path, req = "/auth/otp", {"challenge": ch, "code": "%06d" % R.randrange(10**6)}
    else: path, req = "/auth/session", {"email": u.email, "password": u.password}
    s.cookie = S.hexs(32); u.remember = S.hexs(24)
    S.emit(s.cl, "POST", path, 200, req, {"user_id": u.id, "role": u.role}, camp=camp, label=label,
           rh=(["set-cookie", "CLINSESS=%s; Path=/; HttpOnly; Secure" % s.cookie], ["set-cookie", "CLINREM=%s; Path=/auth; HttpOnly; Secure" % u.remember]))
    s.last = S.now; yield R.uniform(.2, 1)


def fresh(s):
    """After 30 idle minutes the session has expired: one 401, then a renewal by the remember cookie."""
    if S.now - s.last > 1800:
        s.call("GET", "/me", 401); yield R.uniform(.1, .4)
        s.cookie = S.hexs(32)
        S.emit(s.cl, "POST", "/auth/renew", 200, None, {"ok": True}, (("cookie", "CLINREM=" + s.u.remember),), rh=(["set-cookie", "CLINSESS=%s; Path=/; HttpOnly; Secure" % s.cookie],)); yield .3


def flaky(s, m, path, resp, req=None):
    """Now and then the upstream is away and the client tries again."""
    if R.random() < .008:
        s.call(m, path, 503 if R.random() < .7 else None, req=req); yield R.uniform(.8, 3)
    s.call(m, path, 200, req=req, resp=resp); yield S.think()


def cal(d):
    own = [a for a in APPT.values() if a["d"] is d and a["status"] == "booked"]
    return {"doctor": d.slug, "busy": [{"appointment_id": a["id"], "at": a["at"]} for a in R.sample(own, min(6, len(own)))]}


def view_appt(s, a): yield from flaky(s, "GET", "/appointments/" + a["id"], b_appt(a))


def patient_browse(s, n):
    p = s.u
    s.call("GET", "/me", resp={"id": p.id, "role": "patient", "email": p.email}); yield R.uniform(.1, .6)
    s.call("GET", "/patients/%s/appointments" % p.id, resp={"items": [{"id": a["id"], "starts_at": a["at"]} for a in p.appts[-6:]]}); yield S.think()
    for _ in range(n):
        yield from fresh(s)
        if p.mobile and R.random() < .05: s.cl.ip = S.cell() if s.cl.ip == p.home else p.home
        x = R.random()
        if x < .2 and p.appts: yield from view_appt(s, R.choice(p.appts))
        elif x < .34:
            s.call("GET", "/patients/%s/documents" % p.id, resp={"items": [{"id": d["id"], "kind": d["kind"]} for d in (p.docs + p.shared)[:8]]}); yield S.think()
        elif x < .52 and (p.docs or p.shared):
            d = R.choice(p.docs + p.shared)
            s.call("GET", "/documents/" + d["id"], resp=b_doc(d)); yield R.uniform(1, 6)
            if R.random() < .7: s.call("GET", "/documents/%s/content" % d["id"], resp="%PDF-1.7 (omitted)", rh=(["content-type", "application/pdf"], ["content-length", str(d["size"])])); yield S.think()
        elif x < .62: s.call("GET", "/doctors?page=%d" % R.choice([1, 1, 1, 2]), resp={"items": [{"slug": d.slug} for d in doctors[:5]]}); yield S.think()
        elif x < .72:
            d = R.choice(doctors); s.call("GET", "/doctors/%s/calendar?week=%d" % (d.slug, R.randrange(41, 45)), resp=cal(d)); yield S.think()
        elif x < .82:
            d = R.choice(doctors); s.call("GET", "/slots?doctor=%s&date=2026-10-%02d" % (d.slug, R.randrange(7, 31)), resp={"free": ["%02d:%02d" % (R.randrange(8, 17), R.choice([0, 20, 40])) for _ in range(3)]}); yield S.think()
        elif x < .87:
            a = new_appt(p, S.now); s.call("POST", "/appointments", 201, {"doctor": a["d"].slug, "starts_at": a["at"]}, b_appt(a)); yield S.think()
            yield from view_appt(s, a)
        elif x < .89 and p.appts:
            a = p.appts.pop(R.randrange(len(p.appts))); a["status"] = "cancelled"; s.call("DELETE", "/appointments/" + a["id"], 204, resp=""); yield S.think()
            if R.random() < .5: s.call("GET", "/appointments/" + a["id"], 404); yield S.think()      # a stale link
        elif x < .91: s.call("PATCH", "/patients/" + p.id, req={"phone": "+49 30 5550%03d" % R.randrange(1000)}, resp=b_patient(p)); yield S.think()
        elif x < .93: s.call("GET", "/documents/" + S.uuid(), 404); yield S.think()                      # a stale bookmark
        elif x < .98 and S.now > NEW_ENDPOINT_FROM:
            s.call("GET", "/patients/%s/vaccinations" % p.id, resp={"patient_id": p.id, "items": [{"code": R.choice(["FLU", "TDAP", "HEPB"]), "year": R.randrange(2015, 2027)} for _ in range(2)]}); yield S.think()
        else: s.call("GET", "/notifications", resp={"items": []}); yield S.think()
        if R.random() < .04: yield R.uniform(1900, 5000)
    if R.random() < .3: s.call("DELETE", "/auth/session", 204, resp="")


def client_of(u):
    ip = u.home
    if u.role == "patient":
        if u.mobile and R.random() < .5: ip = S.cell()
        elif R.random() < .04: ip = CLINIC_NAT
    prog = u.prog if R.random() < .9 else R.choice(BROWSERS)
    return Client(S, ip, prog)


def patient_visit(p):
    s = Sess(p, client_of(p))
    if p.remember and R.random() < .5:
        s.cookie = S.hexs(32)
        S.emit(s.cl, "POST", "/auth/renew", 200, None, {"ok": True}, (("cookie", "CLINREM=" + p.remember),), rh=(["set-cookie", "CLINSESS=%s; Path=/; HttpOnly; Secure" % s.cookie],)); s.last = S.now; yield .4
    else: yield from login(s, R.choices([0, 1, 2, 3], [88, 7, 3, 2])[0])
    yield from patient_browse(s, max(1, int(R.expovariate(1 / 7))))


def forgetful(p):
    """A patient who tries many passwords, then resets."""
    s = Sess(p, client_of(p))
    yield from fails(s, R.randrange(5, 9))
    S.emit(s.cl, "POST", "/auth/reset", 202, {"email": p.email}, {"ok": True}); yield R.uniform(60, 200)
    S.emit(s.cl, "POST", "/auth/reset/confirm", 200, {"token": S.hexs(24), "password": p.password}, {"ok": True}); yield 3
    yield from login(s); yield from patient_browse(s, 4)


def fails(s, n):
    for i in range(n):
        S.emit(s.cl, "POST", "/auth/session", 401, {"email": s.u.email, "password": s.u.password + str(i)}, {"error": "bad_credentials"}); yield S.think(4, 20)


def staff_day(u, t_end, pace):
    """Doctors and reception read and write many patients' objects all day."""
    s = Sess(u, Client(S, CLINIC_NAT, u.prog))
    yield from login(s, R.choices([0, 1, 2], [85, 11, 4])[0])
    while S.now < t_end:
        yield from fresh(s)
        x = R.random()
        if x < .25: s.call("GET", "/appointments?from=%s&to=%s%s" % (iso(S.now)[:10], iso(S.now + DAY)[:10], "&doctor=" + u.slug if u.role == "doctor" else ""), resp={"items": [{"id": a["id"], "patient_id": a["p"].id} for a in R.sample(list(APPT.values()), 5)]}); yield S.think(2, pace)
        p = R.choice(patients)
        if x < .7:
            if u.role == "reception":
                s.call("GET", "/patients?search=%s&page=1" % p.last, resp={"items": [{"id": q.id, "name": q.last + ", " + q.first} for q in [q for q in patients if q.last == p.last][:6]]}); yield S.think(2, 20)
            s.call("GET", "/patients/" + p.id, resp=b_patient(p)); yield S.think(3, pace)
            if p.appts: s.call("GET", "/appointments/" + p.appts[-1]["id"], resp=b_appt(p.appts[-1])); yield S.think(3, pace)
        if u.role == "doctor":
            if p.docs and R.random() < .7:
                d = R.choice(p.docs); s.call("GET", "/documents/" + d["id"], resp=b_doc(d)); yield R.uniform(1, 5)
                s.call("GET", "/documents/%s/content" % d["id"], resp="%PDF-1.7 (omitted)", rh=(["content-type", "application/pdf"], ["content-length", str(d["size"])])); yield S.think(5, pace)
            if R.random() < .2: d = new_doc(p); s.call("POST", "/patients/%s/documents" % p.id, 201, {"kind": d["kind"]}, b_doc(d)); yield S.think(5, pace)
            if R.random() < .15: s.call("POST", "/prescriptions", 201, {"patient_id": p.id, "drug": R.choice(["ibuprofen", "amoxicillin", "metformin"])}, {"id": S.uuid(), "patient": {"id": p.id}}); yield S.think(5, pace)
        else:
            if R.random() < .3: a = new_appt(p, S.now); s.call("POST", "/appointments", 201, {"patient_id": p.id, "doctor": a["d"].slug, "starts_at": a["at"]}, b_appt(a)); yield S.think(5, pace)
            if R.random() < .15 and p.appts: s.call("PATCH", "/appointments/" + p.appts[-1]["id"], req={"status": "arrived"}, resp=b_appt(p.appts[-1])); yield S.think(5, pace)
            if R.random() < .003: s.call("GET", "/admin/users", 403); yield 20      # a wrong menu entry
        if R.random() < .03: yield R.uniform(1500, 3600)
        else: yield S.think(10, pace * 3)


def admin_work(u):
    s = Sess(u, Client(S, CLINIC_NAT, u.prog)); yield from login(s)
    s.call("GET", "/admin/users?page=1", resp={"items": [{"id": q.id, "role": q.role} for q in doctors[:6]]}); yield S.think()
    for _ in range(R.randrange(3, 9)):
        q = R.choice(doctors + recept + patients[:40])
        s.call("GET", "/admin/users/" + q.id, resp={"id": q.id, "role": q.role, "email": q.email}); yield S.think()
        if R.random() < .3: s.call("PATCH", "/admin/users/%s/role" % q.id, req={"role": q.role}, resp={"id": q.id, "role": q.role}); yield S.think()
    s.call("GET", "/admin/audit?limit=50", resp={"items": []}); yield S.think()
    if R.random() < .4: s.call("POST", "/admin/exports", 202, {"kind": "statistics"}, {"id": S.uuid()})


def monitor():
    cl = Client(S, "198.51.100.250", ("UptimeProbe/3.2 (+https://status.example)", GO[1]))
    while True:
        S.emit(cl, "GET", "/health", 200 if R.random() < .998 else 503, resp={"status": "up"}); yield 120 + R.uniform(-1, 1)


def synthetic():
    u = User("patient", 9999); u.otp = False; a = new_appt(u); cl = Client(S, "198.51.100.251", ("SyntheticCheck/1.0", GO[1]))
    while True:
        s = Sess(u, cl); yield from login(s)
        s.call("GET", "/patients/%s/appointments" % u.id, resp={"items": [{"id": a["id"]}]}); yield .5
        s.call("GET", "/appointments/" + a["id"], resp=b_appt(a)); yield .5
        s.call("DELETE", "/auth/session", 204, resp=""); yield 1800


def nightly(day):
    """Export to the insurer's clearing house: every patient's documents, in order."""
    cl = Client(S, "10.20.0.8", ("clinic-export/4.1", GO[1])); auth = (("authorization", "Basic c3ZjLWV4cG9ydDppbnZlbnRlZA=="),)
    for i in range(0, 360, 25): S.emit(cl, "GET", "/patients?page=%d&size=25" % (i // 25 + 1), 200, None, {"items": [{"id": p.id} for p in patients[i:i + 8]]}, auth); yield .6
    for p in patients[:: 2 if day else 1][:240]:
        S.emit(cl, "GET", "/patients/%s/documents" % p.id, 200, None, {"items": [{"id": d["id"]} for d in p.docs[:6]]}, auth); yield R.uniform(.3, .9)
        for d in p.docs[:1]: S.emit(cl, "GET", "/documents/" + d["id"], 200, None, b_doc(d), auth); yield R.uniform(.2, .6)


def lab():
    """A laboratory that sends results every hour."""
    cl = Client(S, "192.0.2.200", ("LabLink/7.3 Java/21", "t13d1411h1_0d8feac7bc37_1d37bd780c83")); auth = (("authorization", "Basic bGFibGluazppbnZlbnRlZA=="),)
    while True:
        for _ in range(R.randrange(2, 8)):
            p = R.choice(patients); d = new_doc(p); d["kind"] = "lab_report"
            S.emit(cl, "GET", "/patients/%s" % p.id, 200, None, b_patient(p), auth); yield .4
            S.emit(cl, "POST", "/patients/%s/documents" % p.id, 201, {"kind": "lab_report", "order": "L%06d" % R.randrange(10**6)}, b_doc(d), auth); yield .8
            if R.random() < .03: S.emit(cl, "GET", "/patients/" + S.uuid(), 404, None, ERR[404], auth); yield .5
        yield 3600 + R.uniform(-60, 60)


def crawler(day):
    cl = Client(S, "192.0.2.%d" % (210 + day), ("Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example/about)", GO[1]))
    S.emit(cl, "GET", "/robots.txt", 200, resp="User-agent: *\nDisallow: /patients\n", rh=(["content-type", "text/plain"],)); yield 2
    for i in range(130):
        slug = R.choice(["flu", "travel", "allergy", "sleep", "knee", "diet"]) + "-" + R.choice(["basics", "faq", "guide", "2025", "2026"]) + "-%d" % (i % 60)
        S.emit(cl, "GET", "/public/articles/" + slug, 404 if R.random() < .08 else 200, resp={"slug": slug, "title": slug.replace("-", " ")}); yield R.uniform(2, 9)


def reader():
    cl = Client(S, S.home(), R.choice(BROWSERS))
    for _ in range(R.randrange(1, 6)):
        if R.random() < .3: S.emit(cl, "GET", "/public/doctors", 200, resp={"items": [{"slug": d.slug} for d in doctors]})
        else: S.emit(cl, "GET", "/public/articles/%s-guide-%d" % (R.choice(["flu", "sleep", "knee"]), R.randrange(60)), 200, resp={"title": "guide"})
        yield S.think()


def burst(p):
    """Vaccination slots open at nine on the second day: everybody at once, with reloads."""
    s = Sess(p, client_of(p)); yield from login(s)
    for _ in range(R.randrange(3, 9)):
        s.call("GET", "/slots?doctor=%s&date=2026-10-%d" % (R.choice(doctors).slug, R.randrange(20, 30)), 200 if R.random() < .9 else 503, resp={"free": []}); yield R.uniform(1, 8)
    a = new_appt(p, S.now); s.call("POST", "/appointments", 201, {"doctor": a["d"].slug, "starts_at": a["at"]}, b_appt(a)); yield 2


# --- attacks
def rented(): return R.choice(S.nets["rented"])


def warm(u, cl, n):
    """What an attacker with an account of his own does before: ordinary use."""
    s = Sess(u, cl); yield from login(s); yield from patient_browse(s, n); return s


def atk_harvest(u, cl, doc):
    c = S.campaign("bola_harvest", "patient %s from %s, %s: takes ids out of calendars and reads the %s of others" % (u.email, cl.ip, cl.ua[:24], "documents" if doc else "appointments"))
    s = yield from warm(u, cl, 5)
    for d in R.sample(doctors, 6):
        for w in range(3):
            body = cal(d); s.call("GET", "/doctors/%s/calendar?week=%d" % (d.slug, 41 + w), resp=body, camp=c, label="ambiguous"); yield R.uniform(.8, 4)
            for b in body["busy"]:
                a = APPT[b["appointment_id"]]
                if a["p"] is u or a["status"] != "booked": continue
                yield from fresh(s)
                ok = R.random() < .9
                if not doc: s.call("GET", "/appointments/" + a["id"], 200 if ok else 403, resp=b_appt(a) if ok else None, camp=c); yield R.uniform(.5, 6)
                else:
                    s.call("GET", "/patients/%s/documents" % a["p"].id, 200 if ok else 403, resp={"items": [{"id": x["id"], "kind": x["kind"]} for x in a["p"].docs[:4]]} if ok else None, camp=c); yield R.uniform(1, 4)
                    for x in a["p"].docs[:1] if ok else []: s.call("GET", "/documents/" + x["id"], resp=b_doc(x), camp=c); yield R.uniform(1, 5)


def atk_slow(u, cl, n, hours):
    c = S.campaign("bola_slow", "patient %s from %s reads a foreign appointment or document every now and then" % (u.email, cl.ip))
    s = yield from warm(u, cl, 3)
    gap = hours * 3600 / n
    for _ in range(n):
        yield from fresh(s)
        p = R.choice([q for q in patients if q is not u and q.docs and q.appts])
        if R.random() < .5: s.call("GET", "/documents/" + p.docs[0]["id"], resp=b_doc(p.docs[0]), camp=c)
        else: s.call("GET", "/appointments/" + p.appts[0]["id"], resp=b_appt(p.appts[0]), camp=c)
        yield R.uniform(2, 20)
        if R.random() < .7 and u.appts: yield from view_appt(s, R.choice(u.appts))
        yield R.expovariate(1 / gap) + 30


def atk_enum(u, cl, n):
    c = S.campaign("enum_ids", "patient %s from %s tries invented document ids" % (u.email, cl.ip))
    s = yield from warm(u, cl, 3)
    for _ in range(n): s.call("GET", R.choice(["/documents/", "/documents/", "/appointments/"]) + S.uuid(), 404, camp=c); yield R.uniform(.2, 2.5); yield from fresh(s)


def try_login(cl, email, pw, ok, c):
    S.emit(cl, "POST", "/auth/session", 200 if ok else 401, {"email": email, "password": pw}, {"user_id": S.uuid(), "role": "patient"} if ok else {"error": "bad_credentials"}, camp=c, rh=(["set-cookie", "CLINSESS=%s; Path=/; HttpOnly; Secure" % S.hexs(32)],) if ok else ())


def leaked(): return "%s%d@%s" % (R.choice(FIRST).lower().replace("ü", "u") + R.choice(["", ".", "_"]) + R.choice(LAST).lower(), R.randrange(1000), R.choice(["mail.example", "post.example", "web.example"]))


def atk_stuff_fast(cl, n):
    c = S.campaign("stuffing_fast", "%s with %s, one address, leaked pairs" % (cl.ip, cl.ua[:24]))
    for i in range(n):
        if i > n * .8 and R.random() < .3: S.emit(cl, "POST", "/auth/session", 429, {"email": leaked(), "password": S.b62(9)}, ERR[429], camp=c, rh=(["retry-after", "30"],))
        else: try_login(cl, R.choice(patients).email if R.random() < .1 else leaked(), S.b62(R.randrange(6, 12)), R.random() < .01, c)
        yield R.expovariate(1 / .7)


def atk_stuff_dist(n, hours):
    c = S.campaign("stuffing_distributed", "about 120 addresses, two or three tries each, browser user agents")
    cls = [Client(S, S.home(), R.choice(BROWSERS[:2] + [PYTHON])) for _ in range(120)]
    for i in range(n): try_login(R.choice(cls), R.choice(patients).email if R.random() < .15 else leaked(), S.b62(R.randrange(6, 12)), R.random() < .012, c); yield R.expovariate(n / (hours * 3600))


def atk_spray(n, gap, ips, pw):
    c = S.campaign("password_spraying", "one password for many accounts from %d address(es), one try per %d seconds" % (len(ips), gap))
    cls = [Client(S, ip, BROWSERS[0]) for ip in ips]
    for p in R.sample(patients, n): try_login(R.choice(cls), p.email, pw, R.random() < .008, c); yield R.expovariate(1 / gap) + 5


def atk_browse(cl, s=None):
    c = S.campaign("forced_browsing", "%s with %s looks for hidden paths" % (cl.ip, cl.ua[:24]))
    paths = "/admin /admin/ /login /api /api/v1 /api/v2/users /swagger.json /openapi.json /v3/api-docs /actuator /actuator/env /actuator/heapdump /debug /server-status /metrics /.env /.git/HEAD /backup.zip /db.sql /phpmyadmin/ /wp-login.php /config.json /graphql /graphiql /console /internal/users /test /old /dev /staging /users /users/1 /export /dump /logs /status /info /jenkins /.well-known/security.txt /robots.txt /patients /documents /admin/users /admin/config /admin/exports /private /tmp /upload /uploads /files /download /api/internal /manage /management/health /trace /env /beans /jolokia /solr/ /xmlrpc.php /cgi-bin/ /vendor/ /node_modules/ /package.json /Dockerfile /docker-compose.yml /.DS_Store /.svn/entries /web.config /crossdomain.xml /sitemap.xml".split()
    R.shuffle(paths)
    for p in paths: S.emit(cl, R.choice(["GET", "GET", "GET", "HEAD"]), p, 200 if p in ("/robots.txt", "/.well-known/security.txt") else 401 if p in ("/patients", "/documents", "/admin/users", "/admin/exports") else 404, None, ERR[404], camp=c); yield R.uniform(.1, .9)


def atk_bfla(u, cl, n):
    c = S.campaign("bfla", "%s %s from %s calls administration functions" % (u.role, u.email, cl.ip))
    s = yield from warm(u, cl, 4)
    for i in range(n):
        q = R.choice(patients + doctors); x = i % 4; ok = R.random() < .6
        if x == 0: s.call("GET", "/admin/users?page=%d" % (i + 1), 200 if ok else 403, resp={"items": [{"id": q.id, "role": q.role}]} if ok else None, camp=c)
        elif x == 1: s.call("GET", "/admin/users/" + q.id, 200 if ok else 403, resp={"id": q.id, "role": q.role, "email": q.email} if ok else None, camp=c)
        elif x == 2: s.call("PATCH", "/admin/users/%s/role" % u.id, 200 if ok else 403, req={"role": "doctor"}, resp={"id": u.id, "role": "doctor"} if ok else None, camp=c)
        else: s.call("GET", R.choice(["/admin/audit?limit=50", "/admin/exports"]), 200 if ok else 403, resp={"items": []} if ok else None, camp=c)
        yield R.uniform(3, 40)


def atk_scrape(u, cl, pages):
    c = S.campaign("scraping", "patient %s from %s takes the whole reviews list page by page" % (u.email, cl.ip))
    s = yield from warm(u, cl, 2)
    for i in range(1, pages + 1): s.call("GET", "/doctors/reviews?page=%d&size=100" % i, resp={"page": i, "total": pages * 100, "items": [{"doctor": R.choice(doctors).slug, "stars": R.randrange(1, 6)} for _ in range(3)]}, rh=(["content-length", str(R.randrange(38000, 52000))],), camp=c); yield R.uniform(.4, 2.2); yield from fresh(s)


def reviews_reader(p):
    s = Sess(p, client_of(p)); yield from login(s)
    for i in range(1, R.randrange(2, 6)): s.call("GET", "/doctors/reviews?page=%d&size=20" % i, resp={"page": i, "items": [{"doctor": R.choice(doctors).slug, "stars": R.randrange(1, 6)} for _ in range(3)]}); yield S.think()


def atk_stolen(u, n, thief):
    c = S.campaign("stolen_token", "session cookie of %s used from %s with %s while its owner is active" % (u.email, thief.ip, thief.ua[:24]))
    s = Sess(u, Client(S, u.home, u.prog)); yield from login(s)
    owner_end = [False]
    def owner():
        while not owner_end[0]: yield from patient_browse_once(s)
    def patient_browse_once(s):
        s.call("GET", "/patients/%s/appointments" % u.id, resp={"items": [{"id": a["id"]} for a in u.appts[-6:]]}); yield S.think(20, 200)
        if u.docs: d = R.choice(u.docs); s.call("GET", "/documents/" + d["id"], resp=b_doc(d)); yield S.think(20, 200)
        s.call("GET", "/notifications", resp={"items": []}); yield S.think(20, 120)
    S.spawn(S.now + 1, owner()); yield 420
    t = Sess(u, thief); t.cookie = s.cookie
    t.call("GET", "/me", resp={"id": u.id, "role": "patient", "email": u.email}, camp=c); yield 3
    for _ in range(n):
        t.last = S.now; t.cookie = s.cookie
        x = R.random()
        if x < .3: t.call("GET", "/patients/%s/documents" % u.id, resp={"items": [{"id": d["id"]} for d in u.docs[:8]]}, camp=c)
        elif x < .7 and u.docs: d = R.choice(u.docs); t.call("GET", "/documents/%s/content" % d["id"], resp="%PDF-1.7 (omitted)", rh=(["content-type", "application/pdf"], ["content-length", str(d["size"])]), camp=c)
        elif u.appts: a = R.choice(u.appts); t.call("GET", "/appointments/" + a["id"], resp=b_appt(a), camp=c)
        yield R.uniform(4, 60)
    owner_end[0] = True


def atk_otp(u, cl, n, gap):
    c = S.campaign("otp_guessing", "%s guesses one-time codes for %s after the right password" % (cl.ip, u.email))
    done = 0
    while done < n:
        ch = S.uuid(); S.emit(cl, "POST", "/auth/session", 202, {"email": u.email, "password": u.password}, {"challenge": ch, "otp_required": True}, camp=c); yield R.uniform(.5, 2)
        for _ in range(R.randrange(12, 30)):
            S.emit(cl, "POST", "/auth/otp", 401, {"challenge": ch, "code": "%06d" % R.randrange(10**6)}, {"error": "bad_code"}, camp=c); done += 1; yield R.expovariate(1 / gap)


def main():
    for day in (0, 1):
        for p in patients:
            for _ in range(R.choices([0, 1, 2], [58, 36, 6])[0]): S.spawn(S.moment(day, PEOPLE), patient_visit(p))
        for p in R.sample(patients, 4): S.spawn(S.moment(day, PEOPLE), forgetful(p))
        for p in R.sample(patients, 12): S.spawn(S.moment(day, PEOPLE), reviews_reader(p))
        for u in doctors: a = S.start + day * DAY + R.uniform(6.8, 8) * 3600; S.spawn(a, staff_day(u, a + R.uniform(7, 9) * 3600, 240))
        for u in recept: a = S.start + day * DAY + R.uniform(6.5, 7.3) * 3600; S.spawn(a, staff_day(u, a + R.uniform(7, 9) * 3600, 170))
        for u in admins: S.spawn(S.moment(day, OFFICE), admin_work(u))
        S.spawn(S.start + day * DAY + 2 * 3600, nightly(day)); S.spawn(S.moment(day, [1] * 24), crawler(day))
        for _ in range(60): S.spawn(S.moment(day, PEOPLE), reader())
    for p in R.sample(patients, 45): S.spawn(S.start + DAY + 9 * 3600 + R.expovariate(1 / 90), burst(p))
    for g in (monitor(), synthetic(), lab()): S.spawn(S.start + R.random() * 60, g)
    # attackers: accounts of their own, or none
    bad = R.sample([p for p in patients if not p.otp and p.docs and p.appts], 14)
    def at(day, h): return S.start + day * DAY + h * 3600 + R.random() * 1200
    own = lambda u: Client(S, u.home, u.prog)
    S.spawn(at(0, 17.5), atk_harvest(bad[0], own(bad[0]), False))
    S.spawn(at(1, 11), atk_harvest(bad[1], Client(S, rented(), PYTHON), True))
    S.spawn(at(1, 20), atk_harvest(bad[2], own(bad[2]), True))
    S.spawn(at(0, 17.8), atk_slow(bad[3], own(bad[3]), 14, 6)); S.spawn(at(1, 7), atk_slow(bad[4], own(bad[4]), 26, 11)); S.spawn(at(1, 9), atk_slow(bad[5], own(bad[5]), 19, 5))
    S.spawn(at(0, 21), atk_enum(bad[6], own(bad[6]), 140)); S.spawn(at(1, 14), atk_enum(bad[7], Client(S, rented(), GO), 90))
    S.spawn(at(0, 22.5), atk_stuff_fast(Client(S, rented(), PYTHON), 260)); S.spawn(at(1, 13), atk_stuff_fast(Client(S, rented(), BROWSERS[0]), 170))
    S.spawn(at(1, 3), atk_stuff_dist(330, 5))
    S.spawn(at(0, 19), atk_spray(70, 180, [rented()], "Herbst2026!")); S.spawn(at(1, 10), atk_spray(90, 240, [rented() for _ in range(5)], "Willkommen1"))
    S.spawn(at(0, 23), atk_browse(Client(S, rented(), ("Mozilla/5.0 (compatible)", GO[1])))); S.spawn(at(1, 16), atk_browse(Client(S, S.home(), BROWSERS[3])))
    S.spawn(at(1, 12), atk_bfla(bad[8], own(bad[8]), 16)); S.spawn(at(1, 18), atk_bfla(bad[9], own(bad[9]), 9))
    S.spawn(at(1, 8), atk_scrape(bad[10], own(bad[10]), 180))
    S.spawn(at(0, 18.5), atk_stolen(bad[11], 24, Client(S, rented(), BROWSERS[3]))); S.spawn(at(1, 15), atk_stolen(bad[12], 38, Client(S, rented(), PYTHON)))
    victim = R.choice([p for p in patients if p.otp]); S.spawn(at(1, 17), atk_otp(victim, Client(S, rented(), PYTHON), 150, 2.0))
    S.run()
    t = S.write(OUT); print(t["events"], t["labels"]); print([(c["campaign"], c["count"]) for c in t["campaigns"]])


main()
