"""Shared parts of the two stream generators: clock, clients, output. CC0-1.0."""
import datetime, gzip, heapq, io, json, os, random

DAY = 86400.0
BROWSERS = [
 ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", "t13d1516h2_8daaf6152771_d8a2da3f94cd"),
 ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", "t13d1516h2_8daaf6152771_d8a2da3f94cd"),
 ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "t13d2014h2_a09f3c656075_14788d8d241b"),
 ("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "t13d1715h2_5b57614c22b0_5c2c66f702b0"),
 ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0", "t13d1715h2_5b57614c22b0_5c2c66f702b0"),
 ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "t13d2014h2_a09f3c656075_14788d8d241b"),
 ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36", "t13d1516h2_8daaf6152771_d8a2da3f94cd"),
]
PYTHON = ("python-requests/2.32.3", "t13d1812h1_85036bcba153_375ca2c5e164")
GO = ("Go-http-client/2.0", "t13d1310h2_f57a46bbacb6_e7c285222651")
CURL = ("curl/8.9.1", "t13d4907h2_0d8feac7bc37_7395dae3b2f3")


class Client:
    """Where requests come from: address, program, and now and then a new port."""
    def __init__(self, sim, ip, prog):
        self.sim, self.ip, self.ua, self.ja4, self.port = sim, ip, prog[0], prog[1], sim.R.randrange(20000, 65000)


class Sim:
    def __init__(self, name, host, seed, start, with_ja4):
        self.name, self.host, self.R, self.start, self.with_ja4 = name, host, random.Random(seed), start, with_ja4
        self.end, self.clean_until = start + 2 * DAY, start + 0.35 * 2 * DAY
        self.now, self.heap, self.n, self.events, self.campaigns = start, [], 0, [], []
        self.nets = {"home4": ["192.0.2.%d" % i for i in range(1, 255)] + ["198.51.100.%d" % i for i in range(1, 255)], "cell": ["203.0.113.%d" % i for i in range(1, 40)], "office": ["203.0.113.%d" % i for i in range(64, 100)], "rented": ["203.0.113.%d" % i for i in range(128, 255)]}

    # --- random material
    def hexs(self, n): return "%0*x" % (n, self.R.getrandbits(4 * n))
    def b62(self, n): return "".join(self.R.choice("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789") for _ in range(n))
    def uuid(self):
        h = self.hexs(32); return "%s-%s-4%s-%s%s-%s" % (h[:8], h[8:12], h[13:16], "89ab"[int(h[16], 16) % 4], h[17:20], h[20:])
    def think(self, a=1.5, b=25.0):
        """Seconds between two clicks: log-normal, most short, some long."""
        return min(600.0, a + self.R.lognormvariate(0, 1.0) * (b - a) / 3)
    def home(self): return self.R.choice(self.nets["home4"]) if self.R.random() < .6 else "2001:db8:%x:%x:%x:%x:%x:%x" % (self.R.randrange(0x1000, 0x1040), self.R.randrange(65536), *[self.R.randrange(65536) for _ in range(4)])
    def cell(self): return self.R.choice(self.nets["cell"]) if self.R.random() < .7 else "2001:db8:2000:%x::%x" % (self.R.randrange(4096), self.R.randrange(1, 65536))
    def moment(self, day, rhythm):
        """A start time on one day by hour weights."""
        h = self.R.choices(range(24), rhythm)[0]
        return self.start + day * DAY + h * 3600 + self.R.random() * 3600

    # --- clock
    def spawn(self, t, gen):
        if t < self.end: heapq.heappush(self.heap, (t, self.n, gen)); self.n += 1
    def run(self):
        while self.heap:
            t, _, gen = heapq.heappop(self.heap)
            if t >= self.end: continue
            self.now = t
            try: d = next(gen)
            except StopIteration: continue
            self.spawn(t + max(0.02, d), gen)

    # --- campaigns and events
    def campaign(self, kind, actor):
        c = {"campaign": "%s-%d" % (kind, sum(1 for x in self.campaigns if x["kind"] == kind) + 1), "kind": kind, "actor": actor}
        self.campaigns.append(c); return c

    def emit(self, cl, method, path, status, req=None, resp=None, auth=(), extra=(), camp=None, label=None, rh=(), ms=None, form=None):
        if self.R.random() < .08: cl.port = self.R.randrange(20000, 65000)
        h = [["host", self.host], ["user-agent", cl.ua]] + [list(x) for x in auth] + [list(x) for x in extra]
        r = {"method": method, "url": "https://" + self.host + path, "http_version": "2" if "h2" in cl.ja4 else "1.1", "headers": h}
        if req is not None: h.append(["content-type", "application/json"]); r["body"] = json.dumps(req, separators=(",", ":"), ensure_ascii=False)
        if form is not None: h.append(["content-type", "application/x-www-form-urlencoded"]); r["body"] = form
        e = {"client": {"ip": cl.ip, "port": cl.port}, "request": r}
        if self.with_ja4: e["client"]["ja4"] = cl.ja4
        if status is not None:
            rr = {"status": status, "headers": [list(x) for x in rh]}
            if isinstance(resp, str): rr["body"] = resp
            elif resp is not None: rr["headers"].insert(0, ["content-type", "application/json"]); rr["body"] = json.dumps(resp, separators=(",", ":"), ensure_ascii=False)
            e["response"] = rr
        e["duration_ms"] = ms if ms is not None else round(4 + self.R.lognormvariate(2.6, .6), 1)
        self.events.append((self.now, len(self.events), e, label or (camp["kind"] if camp else "benign"), camp["campaign"] if camp else None))

    def write(self, out):
        self.events.sort(key=lambda x: (x[0], x[1]))
        lines, labels, ids, counts = [], [], {}, {}
        for i, (t, _, e, lab, camp) in enumerate(self.events, 1):
            ident = "%s-%05d" % (self.name[0], i)
            if lab not in ("benign", "ambiguous"): assert t >= self.clean_until, lab; ids.setdefault(camp, []).append(ident)
            d = {"id": ident, "time": iso(t)}; d.update(e)
            lines.append(json.dumps(d, separators=(",", ":"), ensure_ascii=False))
            labels.append(json.dumps({"id": ident, "label": lab, "campaign": camp}, separators=(",", ":")))
            counts[lab] = counts.get(lab, 0) + 1
        put(os.path.join(out, "events.jsonl.gz"), lines)
        put(os.path.join(out, "labels.jsonl.gz"), labels)
        truth = {"stream": self.name, "host": self.host, "events": len(lines), "start": iso(self.start), "end": iso(self.end), "clean_until": iso(self.clean_until), "clean_until_epoch": self.clean_until,
                 "labels": dict(sorted(counts.items())), "campaigns": [dict(c, count=len(ids.get(c["campaign"], [])), events=ids.get(c["campaign"], [])) for c in self.campaigns]}
        with open(os.path.join(out, "truth.json"), "w", encoding="utf-8") as f: json.dump(truth, f, ensure_ascii=False, indent=1); f.write("\n")
        return truth


def iso(t): return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def put(path, lines):
    buf = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buf, mtime=0, compresslevel=9) as z: z.write(("\n".join(lines) + "\n").encode("utf-8"))
    with open(path, "wb") as f: f.write(buf.getvalue())


FIRST = "Ada Ben Cleo Dora Emil Finn Gül Hana Ivo Jana Kofi Lena Milo Nora Olaf Pia Quin Rosa Sven Tara Ugo Vera Wim Xenia Yara Zeno".split()
LAST = "Albers Brandt Cordes Diaz Ekholm Farrow Gruber Hallam Iversen Jansen Kowal Lindt Moreau Nagel Okoye Prior Quast Roth Sato Thiel Ulmer Voss Weiss Yilmaz Zander".split()
OFFICE = [0, 0, 0, 0, 0, 0, 1, 4, 9, 10, 10, 9, 6, 7, 9, 9, 7, 4, 1, 0, 0, 0, 0, 0]
PEOPLE = [1, 0, 0, 0, 0, 1, 3, 6, 7, 7, 6, 6, 7, 6, 5, 5, 6, 7, 8, 9, 9, 7, 4, 2]
