#!/usr/bin/env python3
"""Generates the injection judging set: exchanges.jsonl.gz and truth.jsonl.

    python3 gen.py [OUTPUT_DIRECTORY]

Deterministic (seed below); standard library only; CC0-1.0.
"""
import base64, gzip, io, json, os, random, sys, urllib.parse, uuid
import attack_pools as A
import benign_pools as B

SEED = 20261122
R = random.Random(SEED)
OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))


class S:
    """A slot: a place for a value of one kind."""
    def __init__(self, kind): self.kind = kind


class Nest:
    """JSON inside a string: how = json | b64 | b64url | form."""
    def __init__(self, inner, how="json"): self.inner, self.how = inner, how


def hexs(n): return "".join(R.choice("0123456789abcdef") for _ in range(n))
def uid(): return str(uuid.UUID(int=R.getrandbits(128), version=4))
def b64u(b): return base64.urlsafe_b64encode(b).decode().rstrip("=")
def jwt(): return ".".join([b64u(b'{"alg":"RS256","typ":"JWT"}'), b64u(json.dumps({"sub": hexs(8), "exp": 1795000000 + R.randrange(9**6), "scope": "read write"}).encode()), b64u(R.randbytes(48))])
def blob(): return base64.b64encode(R.randbytes(R.randrange(30, 160))).decode()
def date(): return "2026-%02d-%02dT%02d:%02d:%02dZ" % (R.randrange(1, 12), R.randrange(1, 29), R.randrange(24), R.randrange(60), R.randrange(60))
def words(n): return " ".join(R.choice("the plan for our spring store opening moved from office to table seven because all members wanted another date and a bigger room near station".split()) for _ in range(n))

POOL = {"name": B.NAMES, "search": B.SEARCH, "odata": B.ODATA, "lucene": B.LUCENE, "jql": B.JQL, "cql": B.CQL, "regex": B.REGEX, "math": B.MATH, "csv": B.CSVV, "unixpath": B.UNIXPATH,
        "winpath": B.WINPATH, "script": B.SCRIPT, "cron": B.CRON, "version": B.VERSION, "jsonpath": B.JSONPATH, "template": B.TEMPLATE, "log": B.LOG, "stack": B.STACK, "html": B.HTML, "md": B.MD,
        "code": B.CODE, "sqlreport": B.SQLREPORT, "emailbody": B.EMAILBODY, "url": B.URLS, "emoji": B.EMOJI, "phone": B.PHONE, "coord": B.COORD, "gql": B.GRAPHQL, "sort": B.SORT, "filename": B.FILENAME,
        "pathseg": B.PATHSEG, "ua": B.UA, "lang": B.LANG, "title": B.TITLE, "color": B.COLOR, "host": B.HOST, "email": B.EMAIL, "branch": B.BRANCH, "category": B.CATEGORY, "jsonpatch": B.PATCHES,
        "sqltalk": B.SQLTALK, "techtalk": B.TECHTALK, "prose1": B.PROSE}
DECK = {}


def draw(pool):
    """Without replacement until the pool is used up, so that every item appears."""
    if not DECK.get(pool):
        DECK[pool] = list(POOL[pool]); R.shuffle(DECK[pool])
    return DECK[pool].pop()


def benign(kind):
    if kind == "num": return str(R.randrange(1, 10 ** R.randrange(2, 9)))
    if kind == "uuid": return uid()
    if kind == "prose":
        x = R.random()
        if x < .1: return draw("sqltalk")
        if x < .2: return draw("techtalk")
        if x < .26: return draw("emoji")
        return " ".join([draw("prose1")] + ([words(R.randrange(4, 12)).capitalize() + "."] if R.random() < .4 else []) + ([draw("prose1")] if R.random() < .5 else []))
    if kind == "ticket": return draw("sqltalk") if R.random() < .5 else draw("techtalk")
    if kind == "richtext": return draw("html") + (draw("html") if R.random() < .3 else "")
    if kind == "md": return draw("md") + ("\n" + draw("md") if R.random() < .3 else "")
    if kind == "jwt": return jwt()
    if kind == "blob": return blob()
    if kind == "b64text": return base64.b64encode(draw("code").encode()).decode()
    if kind == "file": return R.choice(["report-%d.pdf", "img_%d.jpg", "doc%d.txt", "export-%d.csv"]) % R.randrange(999)
    if kind == "relpath": return R.choice(["docs/intro.md", "2026/q3/summary.pdf", "img/logo@2x.png", "themes/dark/main.css", "src/index.html", "a/b/c.txt", "de/start.html", "v1.2/notes..md", "team's files/plan.odt", "o'neil/cv (2).pdf"])
    if kind == "theme": return R.choice(["dark", "light", "solarized-dark", "high-contrast", "o'clock"])
    if kind == "token": return hexs(32)
    if kind == "date": return date()
    if kind == "slug": return R.choice(["blue-jacket", "summer-sale-2026", "union-jack-mug", "drop-earrings", "select-oak-table", "alert-lamp"]) + "-" + hexs(4)
    if kind == "format": return R.choice(["pdf", "png", "csv", "jpeg", "webp", "docx"])
    if kind == "size": return R.choice(["640x480", "1200x>", "50%", "100x100^"])
    return draw(kind)


# Operations: method, host, path with {kind} parts, query, headers, cookies, content type, body.
def op(m, h, p, q=(), hd=(), ck=(), ct=None, b=None, rs=None, w=1): return dict(m=m, h=h, p=p, q=list(q), hd=list(hd), ck=list(ck), ct=ct, b=b, rs=rs, w=w)

OPS = [
 op("GET", "shop.example.com", "/api/v2/products", [("q", S("search")), ("category", S("category")), ("sort", S("sort")), ("page", S("num"))], w=4),
 op("GET", "shop.example.com", "/api/v2/products/{num}", [("lang", S("lang"))], w=2),
 op("GET", "shop.example.com", "/api/v2/categories/{pathseg}/items", [("limit", S("num"))], w=3),
 op("GET", "shop.example.com", "/api/v2/p/{slug}", [("ref", S("url"))], w=2),
 op("POST", "shop.example.com", "/api/v2/orders", ct="json", b={"customer": {"name": S("name"), "email": S("email"), "phone": S("phone")}, "lines": [{"sku": S("slug"), "qty": 2}], "note": S("prose1"), "gift": {"message": S("emoji")}}, w=4),
 op("POST", "shop.example.com", "/api/v2/products/{num}/reviews", ct="json", b={"title": S("title"), "text": S("prose"), "rating": 4, "author": S("name")}, rs={"id": S("uuid"), "text": S("prose")}, w=4),
 op("GET", "shop.example.com", "/api/v2/products/{num}/reviews", [("sort", S("sort"))], rs={"items": [{"author": S("name"), "text": S("prose")}, {"author": S("name"), "text": S("prose")}]}, w=3),
 op("POST", "shop.example.com", "/login", ct="form", b=[("username", S("email")), ("password", S("token")), ("next", S("relpath"))], w=2),
 op("POST", "shop.example.com", "/contact", ct="form", b=[("name", S("name")), ("email", S("email")), ("subject", S("title")), ("message", S("prose"))], w=4),
 op("GET", "shop.example.com", "/api/v2/cart", ck=[("sid", S("token")), ("theme", S("theme")), ("last_viewed", S("slug"))], w=2),
 op("GET", "shop.example.com", "/api/v2/stores", [("near", S("coord")), ("country", S("lang"))], hd=[("accept-language", S("lang")), ("user-agent", S("ua"))], w=2),
 op("POST", "shop.example.com", "/graphql", ct="json", b={"operationName": "Search", "query": "query Search($term: String!, $by: String, $id: ID) { search(term: $term, sort: $by, id: $id) { id title } }", "variables": {"term": S("search"), "by": S("sort"), "id": S("num")}}, w=4),
 op("POST", "shop.example.com", "/graphql", ct="json", b={"query": "mutation Save($input: ProfileInput!) { saveProfile(input: $input) { id } }", "variables": {"input": {"displayName": S("name"), "bio": S("prose"), "website": S("url"), "address": {"line1": S("name")}}}}, w=4),
 op("POST", "gql.example.test", "/graphql", ct="json", b={"query": S("gql"), "variables": {"id": S("num")}}, w=3),
 op("POST", "helpdesk.example.com", "/v1/tickets", ct="json", b={"ticket": {"subject": S("title"), "description": S("ticket"), "requester": {"name": S("name"), "email": S("email")}, "custom_fields": [{"id": 7, "value": S("search")}, {"id": 9, "value": S("version")}]}}, rs={"id": 1, "description": S("ticket")}, w=5),
 op("POST", "helpdesk.example.com", "/v1/tickets/{num}/comments", ct="json", b={"body": S("ticket"), "public": True}, w=4),
 op("GET", "helpdesk.example.com", "/v1/search", [("query", S("lucene")), ("sort_by", S("sort"))], w=2),
 op("GET", "helpdesk.example.com", "/v1/articles/{pathseg}", hd=[("referer", S("url")), ("user-agent", S("ua"))], rs={"title": S("title"), "body": S("richtext")}, w=3),
 op("PUT", "cms.example.com", "/api/pages/{num}", ct="json", b={"data": {"attributes": {"title": S("title"), "body": S("richtext"), "summary": S("prose"), "blocks": [{"type": "quote", "text": S("prose1")}, {"type": "html", "html": S("richtext")}]}}}, w=5),
 op("POST", "cms.example.com", "/api/posts", ct="json", b={"title": S("title"), "markdown": S("md"), "author": S("name"), "tags": [S("category")]}, w=4),
 op("POST", "cms.example.com", "/api/media", ct="multipart", b=[("file", S("filename"), "image/png"), ("caption", S("prose1"), None), ("alt", S("title"), None)], w=4),
 op("GET", "cms.example.com", "/api/media/download", [("file", S("file")), ("size", S("size"))], w=4),
 op("GET", "cms.example.com", "/files/{file}", [("v", S("num"))], w=2),
 op("GET", "cms.example.com", "/api/render", [("template", S("relpath")), ("lang", S("lang"))], w=2),
 op("POST", "cms.example.com", "/xmlrpc", ct="xml", b="<methodCall><methodName>page.edit</methodName><params><param><value><int>{num}</int></value></param><param><value><string>{title}</string></value></param><param><value><string>{prose1}</string></value></param></params></methodCall>", w=2),
 op("POST", "erp.example.com", "/soap/customer", hd=[("soapaction", "\"urn:updateCustomer\"")], ct="xml", b="<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><u:updateCustomer xmlns:u=\"urn:crm\"><u:id>{num}</u:id><u:name>{name}</u:name><u:remark lang=\"{lang}\">{prose1}</u:remark></u:updateCustomer></s:Body></s:Envelope>", w=4),
 op("GET", "erp.example.com", "/odata/v4/Customers", [("$filter", S("odata")), ("$orderby", "Name asc,Total desc"), ("$select", "Id,Name"), ("$top", "20")], w=4),
 op("GET", "erp.example.com", "/odata/v4/Orders({num})/Lines", [("$filter", S("odata")), ("$expand", "Product($select=Name;$orderby=Name)")], w=2),
 op("GET", "erp.example.com", "/rest/invoices/{num}", [("format", S("format"))], w=3),
 op("POST", "erp.example.com", "/rest/import", ct="csv", b="{csv}", w=2),
 op("POST", "erp.example.com", "/rest/import", ct="json", b={"kind": "csv", "data": S("csv"), "mapping": {"formula": S("math")}}, w=2),
 op("GET", "tracker.example.com", "/rest/api/3/search", [("jql", S("jql")), ("maxResults", "50")], w=3),
 op("GET", "tracker.example.com", "/wiki/rest/api/search", [("cql", S("cql"))], w=2),
 op("POST", "tracker.example.com", "/rest/api/3/issue", ct="json", b={"fields": {"summary": S("title"), "description": S("ticket"), "environment": S("version"), "labels": [S("category")]}}, w=3),
 op("PUT", "code.example.test", "/api/repos/acme/web/contents/{relpath}", ct="json", b={"message": S("title"), "content": S("code"), "branch": S("branch")}, w=5),
 op("PUT", "code.example.test", "/api/repos/acme/api/contents/{relpath}", ct="json", b={"message": "update", "content": S("b64text"), "encoding": "base64"}, w=3),
 op("GET", "code.example.test", "/api/repos/acme/web/compare/{branch}", [("path", S("relpath"))], w=2),
 op("POST", "code.example.test", "/api/snippets", ct="json", b={"title": S("title"), "files": [{"name": S("file"), "content": S("code")}]}, rs={"id": S("num"), "files": [{"content": S("code")}]}, w=3),
 op("PUT", "ci.example.test", "/v1/projects/{num}/pipelines", ct="json", b={"name": S("branch"), "schedule": S("cron"), "jobs": [{"image": "node:22", "script": S("script")}, {"image": "alpine:3", "script": [S("script"), S("script")]}]}, w=5),
 op("POST", "ci.example.test", "/v1/runs", ct="json", b={"ref": S("branch"), "env": {"RANGE": S("version"), "PATH_PREFIX": S("unixpath")}}, w=2),
 op("PATCH", "config.example.test", "/v1/services/web", ct="json", b={"root": S("unixpath"), "log": {"path": S("unixpath")}, "rules": [{"match": S("regex"), "to": S("url")}], "upstream": S("host")}, w=3),
 op("PATCH", "config.example.test", "/v1/hosts/win-1", ct="json", b={"install_dir": S("winpath"), "share": S("winpath"), "schedule": S("cron")}, w=3),
 op("PATCH", "config.example.test", "/v1/documents/{uuid}", ct="jsonpatch", b="{jsonpatch}", w=2),
 op("POST", "logs.example.test", "/v1/ingest", ct="ndjson", b=[{"ts": S("date"), "level": "error", "msg": S("log")}, {"ts": S("date"), "level": "info", "msg": S("log"), "src": S("unixpath")}], w=4),
 op("POST", "logs.example.test", "/v1/errors", ct="json", b={"exception": {"value": S("log"), "stacktrace": S("stack")}, "request": {"url": S("url"), "headers": {"User-Agent": S("ua")}}, "release": S("version")}, w=4),
 op("GET", "logs.example.test", "/v1/query", [("q", S("lucene")), ("from", S("date"))], w=2),
 op("POST", "bi.example.test", "/api/saved-queries", ct="json", b={"name": S("title"), "sql": S("sqlreport"), "schedule": S("cron")}, w=2),
 op("POST", "mail.example.com", "/v1/send", ct="json", b={"to": [{"email": S("email"), "name": S("name")}], "subject": S("title"), "text": S("emailbody"), "html": S("richtext"), "template": S("template")}, w=4),
 op("PUT", "mail.example.com", "/v1/templates/{num}", ct="json", b={"subject": S("template"), "body": S("template")}, w=2),
 op("POST", "learn.example.com", "/api/answers", ct="json", b={"question": S("uuid"), "latex": S("math"), "answer": S("prose")}, w=3),
 op("POST", "learn.example.com", "/api/forum/threads", ct="form", b=[("title", S("title")), ("body", S("ticket")), ("tags", S("category"))], w=4),
 op("POST", "events.example.com", "/collect", ct="json", b={"event": "page_view", "payload": Nest({"url": S("url"), "title": S("title"), "search": S("search")}), "device": S("ua")}, w=3),
 op("GET", "events.example.com", "/t.gif", [("d", Nest({"u": S("url"), "r": S("search"), "id": S("num")}, "b64url")), ("l", S("lang"))], w=3),
 op("POST", "partner.example.com", "/webhook", ct="json", b={"type": "ticket.created", "data": Nest({"user": {"name": S("name"), "note": S("prose")}, "ref": S("num")}, "b64"), "sig": S("blob")}, w=4),
 op("POST", "partner.example.com", "/webhook", ct="form", b=[("payload", Nest({"user": S("name"), "text": S("prose"), "file": S("file")})), ("ts", S("num"))], w=3),
 op("GET", "app.example.com", "/api/items", [("filter", Nest({"name": S("search"), "price": {"$gt": 5, "$lt": 20}, "sort": S("sort")}))], w=3),
 op("GET", "app.example.com", "/api/me", hd=[("authorization", "Bearer"), ("x-tenant", S("num")), ("x-client-version", S("version"))], ck=[("prefs", Nest({"theme": S("theme"), "q": S("search")}, "b64"))], w=2),
 op("GET", "app.example.com", "/api/report", [("id", S("num")), ("format", S("format")), ("template", S("file"))], hd=[("x-forwarded-for", "198.51.100.7"), ("referer", S("url"))], w=3),
 op("POST", "app.example.com", "/api/convert", ct="json", b={"source": S("file"), "options": {"format": S("format"), "size": S("size"), "title": S("title")}, "callback": S("url")}, w=3),
 op("POST", "app.example.com", "/api/upload", ct="multipart", b=[("document", S("filename"), "application/pdf"), ("description", S("prose"), None), ("folder", S("relpath"), None)], w=4),
 op("POST", "net.example.com", "/api/diagnostics", ct="json", b={"tool": "ping", "target": {"host": S("host")}, "count": 4}, w=2),
 op("GET", "net.example.com", "/api/lookup", [("domain", S("host")), ("type", "A")], w=2),
 op("POST", "net.example.com", "/api/devices", ct="form", b=[("hostname", S("host")), ("label", S("name")), ("backup_path", S("relpath"))], w=2),
 op("PATCH", "app.example.com", "/api/profile", ct="json", b={"profile": {"display_name": S("name"), "about": S("prose"), "website": S("url"), "accent": S("color"), "contact": {"phone": S("phone"), "home": S("coord")}}}, rs={"profile": {"display_name": S("name"), "about": S("prose")}}, w=4),
 op("POST", "app.example.com", "/api/rules", ct="json", b={"when": S("jsonpath"), "pattern": S("regex"), "then": S("template"), "range": S("version")}, w=3),
 op("POST", "docs.example.com", "/api/batch", ct="json", b={"requests": [{"id": "1", "method": "GET", "url": S("url")}, {"id": "2", "method": "POST", "body": {"text": S("prose"), "name": S("name")}}]}, w=2),
 op("PUT", "docs.example.com", "/dav/{relpath}", ct="text", b="{md}", w=2),
 op("POST", "auth.example.com", "/oauth/token", ct="form", b=[("grant_type", "refresh_token"), ("refresh_token", S("jwt")), ("client_id", S("token")), ("redirect_uri", S("url"))], w=2),
 op("POST", "store.example.com", "/objects", ct="json", b={"key": S("relpath"), "data": S("blob"), "tags": {"{key}": S("category"), "owner": S("name")}}, w=2),
]

# Where an attacker would try which class. Fields that are meant to hold code, queries or shell are left out.
FIT = {
 "sql": {"num", "slug", "search", "name", "sort", "email", "category", "pathseg", "title", "lang", "token", "uuid", "theme", "host", "prose1", "date", "ua"},
 "xss": {"name", "search", "prose", "prose1", "title", "richtext", "ua", "category", "pathseg", "filename", "emoji", "color", "email", "phone", "lang", "url", "theme"},
 "command": {"host", "filename", "file", "format", "size", "search", "name", "email", "num", "phone", "theme", "lang", "ua", "category"},
 "traversal": {"file", "filename", "relpath", "lang", "theme", "slug", "pathseg", "format", "num", "url"},
}
NUMERIC = {"num"}


def fits(cls, ctx, kind, loc):
    if kind not in FIT[cls]: return False
    if cls == "sql":
        if ctx == "num": return kind == "num"
        if ctx == "order": return kind == "sort"
        if ctx == "str": return kind not in ("num", "sort")
        return kind not in ("sort",)
    if cls == "xss":
        if ctx == "url": return kind == "url"
        if ctx == "prose": return kind in ("prose", "prose1", "title")
        return kind not in ("url",) or loc[0] == "header"
    if cls == "command":
        if ctx == "header": return loc[0] == "header"
        if ctx == "filename": return kind in ("filename", "file")
    if cls == "traversal":
        if ctx == "filename": return kind == "filename"
        if ctx == "body": return loc[0] == "body" and kind not in ("num",)
        if kind == "num": return R.random() < .15
        if kind == "filename": return R.random() < .4
    return True


def slots(o):
    """[(slot object or ('tpl', index, kind), kind, location)]"""
    out = []
    def walk(v, loc):
        if isinstance(v, S): out.append((v, v.kind, loc))
        elif isinstance(v, Nest): walk(v.inner, loc[:1] + ("nested " + v.how,))
        elif isinstance(v, dict):
            for x in v.values(): walk(x, loc)
        elif isinstance(v, (list, tuple)):
            for x in v: walk(x, loc)
        elif isinstance(v, str):
            for i, k in enumerate(tplkinds(v)): out.append(((v, i), k, loc))
    for i, k in enumerate(tplkinds(o["p"])): out.append(((o["p"], i), k, ("path", "segment")))
    for n, v in o["q"]: walk(v, ("query", "parameter"))
    for n, v in o["hd"]: walk(v, ("header", n))
    for n, v in o["ck"]: walk(v, ("cookie", n))
    if o["b"] is not None:
        d = {"json": "json leaf", "form": "form field", "multipart": "multipart", "xml": "xml", "ndjson": "ndjson", "csv": "csv", "jsonpatch": "json", "text": "text"}[o["ct"]]
        if isinstance(o["b"], dict) and "variables" in o["b"]: d = "graphql variables"
        walk(o["b"], ("body", d))
    return out


def tplkinds(t):
    out, i = [], 0
    while True:
        a = t.find("{", i)
        if a < 0: return out
        b = t.find("}", a)
        if b > 0 and t[a + 1:b].isalnum() and (t[a + 1:b] in POOL or t[a + 1:b] in ("num", "uuid", "slug", "file", "relpath", "prose", "md")): out.append(t[a + 1:b]); i = b
        else: i = a + 1


def pct(s, style):
    if isinstance(s, str): s = s.encode("utf-8")
    if style == "full": return "".join("%%%02x" % c for c in s)
    if style == "FULL": return "".join("%%%02X" % c for c in s)
    if style == "form": return urllib.parse.quote_plus(s, safe="")
    if style == "double": return urllib.parse.quote(urllib.parse.quote(s, safe=""), safe="")
    if style == "loose": return urllib.parse.quote(s, safe="!$'()*,;:@/?=<>{}|`^\"-._~[]\\".replace("\"", "").replace("<", "").replace(">", "").replace("`", "").replace("{", "").replace("}", "").replace("|", "").replace("^", "").replace("\\", ""))
    if style == "mixed": return "".join(("%%%02x" % c) if (c < 33 or c > 126 or chr(c) in "&=#+%?/;<>\"{}|\\^`" or R.random() < .35) else chr(c) for c in s)
    return urllib.parse.quote(s, safe="")


def jesc(text, style):
    """A JSON document with some or all characters of its strings as \\u escapes."""
    if style == "plain": return text
    out, ins, i = [], False, 0
    while i < len(text):
        c = text[i]
        if ins and c == "\\":
            n = 6 if text[i + 1] == "u" else 2
            out.append(text[i:i + n]); i += n; continue
        if c == '"': ins = not ins
        out.append("\\u%04x" % ord(c) if ins and c != '"' and ord(c) < 0x10000 and (c in "<>'&=;|./" or style == "all" and c.isalpha()) else c)
        i += 1
    return "".join(out)


def xmlesc(s, style="entity"):
    s = "".join(c for c in s if c in "\t\n\r" or ord(c) >= 32)
    if style == "cdata" and "]]>" not in s: return "<![CDATA[" + s + "]]>"
    if style == "numeric": return "".join("&#%d;" % ord(c) if c in "<>&'\"/=();" else c for c in s)
    return s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def build(o, target=None, payload=None, enc=None):
    """One exchange; the target slot holds payload, all others benign values."""
    enc = enc or {}
    def val(slot, kind):
        if target is not None and slot is target or (isinstance(slot, tuple) and isinstance(target, tuple) and slot[1] == target[1] and slot[0] is target[0]): return payload, True
        return benign(kind), False
    hit = [False]
    def res(v):
        if isinstance(v, S):
            x, t = val(v, v.kind); hit[0] |= t
            if not t and v.kind == "num" and R.random() < .6: return int(x)
            return x
        if isinstance(v, Nest):
            t = json.dumps(res(v.inner), ensure_ascii=R.random() < .5, separators=(",", ":"))
            if v.how == "b64": return base64.b64encode(t.encode("utf-8", "surrogatepass")).decode()
            if v.how == "b64url": return b64u(t.encode())
            return t
        if isinstance(v, dict): return {k: res(x) for k, x in v.items()}
        if isinstance(v, list): return [res(x) for x in v]
        return v
    def tpl(t, esc):
        kinds = tplkinds(t); out, i = "", 0
        for j, k in enumerate(kinds):
            a = t.index("{%s}" % k, i); x, hitme = val((t, j), k)
            out += t[i:a] + esc(x, hitme); i = a + len(k) + 2
        return out + t[i:]
    path = tpl(o["p"], lambda x, h: pct(x, enc.get("pct", "std")) if h else urllib.parse.quote(x, safe="/:@!$'()*,;=~" if o["p"].startswith("/dav") or "contents" in o["p"] else ":@!$'()*,;=~"))
    qs = []
    for n, v in o["q"]:
        hit[0] = False
        x = str(res(v)); h = hit[0]
        qs.append(n + "=" + (pct(x, enc.get("pct", "std")) if h else (urllib.parse.quote_plus(x) if R.random() < .5 else urllib.parse.quote(x, safe="/:@!$'()*,;?"))))
    R2 = [["host", o["h"]], ["user-agent", R.choice(B.UA[:3] + B.UA[8:9])], ["accept", "application/json"]]
    for n, v in o["hd"]:
        hit[0] = False
        x = "Bearer " + jwt() if v == "Bearer" else str(res(v)); h = hit[0]
        if h and enc.get("hpct"): x = pct(x, "std")
        x = x.replace("\r", " ").replace("\n", " ") if not h else x
        x = x if x.isascii() else urllib.parse.quote(x, safe=" ()/;,:.=+-'\"")
        R2 = [y for y in R2 if y[0] != n] + [[n, x]]
    ck = []
    for n, v in o["ck"]:
        hit[0] = False
        x = str(res(v)); h = hit[0]
        ck.append(n + "=" + (pct(x, "std") if (not h or enc.get("hpct") or any(c in x for c in ";, \r\n\"") or not x.isascii()) else x))
    if ck: R2.append(["cookie", "; ".join(ck)])
    elif R.random() < .5 and not any(y[0] == "authorization" for y in R2): R2.append(["authorization", "Bearer " + jwt()])
    body, ct = None, o["ct"]
    if ct == "json":
        body = jesc(json.dumps(res(o["b"]), ensure_ascii=R.random() < .4, separators=R.choice([(",", ":"), (", ", ": ")])), enc.get("json", "plain"))
        R2.append(["content-type", R.choice(["application/json", "application/json; charset=utf-8", "application/vnd.api+json"] if "graphql" not in o["p"] else ["application/json"])])
    elif ct == "ndjson":
        body = "".join(json.dumps(res(x), ensure_ascii=False) + "\n" for x in o["b"]); R2.append(["content-type", "application/x-ndjson"])
    elif ct == "form":
        ps = []
        for n, v in o["b"]:
            hit[0] = False
            x = str(res(v)); ps.append(n + "=" + pct(x, enc.get("pct", "form") if hit[0] else "form"))
        body = "&".join(ps); R2.append(["content-type", "application/x-www-form-urlencoded"])
    elif ct == "multipart":
        bd = "----form" + hexs(12); body = ""
        for n, v, mime in o["b"]:
            hit[0] = False
            x = str(res(v))
            if mime:
                x = x.replace("\r", "%0D").replace("\n", "%0A").replace('"', '%22' if R.random() < .5 else '\\"')
                body += "--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\nContent-Type: %s\r\n\r\n%s\r\n" % (bd, n, x, mime, "%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj" if "pdf" in mime else blob())
            else: body += "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n" % (bd, n, x)
        body += "--%s--\r\n" % bd; R2.append(["content-type", "multipart/form-data; boundary=" + bd])
    elif ct == "xml":
        body = '<?xml version="1.0" encoding="UTF-8"?>' + tpl(o["b"], lambda x, h: xmlesc(x, "entity" if not h or o["b"].find('lang="{') > 0 and enc.get("xml") == "cdata" else enc.get("xml", "entity")))
        R2.append(["content-type", "text/xml; charset=utf-8"])
    elif ct in ("csv", "jsonpatch", "text"):
        body = tpl(o["b"], lambda x, h: x); R2.append(["content-type", {"csv": "text/csv", "jsonpatch": "application/json-patch+json", "text": "text/markdown"}[ct]])
    req = {"method": o["m"], "url": "https://" + o["h"] + path + ("?" + "&".join(qs) if qs else ""), "http_version": R.choice(["1.1", "2"]), "headers": R2}
    if body is not None: req["body"] = body
    x = R.random()
    st = R.choices([200, 201 if o["m"] == "POST" else 200, 400, 404, 500], [60, 15, 12, 8, 5])[0]
    resp = {"status": st, "headers": [["content-type", "application/json"]]}
    if st < 300: resp["body"] = json.dumps(res(o["rs"]) if o["rs"] and target is None or o["rs"] and R.random() < .5 else R.choice([{"ok": True}, {"id": R.randrange(9999)}, {"items": [], "total": 0}]), ensure_ascii=False)
    else: resp["body"] = json.dumps({"error": {400: "invalid request", 404: "not found", 500: "internal error"}[st]})
    e = {"client": {"ip": R.choice(["198.51.100.", "203.0.113.", "192.0.2."]) + str(R.randrange(1, 255))}, "request": req}
    if x < .8: e["response"] = resp; e["duration_ms"] = round(R.expovariate(1 / 40) + 3, 1)
    return e


def fill(t):
    for k, v in (("{n}", str(R.randrange(2, 9999))), ("{m}", str(R.randrange(10000, 99999))), ("{k}", str(R.randrange(3, 20))), ("{t}", R.choice(["users", "accounts", "customers", "members"])),
                 ("{h}", R.choice(["oob.example", "cb.attacker.test", "x%d.dns.example" % R.randrange(99)])), ("{ip}", R.choice(["203.0.113.", "198.51.100."]) + str(R.randrange(1, 255))),
                 ("{w}", "".join(R.choice("abcdefghijkmnpqrstuvwxyz") for _ in range(R.randrange(3, 6))))):
        t = t.replace(k, v)
    return t


def vary_sql(t):
    x = R.random()
    if x < .55 or "%0" in t: return t, None
    if x < .72: return "".join(c.upper() if R.random() < .5 else c.lower() for c in t), "mixed case"
    if x < .86:
        i = t.rfind("--"); i = len(t) if i < 0 else i
        return t[:i].replace(" ", "/**/") + t[i:], "comments for spaces"
    if x < .93:
        i = t.rfind("--"); i = len(t) if i < 0 else i
        return t[:i].replace(" ", "\t") + t[i:], "tabs for spaces"
    return "".join(c.lower() if c.isalpha() else c for c in t), "lower case"


PREFIX = {"host": ["127.0.0.1", "example.com", "db1.example.com"], "file": ["report.pdf", "a.png"], "filename": ["photo.jpg", "report.pdf"], "num": ["1", "42", "1007"], "search": ["shoes", "lamp", "x"], "name": ["Kim", "Pat Doe"],
          "email": ["kim@example.com", "a@example.com"], "format": ["pdf", "png"], "size": ["640x480"], "title": ["Test", "Hello"], "prose": ["Nice product.", "Hi"], "prose1": ["Thanks"], "slug": ["blue-jacket-1a2b"]}


def attacks(cls, pool, extra):
    todo = list(pool) + R.sample(pool, extra)
    locs = {}
    for item in todo:
        text, ctx, note = item[:3]; also = list(item[3:])
        cand = []
        for o in OPS:
            if o["h"] in ("code.example.test", "ci.example.test", "bi.example.test", "logs.example.test"): continue
            for s, k, loc in slots(o):
                if not fits(cls, ctx, k, loc): continue
                if any(c in text for c in "\r\n\x00\x01") and loc[0] in ("header", "cookie") : continue
                if not text.isascii() and loc[0] in ("header", "cookie"): continue
                if "\x00" in text and loc[1] in ("xml", "multipart"): continue
                if "\x01" in text and loc[1] == "xml": continue
                if loc[1] == "csv": continue
                if o["p"].startswith("/login") and k == "token" and cls != "sql": continue
                cand.append((o, s, k, loc))
        # prefer locations used least so far in this class, so that all of them are covered
        lo = min(locs.get((c[3][0], c[3][1]), 0) for c in cand)
        if R.random() < .6: cand = [c for c in cand if locs.get((c[3][0], c[3][1]), 0) <= lo + 1]
        o, s, k, loc = R.choice(cand); locs[loc[0], loc[1]] = locs.get((loc[0], loc[1]), 0) + 1
        p = fill(text); notes = [note]
        if cls == "sql":
            p, v = vary_sql(p)
            if v: notes.append(v)
            if ctx == "num": p = R.choice(["1", "42", "-1", "1007", "0"]) + p
            elif ctx == "str" and R.random() < .6: p = R.choice(PREFIX.get(k, ["x", "a"])) + p
        elif cls == "command" and ctx == "any":
            if R.random() < .75: p = R.choice(PREFIX.get(k, ["x"])) + ("" if p[0] in ";|&`\n\r%" else " " if p[0] == ">" else "") + p
        elif cls == "xss" and ctx == "any" and R.random() < .3 and loc[0] != "path": p = R.choice(PREFIX.get(k, ["x"])) + p
        enc = {}
        if loc[0] in ("path", "query") or loc[1] in ("form field",):
            st = R.choices(["std", "form" if loc[0] != "path" else "std", "full", "FULL", "double", "loose", "mixed"], [30, 20, 6, 6, 14, 10, 14])[0]
            if cls == "traversal" and "%" in p and loc[0] != "body" and R.random() < .8: st = "raw"
            if cls == "traversal" and loc[0] == "path" and R.random() < .5 and "\\" not in p and p.isascii(): st = "raw"
            enc["pct"] = st
            if st not in ("std", "form", "raw"): notes.append({"full": "every byte escaped", "FULL": "every byte escaped", "double": "double percent", "loose": "few escapes", "mixed": "random escapes"}[st])
            if st == "raw": notes.append("as written")
        elif loc[1] in ("json leaf", "graphql variables", "nested json") and loc[0] == "body":
            st = R.choices(["plain", "some", "all"], [72, 16, 12])[0]
            if loc[1] == "nested json": st = "plain"
            enc["json"] = st
            if st != "plain": notes.append("unicode escapes")
        elif loc[1] == "xml":
            enc["xml"] = R.choice(["entity", "cdata", "numeric"]); notes.append("xml " + enc["xml"])
        elif loc[0] in ("header", "cookie"):
            enc["hpct"] = R.random() < .25
            if enc["hpct"]: notes.append("percent")
        e = build(o, s, p, enc)
        yield e, cls, "; ".join(["%s %s" % loc] + notes), also


_pct = pct
def pct(s, style):
    if style == "raw": return "".join(c if 33 <= ord(c) < 127 and c not in "?#&\"<>" else urllib.parse.quote(c, safe="") for c in s)
    return _pct(s, style)


def main():
    rows, seen = [], set()
    for cls, pool, extra in (("sql", A.SQL, 4), ("xss", A.XSS, 4), ("command", A.CMD, 4), ("traversal", A.TRAV, 4)):
        rows += list(attacks(cls, pool, extra))
    weighted = [o for o in OPS for _ in range(o["w"])]
    n, deck = 0, []
    while n < 1320:
        if not deck: deck = weighted[:]; R.shuffle(deck)
        o = deck.pop(); e = build(o)
        key = json.dumps(e["request"], sort_keys=True)
        if key in seen: continue
        seen.add(key); n += 1
        rows.append((e, "benign", o["m"] + " " + o["p"], []))
    R.shuffle(rows)
    t0, lines, truth = 1795341600.0, [], []
    import datetime
    for i, (e, lab, note, also) in enumerate(rows, 1):
        t0 += R.expovariate(1 / 2.0)
        ident = "inj-%05d" % i
        d = {"id": ident, "time": datetime.datetime.fromtimestamp(t0, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"}
        d.update(e)
        lines.append(json.dumps(d, ensure_ascii=False))
        t = {"id": ident, "label": lab, "note": note}
        if also: t["also"] = also
        truth.append(json.dumps(t, ensure_ascii=False))
    buf = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buf, mtime=0, compresslevel=9) as z: z.write(("\n".join(lines) + "\n").encode("utf-8"))
    open(os.path.join(OUT, "exchanges.jsonl.gz"), "wb").write(buf.getvalue())
    open(os.path.join(OUT, "truth.jsonl"), "w", encoding="utf-8").write("\n".join(truth) + "\n")


main()
