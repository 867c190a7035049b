#!/usr/bin/env python3
"""Generates the data-class judging set: leaves.jsonl.gz.

    python3 gen.py [OUTPUT_DIRECTORY]

Deterministic (seed below); standard library only; CC0-1.0. All values are
invented: numbers with check digits are random with the digit computed.
"""
import base64, datetime, gzip, io, json, os, random, sys, uuid

R = random.Random(90125)
OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
rows, seen = [], set()
pick = R.choice
def dg(n): return "".join(pick("0123456789") for _ in range(n))
def nz(n): return pick("123456789") + dg(n - 1)
def hx(n): return "".join(pick("0123456789abcdef") for _ in range(n))
def b62(n): return "".join(pick("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") for _ in range(n))
def uid(): return str(uuid.UUID(int=R.getrandbits(128), version=4))
def b64u(b): return base64.urlsafe_b64encode(b).decode().rstrip("=")
def other(d, n=10): return (int(d) + R.randrange(1, n)) % n
WRAP = ["", "", "", "/data", "/customer", "/user", "/payload", "/result", "/items/0", "/items/3", "/kunde", "/client", "/order/buyer", "/d/results/1", "/attributes", "/records/7/fields", "/body/request", "/included/2/attributes", "/cliente", "/profile"]


def add(cls, path, value, embedded=False, detail=None, wrap=True, side=None):
    if wrap and path.count("/") == 1: path = pick(WRAP) + path
    k = (path, json.dumps(value))
    if k in seen: return
    seen.add(k)
    rows.append({"side": side or pick(["request", "response"]), "path": path, "value": value, "class": cls, "embedded": embedded, "detail": detail})


FIRST = "Anneliese Björn Chloé Dmitri Esperanza Fatima Giulia Henrik Ikram João Katarzyna Liam Mireille Nobuko Ottavia Priya Quentin Ruairí Svetlana Thandiwe Ulrike Vikram Wanjiru Ximena Yusuf Zofia Hans-Peter Marie-Claire".split()
LAST = "Albrecht Bianchi Czerny Dufour Eriksson Farouk García Håkansson Iyer Jankowski Kowalczyk Lefèvre Moreira Nakamura O'Sullivan Petrović Quispe Rossi Schäfer Takahashi Uchenna Vandenberg Weißmann Ximénez Yıldız Zieliński Van-den-Broek D'Amico".split()
def asc(s): return s.lower().replace("é", "e").replace("è", "e").replace("ö", "o").replace("å", "a").replace("í", "i").replace("ã", "a").replace("ß", "ss").replace("ä", "a").replace("ć", "c").replace("ń", "n").replace("ı", "i").replace("'", "")
def email(): return pick(["{f}.{l}@{d}", "{i}{l}{n}@{d}", "{l}-{f}@{d}", "{f}+news{n}@{d}", "{f}_{l}@sub.{d}", "{F}.{L}@{d}"]).format(f=asc(pick(FIRST)), l=asc(pick(LAST)), i=pick("abcdef"), n=R.randrange(99), d=pick(["example.com", "example.org", "mail.example.net", "firma.example.de", "example.co.uk", "correo.example.es"]), F=asc(pick(FIRST)).title(), L=asc(pick(LAST)).upper())

# --- check digits
def luhn(d):
    s = 0
    for i, c in enumerate(reversed(d)):
        x = int(c) * (2 if i % 2 == 0 else 1); s += x - 9 if x > 9 else x
    return str(-s % 10)
def card():
    p, n = pick([("4", 16), ("51", 16), ("54", 16), ("2221", 16), ("34", 15), ("37", 15), ("6011", 16), ("3528", 16), ("36", 14)])
    b = p + dg(n - len(p) - 1); return b + luhn(b)
def badlast(s, n=10): return s[:-1] + str(other(s[-1]))
def sep(s, c, g): 
    out, i = [], 0
    for n in g: out.append(s[i:i + n]); i += n
    return c.join(out + ([s[i:]] if s[i:] else []))
def iban(good=True):
    cc, bban = pick([("DE", lambda: dg(18)), ("FR", fr_bban), ("ES", es_bban), ("NL", lambda: pick(["ABCD", "TEST", "BANK"]) + dg(10)), ("AT", lambda: dg(16)), ("CH", lambda: dg(17)), ("GB", lambda: "TEST" + dg(14)), ("PL", pl_bban), ("BE", be_bban), ("SE", lambda: dg(20)), ("IE", lambda: "TEST" + dg(14)), ("LU", lambda: dg(16)), ("DK", lambda: dg(14))])
    b = bban(); n = "".join(str(int(c, 36)) for c in b + cc + "00"); k = "%02d" % (98 - int(n) % 97)
    if not good: k = "%02d" % (2 + (int(k) - 2 + R.randrange(1, 96)) % 97)
    return cc + k + b
def fr_bban():
    b = dg(21); return b + "%02d" % (97 - (89 * int(b[:5]) + 15 * int(b[5:10]) + 3 * int(b[10:])) % 97)
def es_bban():
    bank, acc = dg(8), dg(10)
    def k(s, w): x = 11 - sum(int(a) * b for a, b in zip(s, w)) % 11; return str({10: 1, 11: 0}.get(x, x))
    return bank + k(bank, (4, 8, 5, 10, 9, 7, 3, 6)) + k(acc, (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)) + acc
def pl_bban():
    b = dg(7); return b + str(-sum(int(a) * w for a, w in zip(b, (3, 9, 7, 1, 3, 9, 7))) % 10) + dg(16)
def be_bban():
    b = nz(10); return b + "%02d" % (int(b) % 97 or 97)
def birth(a=1935, b=2008): return datetime.date(a, 1, 1) + datetime.timedelta(days=R.randrange(365 * (b - a)))
def wsum(s, w): return sum(int(a) * b for a, b in zip(s, w))

def nid_de():
    while True:
        x = R.sample("0123456789", 9); y = x[:9] + [pick(x)]; R.shuffle(y)
        if y[0] == "0" or any(y[i] == y[i + 1] == y[i + 2] for i in range(8)): continue
        p = 10
        for c in y:
            s = (int(c) + p) % 10 or 10; p = s * 2 % 11
        return "".join(y) + str((11 - p) % 10)
def nid_fr():
    d = birth(); b = "%d%02d%02d%02d%03d%03d" % (pick([1, 2]), d.year % 100, d.month, pick([13, 31, 33, 44, 59, 67, 69, 75]), R.randrange(1, 400), R.randrange(1, 900)); return b + "%02d" % (97 - int(b) % 97)
def nid_es(): n = dg(8); return n + "TRWAGMYFPDXBNJZSQVHLCKE"[int(n) % 23]
def nie_es(): k = R.randrange(3); n = dg(7); return "XYZ"[k] + n + "TRWAGMYFPDXBNJZSQVHLCKE"[int(str(k) + n) % 23]
def nid_it():
    d = birth(); f = R.random() < .5; cons = "BCDFGLMNPRSTVZ"
    b = "".join(pick(cons) for _ in range(6)) + "%02d" % (d.year % 100) + "ABCDEHLMPRST"[d.month - 1] + "%02d" % (d.day + (40 if f else 0)) + pick(["H501", "F205", "L219", "D612", "A944"])
    odd = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]))
    s = sum(odd[c] if i % 2 == 0 else (int(c) if c.isdigit() else ord(c) - 65) for i, c in enumerate(b)); return b + chr(65 + s % 26)
def nid_nl():
    while True:
        b = nz(8); k = wsum(b, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
        if k < 10: return b + str(k)
def nid_be():
    d = birth(1940, 1999); b = d.strftime("%y%m%d") + "%03d" % R.randrange(1, 998); return b + "%02d" % (97 - int(b) % 97)
def nid_pl():
    d = birth(1940, 1999); b = d.strftime("%y%m%d") + dg(4); return b + str(-wsum(b, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)
def nid_se(): d = birth(1940, 1999); b = d.strftime("%y%m%d") + "%03d" % R.randrange(1, 980); return b[:6] + "-" + b[6:] + luhn(b)
def nid_fi(): d = birth(1940, 1999); n = "%03d" % R.randrange(2, 899); b = d.strftime("%d%m%y"); return b + "-" + n + "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(b + n) % 31]
def nid_no():
    while True:
        d = birth(1940, 1999); b = d.strftime("%d%m%y") + "%03d" % R.randrange(0, 499)
        k1 = -wsum(b, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
        k2 = -wsum(b + str(k1), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11 if k1 < 10 else 10
        if k1 < 10 and k2 < 10: return b + str(k1) + str(k2)
def nid_nhs():
    while True:
        b = pick("4679") + dg(8); k = (11 - wsum(b, range(10, 1, -1)) % 11) % 11
        if k < 10: return b + str(k)
def nid_cpf():
    b = nz(9)
    for _ in range(2): k = 11 - wsum(b, range(len(b) + 1, 1, -1)) % 11; b += str(k if k < 10 else 0)
    return b
VD = ["0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432", "7659821043", "8765932104", "9876543210"]
VP = ["0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258"]
def nid_in():
    b = pick("23456789") + dg(10); c = 0
    for i, x in enumerate(reversed(b)): c = int(VD[c][int(VP[(i + 1) % 8][int(x)])])
    return b + next(str(i) for i in range(10) if VD[c][i] == "0")
def nid_cn(): b = pick(["110105", "310104", "440303", "510107"]) + birth(1950, 2004).strftime("%Y%m%d") + dg(3); return b + "10X98765432"[wsum(b, [2 ** (17 - i) % 11 for i in range(17)]) % 11]
def nid_za(): d = birth(1940, 1999); b = d.strftime("%y%m%d") + dg(4) + "08"; return b + luhn(b)
def nid_ca(): b = pick("1245679") + dg(7); return b + luhn(b)
def nid_tr():
    b = nz(9); k = (7 * sum(int(b[i]) for i in (0, 2, 4, 6, 8)) - sum(int(b[i]) for i in (1, 3, 5, 7))) % 10; b += str(k); return b + str(sum(map(int, b)) % 10)
def nid_ch(): b = "756" + dg(9); return b + str(-sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(b)) % 10)
def nid_pt():
    b = pick("12") + dg(7); k = 11 - wsum(b, range(9, 1, -1)) % 11; return b + str(k if k < 10 else 0)
def nid_ro(): d = birth(1940, 1999); b = pick("12") + d.strftime("%y%m%d") + "%02d%03d" % (R.randrange(1, 41), R.randrange(1, 999)); k = wsum(b, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11; return b + str(1 if k == 10 else k)
def nid_bg(): d = birth(1940, 1999); b = d.strftime("%y%m%d") + dg(3); return b + str(wsum(b, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10)
NID = [("DE", nid_de, ["/steuerId", "/steuer_identifikationsnummer", "/taxId", "/IdNr"]), ("FR", nid_fr, ["/numeroSecuriteSociale", "/nir", "/num_secu"]), ("ES", nid_es, ["/dni", "/nif", "/documentoIdentidad"]), ("ES", nie_es, ["/nie", "/numero_nie"]), ("IT", nid_it, ["/codiceFiscale", "/codice_fiscale", "/CF"]),
       ("NL", nid_nl, ["/bsn", "/burgerservicenummer"]), ("BE", nid_be, ["/rijksregisternummer", "/numeroNational", "/nationalNumber"]), ("PL", nid_pl, ["/pesel", "/numerPesel", "/PESEL"]), ("SE", nid_se, ["/personnummer", "/personalIdentityNumber"]), ("FI", nid_fi, ["/henkilotunnus", "/hetu"]), ("NO", nid_no, ["/fodselsnummer", "/national-id"]),
       ("GB", nid_nhs, ["/nhsNumber", "/nhs_no"]), ("BR", nid_cpf, ["/cpf", "/numero_cpf"]), ("IN", nid_in, ["/aadhaar", "/aadhaarNumber", "/uidai_no"]), ("CN", nid_cn, ["/idCardNo", "/shenfenzheng", "/national_id"]), ("ZA", nid_za, ["/idNumber", "/sa_id_number"]), ("CA", nid_ca, ["/sin", "/socialInsuranceNumber"]),
       ("TR", nid_tr, ["/tcKimlikNo", "/tc_no"]), ("CH", nid_ch, ["/ahvNummer", "/navs13", "/avsNumber"]), ("PT", nid_pt, ["/nif", "/numeroContribuinte"]), ("RO", nid_ro, ["/cnp", "/codNumericPersonal"]), ("BG", nid_bg, ["/egn", "/personalNo"])]


def ssn(): a = R.choice([x for x in range(1, 899) if x != 666]); return "%03d-%02d-%04d" % (a, R.randrange(1, 100), R.randrange(1, 10000))
def phone():
    return pick([lambda: "+1-202-555-01" + dg(2), lambda: "(415) 555-01" + dg(2), lambda: "+121255501" + dg(2), lambda: "+44 20 7946 0" + dg(3), lambda: "07700 900" + dg(3), lambda: "+49 30 23125 " + dg(3), lambda: "0171 39200" + dg(2), lambda: "+4915228817" + dg(3), lambda: "01 99 00 %s %s" % (dg(2), dg(2)), lambda: "+33 6 39 98 %s %s" % (dg(2), dg(2)),
                 lambda: "+61 491 570 1" + dg(2), lambda: "(02) 5550 " + dg(4), lambda: "+34 612 34 %s %s" % (dg(2), dg(2)), lambda: "+39 347 123 4" + dg(3), lambda: "+48 512 345 " + dg(3), lambda: "+81 90-1234-" + dg(4), lambda: "+55 11 91234-" + dg(4), lambda: "+91 98765 4" + dg(4), lambda: "+41 79 123 %s %s" % (dg(2), dg(2)), lambda: "+46-8-465 004 " + dg(2), lambda: "0031 6 1234 " + dg(4), lambda: "tel:+43-1-51234" + dg(2), lambda: "+353 20 915 " + dg(4)])()
def name_(): return pick(["{f} {l}", "{l}, {f}", "{f} {m}. {l}", "Dr. {f} {l}", "{f} {l} {k}", "Frau {f} {l}", "Mme {f} {l}"]).format(f=pick(FIRST), l=pick(LAST), m=pick("ABCDEFG"), k=pick(LAST))
def addr():
    n = R.randrange(1, 250)
    return pick([lambda: "%s %d, %s %s" % (pick(["Lindenstraße", "Am Alten Markt", "Schillerplatz", "Bürgermeister-Ring"]), n, nz(5), pick(["Musterstadt", "Neuhausen", "Kleinfeld"])), lambda: "%d %s, %s, %s %s" % (n * 10, pick(["Maple Avenue", "Old Mill Rd", "W 7th St Apt 4B", "Sunset Blvd"]), pick(["Springfield", "Fairview", "Riverton"]), pick(["IL", "OH", "CA", "TX"]), nz(5)), lambda: "%d, rue %s, %s %s" % (n, pick(["des Lilas", "de l'Église", "du Moulin"]), "75" + dg(3), "Villeneuve"),
                 lambda: "Flat %d, %d %s, %s %s" % (R.randrange(1, 30), n, pick(["Station Road", "Church Lane", "High Street"]), pick(["Newtown", "Ashford"]), pick(["AB1 2CD", "ZZ9 9ZZ", "EX4 3PL"])), lambda: "C/ %s %d, %dº B, %s %s" % (pick(["Mayor", "del Sol", "Olmo"]), n, R.randrange(1, 9), nz(5), "Villanueva"), lambda: "Via %s %d, %s %s (%s)" % (pick(["Garibaldi", "dei Fiori", "Roma"]), n, nz(5), "Borgonuovo", pick(["MI", "RM"])), lambda: "ul. %s %d/%d, %s-%s %s" % (pick(["Polna", "Leśna", "Szkolna"]), n, R.randrange(1, 40), dg(2), dg(3), "Nowe Miasto"), lambda: "%s %d, %s %s %s" % (pick(["Dorpsstraat", "Kerkweg"]), n, nz(4), pick(["AB", "ZX"]), "Nieuwdorp"), lambda: "P.O. Box %d, %s" % (n * 7, "Smalltown, NY " + nz(5)), lambda: "Rua das Flores, %d - Centro, Novacidade - SP, %s-%s" % (n, dg(5), dg(3)), lambda: "%s %d" % (pick(["Hauptstr.", "Gartenweg", "Kirchgasse"]), n), lambda: "%d %s" % (n, pick(["Elm Street", "Oak Lane", "Harbour View Road", "Baker's Row"]))])()
def ip(): return pick([lambda: pick(["192.0.2.", "198.51.100.", "203.0.113."]) + str(R.randrange(1, 255)), lambda: "10.%d.%d.%d" % (R.randrange(256), R.randrange(256), R.randrange(1, 255)), lambda: "2001:db8:%x:%x::%x" % (R.randrange(65536), R.randrange(65536), R.randrange(1, 65536)), lambda: "2001:0db8:0000:0000:%s:%s:%s:%s" % (hx(4), hx(4), hx(4), hx(4)), lambda: "::ffff:192.0.2.%d" % R.randrange(255), lambda: "fe80::%s:%sff:fe%s:%s" % (hx(4), hx(2), hx(2), hx(4))])()
def cj(d): return b64u(json.dumps(d, separators=(",", ":")).encode())
def jwt(): return ".".join([cj({"alg": pick(["HS256", "RS256", "ES256"]), "typ": "JWT", **({"kid": hx(6)} if R.random() < .5 else {})}), cj({"sub": uid()[:13], "iat": 1790000000 + R.randrange(10**6), **({"scope": "a b"} if R.random() < .5 else {})}), b64u(R.randbytes(pick([32, 64, 48])))])
def secret():
    j = "".join
    gen = ["/apiKey", "/api_key", "/secret", "/clientSecret", "/client_secret", "/webhookSecret", "/signing_key", "/auth_token", "/x-api-key", "/config/SECRET_KEY", "/integration/token", "/geheimnis", "/cle_api"]
    return pick([(["/aws/accessKeyId", "/accessKey", "/credentials/key"], lambda: j(["AK", "IA"]) + j(pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))), (["/credentials/secretAccessKey", "/awsSecret"], lambda: base64.b64encode(R.randbytes(30)).decode()), (["/githubToken", "/vcs/token", "/value"], lambda: j(["gh", "p_"]) + b62(36)), (["/stripeKey", "/payment/apiKey", "/env/0/value"], lambda: j(["sk_", "live_"]) + b62(24)),
                 (["/slack/bot_token", "/chatToken"], lambda: j(["xo", "xb-"]) + nz(11) + "-" + nz(12) + "-" + b62(24)), (["/ci/token", "/PRIVATE_TOKEN"], lambda: j(["gl", "pat-"]) + b62(20)), (["/mail/apiKey", "/smtp/key"], lambda: j(["SG", "."]) + b62(22) + "." + b62(43)), (["/maps/apiKey", "/browserKey"], lambda: j(["AI", "za"]) + b62(35)), (["/registry/authToken"], lambda: j(["np", "m_"]) + b62(36)),
                 (gen, lambda: hx(40)), (gen, lambda: b62(32)), (gen, lambda: base64.b64encode(R.randbytes(30)).decode()), (["/privateKey", "/tls/key", "/serviceAccount/private_key"], lambda: "-----BEGIN " + "PRIVATE KEY-----\n" + base64.b64encode(R.randbytes(48)).decode() + "\n-----END " + "PRIVATE KEY-----"), (["/databaseUrl", "/dsn", "/config/DATABASE_URL"], lambda: "postgres://svc:" + b62(14) + "@db.example.com:5432/app"),
                 (["/webhookUrl", "/notify/url"], lambda: "https://hooks." + "slack.com/services/T" + b62(8).upper() + "/B" + b62(8).upper() + "/" + b62(24)), (["/webhookSecret", "/signingSecret"], lambda: "whsec_" + b62(32)), (["/refreshToken", "/session_token", "/sessionId"], lambda: b62(40))])
def password(): return pick([lambda: pick(["Sommer", "Winter", "Fluffy", "Liverpool", "qwerty"]) + dg(pick([2, 4])) + pick("!?#*"), lambda: b62(12) + pick("!$%&"), lambda: "correct horse battery " + pick(["staple", "lamp", "tree"]) + dg(2), lambda: "P@ssw0rd" + dg(3), lambda: pick(["hunter", "dragon", "Motdepasse", "contraseña", "Passwort"]) + dg(2), lambda: b62(6) + "-" + b62(6) + "-" + b62(6), lambda: dg(6)])()


def positives(n):
    for i in range(n):
        add("email", pick(["/email", "/emailAddress", "/email_address", "/e-mail", "/EMail", "/contact/mail", "/adresseMail", "/correo_electronico", "/kontakt/eMailAdresse", "/login", "/username", "/recipient", "/to/0", "/value", "/notify", "/owner", "/field_3", "/attributes/UserPrincipalName", "/indirizzoEmail", "/replyTo"]), email())
        add("phone", pick(["/phone", "/phoneNumber", "/mobile", "/tel", "/telefon", "/telefonnummer", "/numeroTelephone", "/cell_phone", "/contact/phones/0/value", "/Handy", "/telefono", "/fax", "/msisdn", "/numer_telefonu", "/emergencyContact/phone", "/sms_to", "/whatsApp"]), phone())
        c = card(); v = c if R.random() < .5 else sep(c, pick([" ", "-"]), [4, 4, 4] if len(c) == 16 else [4, 6])
        if R.random() < .1: v = int(c)
        add("card", pick(["/cardNumber", "/card_number", "/pan", "/payment/card/number", "/creditCard", "/kreditkartennummer", "/cc", "/ccNum", "/numeroCarte", "/account", "/instrument/value", "/numero_tarjeta", "/PrimaryAccountNumber", "/note"]), v)
        b = iban(); add("iban", pick(["/iban", "/IBAN", "/bankAccount/iban", "/kontoverbindung/iban", "/account", "/creditorAccount", "/debtorAccount/identification", "/rib", "/cuenta", "/bank_account_no", "/payout/destination", "/value"]), b if R.random() < .5 else sep(b, " ", [4] * 8).strip() if R.random() < .8 else b.lower())
        s = ssn(); add("us_ssn", pick(["/ssn", "/SSN", "/socialSecurityNumber", "/social_security_number", "/taxpayer/ssn", "/employee/ssn_no", "/applicant/social", "/borrower/SocialSecurityNum", "/dependents/0/ssn"]), s if R.random() < .7 else s.replace("-", pick(["", " "])))
        cc, f, names = NID[i % len(NID)]; v = f()
        if cc == "BR" and R.random() < .5: v = "%s.%s.%s-%s" % (v[:3], v[3:6], v[6:9], v[9:])
        if cc == "CH": v = sep(v, ".", [3, 4, 4, 2]) if R.random() < .6 else v
        if cc in ("IN", "GB") and R.random() < .4: v = sep(v, " ", [4, 4, 4] if cc == "IN" else [3, 3, 4]).strip()
        add("national_id", pick(names), v, detail=cc)
        d = birth(); add("birth_date", pick(["/birthDate", "/dateOfBirth", "/date_of_birth", "/dob", "/DOB", "/geburtsdatum", "/geburtstag", "/dateNaissance", "/date_de_naissance", "/fechaNacimiento", "/data_nascita", "/patient/birth_dt", "/born", "/geboortedatum", "/dataUrodzenia", "/birthday"]), pick([d.isoformat(), d.strftime("%d.%m.%Y"), d.strftime("%m/%d/%Y"), d.strftime("%d/%m/%Y"), d.isoformat() + "T00:00:00Z", d.strftime("%Y%m%d"), d.strftime("%d %B %Y"), int(d.strftime("%Y%m%d"))]))
        k = R.random()
        if k < .65: add("person_name", pick(["/fullName", "/full_name", "/customerName", "/name", "/patient/name", "/cardholder", "/kontoinhaber", "/nomComplet", "/nombre_completo", "/contactPerson", "/ansprechpartner", "/author/name", "/emergency_contact_name", "/signedBy", "/beneficiary", "/displayName", "/passenger", "/imie_i_nazwisko"]), name_())
        elif k < .83: add("person_name", pick(["/firstName", "/given_name", "/vorname", "/prenom", "/nombre", "/fname", "/voornaam", "/imie"]), pick(FIRST))
        else: add("person_name", pick(["/lastName", "/family_name", "/nachname", "/nomDeFamille", "/apellidos", "/surname", "/cognome", "/nazwisko"]), pick(LAST))
        add("postal_address", pick(["/address", "/shippingAddress", "/street", "/street_address", "/addressLine1", "/anschrift", "/strasse", "/adresse", "/direccion", "/indirizzo", "/home_address", "/deliverTo", "/billing/address/line1", "/adres", "/residence", "/location/formatted"]), addr())
        add("ip_address", pick(["/ip", "/ipAddress", "/clientIp", "/client_ip", "/remote_addr", "/lastLoginFrom", "/sourceAddress", "/x-forwarded-for", "/host", "/peer", "/adresseIp", "/device/ip4", "/origin"]), ip())
        add("jwt", pick(["/token", "/accessToken", "/id_token", "/jwt", "/session", "/authorization", "/assertion", "/auth/bearer", "/value", "/t", "/refreshToken", "/credential"]), (pick(["", "", "", "Bearer "])) + jwt())
        ps, sv = secret(); add("secret", pick(ps), sv())
        add("password", pick(["/password", "/passwd", "/pwd", "/newPassword", "/current_password", "/passwort", "/kennwort", "/motDePasse", "/contrasena", "/user_pass", "/passwordConfirmation", "/wachtwoord", "/haslo", "/senha", "/dbPassword", "/adminPw"]), password(), side="request" if R.random() < .85 else "response")
        la, lo = R.uniform(-60, 70), R.uniform(-179, 179)
        add("geolocation", *pick([("/latitude", round(la, 6)), ("/lat", round(la, 5)), ("/location/lng", round(lo, 6)), ("/position/lon", round(lo, 5)), ("/geo/coordinates", [round(lo, 5), round(la, 5)]), ("/gps", "%.5f,%.5f" % (la, lo)), ("/lastKnownPosition", "%.4f, %.4f" % (la, lo)), ("/standort", "POINT(%.5f %.5f)" % (lo, la)), ("/geoloc", "geo:%.4f,%.4f" % (la, lo)), ("/breitengrad", round(la, 5)), ("/longitud", "%.6f" % lo), ("/pickup/latLng", "%.6f;%.6f" % (la, lo)), ("/dms", "%d°%02d'%02d\"N %d°%02d'%02d\"E" % (abs(la), R.randrange(60), R.randrange(60), abs(lo), R.randrange(60), R.randrange(60)))]))
    for _ in range(10):
        add("email", pick(["/message", "/note", "/comment", "/bemerkung"]), pick(["Please write to %s before Friday.", "Bitte Rechnung an %s senden, danke!", "cc: %s (accounting)"]) % email(), True)
        add("phone", pick(["/message", "/note", "/comment", "/instructions"]), pick(["Call me on %s when you're outside.", "Rückruf erbeten unter %s, ab 18 Uhr.", "My new number is %s."]) % pick(["+1-202-555-01" + dg(2), "+44 20 7946 0" + dg(3), "+49 30 23125 " + dg(3)]), True)
        add("iban", pick(["/memo", "/note", "/verwendungszweck"]), pick(["Refund to %s please", "Überweisung auf %s bis Monatsende"]) % sep(iban(), " ", [4] * 8).strip(), True)
        c = card(); add("card", pick(["/note", "/chat/text", "/description"]), pick(["my card is %s exp 09/28", "Karte %s wurde abgelehnt"]) % (sep(c, " ", [4, 4, 4]) if len(c) == 16 else c), True)
        add("jwt", pick(["/log/message", "/callbackUrl", "/curl"]), pick(["auth failed for token %s", "https://app.example.com/cb#id_token=%s&state=x", "curl -H 'Authorization: Bearer %s' https://api.example.com/me"]) % jwt(), True)
        add("us_ssn", pick(["/note", "/memo", "/comment"]), "Applicant's SSN is %s per the form" % ssn(), True)


def ver(n, k=99): return ".".join(str(R.randrange(k)) for _ in range(n))
VERSIONS = [("/version /appVersion /sdkVersion", lambda: ver(3)), ("/firmware /fileVersion /driver/release", lambda: ver(4)), ("/build /assemblyVersion", lambda: ver(3) + "." + str(R.randrange(300, 9999))), ("/minVersion /tag", lambda: "v%s-rc.%d" % (ver(3, 9), R.randrange(9))), ("/oid /snmp/objectId", lambda: "1.3.6.1.4.1." + str(R.randrange(9999))), ("/section /clause", lambda: ver(5, 40)), ("/release /calendarVersion", lambda: "2026.%02d.%d" % (R.randrange(1, 12), R.randrange(99))), ("/hostPattern /octets", lambda: "256.%d.1.1" % R.randrange(99)), ("/range /engine", lambda: ">=%s <%s" % (ver(2), ver(2)))]
NAMES_NOT = [("/product/name /productName /item/title /artikel/bezeichnung /items/0/name", lambda: pick(PRODUCTS) + pick(["", " (blue)", " XL", " set of %d" % R.randrange(2, 9)])), ("/companyName /supplier/name /firma /raison_sociale", lambda: pick(["Acme Logistics GmbH", "Schäfer & Sons Ltd.", "Rossi Trasporti S.r.l.", "D'Amico Holding AG", "Nakamura Industries", "Eriksson Bygg AB"])), ("/fileName /attachment/name /document/nom", lambda: pick(["invoice_%s.pdf", "scan-%s.tiff", "Lefevre_contract_v%s.docx"]) % nz(3)), ("/hostname /node/name", lambda: "web-%s.example.com" % nz(2)), ("/city /ort /ville /ciudad", lambda: pick(["Springfield", "Neuhausen", "Victoria", "Saint-Denis", "Santa Rosa", "St. Albans"])), ("/warehouse/name /room/name /team_name", lambda: pick(["Main warehouse %s", "Curie room %s", "Blue team %s"]) % nz(1)), ("/eventName /event/type", lambda: pick(["user.updated", "order.created", "name.changed"])), ("/names/count /nameLength", lambda: int(nz(2))), ("/firstNameRequired /vornameSichtbar", lambda: pick([True, False])), ("/nameFormat /sortOrder", lambda: pick(["LAST_FIRST", "lastName asc", "{first} {last}"])), ("/hotel/name /ship/name /street/namedAfter", lambda: pick(["Grand Hotel Rossi", "MS Marie Claire", "Garcia-class vessel", "the Curie family"])), ("/role /jobTitle /beruf", lambda: pick(["Team lead", "Schreiner", "Butcher", "Head of Fisher Unit"])), ("/theme/name /plugin/name /font", lambda: pick(["Solarized Dark", "Georgia", "Franklin Gothic", "Jenkins Blue"]))]
ADDRESSES_NOT = [("/smtp/address /mailServer/address /mx", lambda: pick(["smtp.example.com:587", "mx1.example.org", "imap.example.net"])), ("/memoryAddress /pc /stack/0/addr", lambda: "0x" + hx(12)), ("/macAddress /nic/address /bluetooth/addr", lambda: ":".join(hx(2) for _ in range(6))), ("/walletAddress /contractAddress", lambda: "0x" + hx(40)), ("/addressType /address/kind", lambda: pick(["BILLING", "residential", "SHIPPING", "Hausanschrift"])), ("/address/verified /addressRequired", lambda: pick([True, False])), ("/addressId /address/ref", lambda: "addr_" + b62(12)), ("/webAddress /homepage", lambda: "https://www.example.com/p/" + nz(3)), ("/socket/addressFamily", lambda: pick(["AF_INET", "AF_INET6"])), ("/streetLights /houseCount", lambda: int(nz(3))), ("/addressFormat /label/template", lambda: pick(["{street}, {zip} {city}", "%N%n%O%n%A%n%Z %C"])), ("/register/address /modbus/addr", lambda: "4" + dg(4)), ("/shippingMethod /versandart", lambda: pick(["Express 24h", "DHL Paket", "Collect in store 12"])), ("/storageLocation /shelf", lambda: "Aisle %d, bay %d, level %d" % (R.randrange(40), R.randrange(20), R.randrange(6)))]
MAIL_NOT = [("/emailVerified /newsletter/email_opt_in", lambda: pick([True, False])), ("/remote /git/url", lambda: "git@code.example:team/repo-%s.git" % nz(2)), ("/package /dependency", lambda: "@scope/pkg-%s@%s" % (nz(1), ver(3, 9))), ("/module", lambda: "lodash@4.17." + nz(2)), ("/handle /mention", lambda: "@" + asc(pick(FIRST)) + nz(2)), ("/asset /image/file", lambda: "logo-%s@2x.png" % nz(1)), ("/mailbox /folder", lambda: "INBOX/Archive " + nz(4)), ("/emailCount /unreadMails", lambda: int(nz(3))), ("/pattern /emailRegex", lambda: pick(["^[^@]+@[^@]+$", r"^\S+@\S+\.\S+$"])), ("/imageRef /digest", lambda: "registry.example.com/app@sha256:" + hx(64)), ("/emailTemplate /mail/templateId", lambda: "welcome-v" + nz(1)), ("/rate", lambda: "%s@%s" % (nz(3), nz(2))), ("/contactHint", lambda: "user at example dot com, extension " + nz(2))]
PASSWORDS_NOT = [("/passwordPolicy /passwort_regel", lambda: pick(["min. %s characters", "mindestens %s Zeichen, eine Ziffer"]) % nz(2)), ("/passwordSet /passwordResetRequired /hasPassword /csrfEnabled", lambda: pick([True, False])), ("/password /pwd /passwort", lambda: pick(["********", "[REDACTED]", "***", "", None, "<hidden>"])), ("/passwordChangedAt /pwdLastSet", lambda: "2026-03-%02dT%02d:00:00Z" % (R.randrange(1, 28), R.randrange(24))), ("/pwdExpiresInDays /passwordMinLength /max_tokens /tokenCount", lambda: int(nz(2))), ("/pwd/strength /passwordStrength", lambda: pick(["strong", "weak", "medium"])), ("/token_type /tokenType", lambda: "Bearer"), ("/passportOffice /compass /bypassReason", lambda: pick(["Office %s", "NNE %s", "maintenance %s"]) % nz(2)), ("/apiKeyId /keyName /secretName", lambda: pick(["primary-%s", "ci-key-%s", "prod/db/%s"]) % nz(2)), ("/authMethod /secretEngine", lambda: pick(["oauth2", "kv-v2", "password"])), ("/dbPassword /env/PASSWORD", lambda: pick(["${DB_PASSWORD}", "vault:secret/data/app#pw%s" % nz(1), "env:DB_PW_%s" % nz(1), "{{ .Values.password }}"])), ("/keyboard /hotkey", lambda: pick(["qwertz", "ctrl+shift+p"])), ("/passwordResetUrl /help/passwordLink", lambda: "https://www.example.com/help/password?lang=%s" % pick(["de", "en", "fr"])), ("/secretSanta /gameSecret", lambda: "draw on December %d" % R.randrange(1, 24))]
TOKENS_NOT = [("/class /logger /exception/type", lambda: "com.example.service.%sImpl%s" % (pick(["User", "Token", "Order"]), nz(1))), ("/domain /host", lambda: "www.sub%s.example.com" % nz(2)), ("/nextPageToken /cursor /continuation", lambda: b64u(json.dumps({"offset": R.randrange(9999), "k": nz(3)}).encode())), ("/module /import", lambda: "app.module." + pick(["auth", "token", "core"]) + nz(2)), ("/shortLink /slug", lambda: b62(7)), ("/filePath /bundle", lambda: "static/js/main.%s.chunk.js" % hx(8)), ("/jwtAlgorithms /alg", lambda: pick(["RS256", "ES256", "RS256,PS256"])), ("/blurhash /thumb", lambda: b62(14) + "." + b62(6)), ("/truncatedToken /tokenPreview", lambda: "eyJhbGciOi…" + b62(4)), ("/etag /cacheKey", lambda: hx(8) + "." + hx(16) + "." + hx(8))]
NUMBERS_NOT = [("/price /amount /betrag /prix", lambda: round(R.uniform(1, 99), 2)), ("/temperature /humidity /mesure", lambda: round(R.uniform(-40, 50), 4)), ("/score /ratio /confidence", lambda: round(R.uniform(0, 1), 6)), ("/viewBox /crop", lambda: "0 0 %s %s" % (nz(3), nz(3))), ("/resolution /screen", lambda: [int(nz(4)), int(nz(3))]), ("/platform /latestBuild /longName /flatRate", lambda: pick(["ios", "stable-%s" % nz(2), "plan-%s" % nz(2)])), ("/priceRange /salary", lambda: "%s.%s,%s.%s" % (nz(4), dg(2), nz(4), dg(2))), ("/x /y /margin", lambda: round(R.uniform(200, 9999), 3)), ("/mouse/position /cell", lambda: "%s,%s" % (nz(4), nz(3))), ("/latencyMs /duration", lambda: round(R.uniform(200, 9999), 3)), ("/translation/lat /script", lambda: "Latin"), ("/altitude /depth_m", lambda: round(R.uniform(-90, 3000), 1))]
PRODUCTS = ["Marie Antoinette armchair", "Edison lamp", "Oxford shirt", "Charlotte dining set", "Victoria sponge", "Jackson 500 amplifier", "Kent mug", "St. John's wort", "Martin D-28 strings", "Berlin sofa", "Chelsea boots", "Dr. Bronn soap bar", "Georgia peach jam", "Paris notebook", "Mercedes-blue paint"]
def negatives(n):
    for i in range(n):
        ts = 1700000000 + R.randrange(10**8)
        add(None, pick(["/createdAt", "/updated_at", "/timestamp", "/ts", "/iat", "/erstelltAm", "/phoneVerifiedAt", "/exp"]), pick([ts, str(ts), ts * 1000, "2026-%02d-%02dT%02d:00:00Z" % (R.randrange(1, 12), R.randrange(1, 28), R.randrange(24))]))
        dd = birth(1950, 2031); add(None, pick(["/invoiceDate", "/dueDate", "/publicationDate", "/releaseDate", "/date", "/validUntil", "/rechnungsdatum", "/dateCommande", "/expiryDate", "/foundedOn", "/hireDate", "/departure_date", "/lastPasswordChange", "/fechaEntrega"]), pick([dd.isoformat(), dd.strftime("%d.%m.%Y"), dd.strftime("%m/%d/%Y"), dd.strftime("%Y%m%d")]))
        c = badlast(card()); add(None, pick(["/orderNumber", "/order_no", "/transactionId", "/trackingNumber", "/bestellnummer", "/reference", "/cardNumber", "/invoiceNo", "/serial", "/giftCardNo", "/numeroCommande", "/loyaltyNumber"]), pick([c, c, int(c), sep(c, " ", [4, 4, 4]) if len(c) == 16 else c]))
        add(None, pick(["/card/last4", "/cardMasked", "/payment/display", "/pan", "/kartennummer"]), pick([dg(4), "**** **** **** " + dg(4), "411111******" + dg(4), "XXXX-XXXXXX-" + dg(5), "visa", "4" + "X" * 11 + dg(4)]))
        add(None, pick(["/iban", "/account", "/bankCode", "/reference", "/creditorId", "/endToEndId", "/containerNo", "/mandateRef"]), pick([iban(False), iban(False), "RF" + dg(2) + nz(12) + "X", "DE" + dg(2) + "ZZZ" + dg(11), "MSKU" + dg(7), "GB" + nz(9), "DE" + nz(9), "NOTPROVIDED"]))
        add(None, pick(["/ssn", "/partNumber", "/sku", "/caseNumber", "/routing", "/employeeNo", "/articleNo", "/ticket"]), pick(["000-%s-%s" % (nz(2), nz(4)), "666-%s-%s" % (nz(2), nz(4)), "9%s-00-%s" % (dg(2), nz(4)), nz(3) + "-00-" + nz(4), nz(3) + "-" + nz(2) + "-0000", nz(3) + "-" + nz(3) + "-" + nz(3), nz(2) + "-" + nz(7), "XXX-XX-" + dg(4)]))
        cc, f, names = NID[i % len(NID)]; v = f()
        v = (v[:-1] + pick([x for x in "ABCDEFGHJKLMNPRSTVWXYZ" if x != v[-1]]) if v[-1].isalpha() else v[:-1] + pick([x for x in "0123456789" if x != v[-1]]))
        if cc not in ("BR", "TR", "NO"): add(None, pick(names + ["/customerNo", "/articleNumber", "/ref"]), v, detail="check digit broken")
        add(None, pick(["/orderNumber", "/kundennummer", "/parcelNo", "/barcode", "/meterReading", "/quantity", "/amountCents", "/queueId", "/contractNo", "/messageId", "/fileSize", "/zipCode", "/hsCode", "/userId", "/id"]), pick([nz(8), nz(10), nz(11), int(nz(9)), nz(12), "1Z" + b62(16).upper(), "RR" + nz(8) + "DE0", nz(5), int(nz(7)), "%s-%s-%s" % (nz(3), nz(4), nz(4))]))
        add(None, pick(["/id", "/requestId", "/traceId", "/correlation_id", "/etag", "/sha256", "/checksum", "/commit", "/contentHash", "/md5", "/fingerprint", "/revision", "/deviceModelId", "/publicKey", "/integrity", "/idempotencyKey"]), pick([uid(), hx(32), hx(40), hx(64), "W/\"" + hx(16) + "\"", "sha256:" + hx(64), "sha384-" + base64.b64encode(R.randbytes(48)).decode(), "01J" + b62(23).upper(), hx(24), "-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(R.randbytes(40)).decode() + "\n-----END PUBLIC KEY-----"]))
        for group in (VERSIONS, NAMES_NOT, ADDRESSES_NOT, MAIL_NOT, PASSWORDS_NOT, TOKENS_NOT, NUMBERS_NOT):
            ps, v = pick(group); add(None, pick(ps.split()), v() if callable(v) else v)
        add(None, pick(["/description", "/comment", "/note", "/message", "/text", "/bemerkung", "/help", "/error/detail", "/body", "/summary"]), pick(["Please leave the parcel with the neighbour on floor %s.", "The phone case fits models %s and later.", "Your card will arrive within %s days.", "Enter an e-mail address of at most %s characters.", "Order %s was shipped; its tracking page opens tomorrow.", "Das Passwort muss mindestens %s Zeichen haben.", "L'adresse IP est masquée après %s jours.", "Born to run: the %s best songs of the road.", "Meeting room %s, next to the main entrance.", "The IBAN has %s characters in this country.", "Der Name der Datei darf %s Zeichen nicht überschreiten.", "Call before %s o'clock; ring twice.", "Social security in %s chapters: a primer.", "Latitude and longitude are rounded to %s digits."]) % nz(2))


positives(52)
negatives(48)
R.shuffle(rows)
lines = []
for i, r in enumerate(rows, 1):
    d = {"id": "leaf-%05d" % i, "side": r["side"], "path": r["path"], "value": r["value"], "class": r["class"]}
    if r["embedded"]: d["embedded"] = True
    if r["detail"]: d["detail"] = r["detail"]
    lines.append(json.dumps(d, ensure_ascii=False))
buf = io.BytesIO()
with gzip.GzipFile(filename="", mode="wb", fileobj=buf, mtime=0, compresslevel=9) as z: z.write(("\n".join(lines) + "\n").encode("utf-8"))
with open(os.path.join(OUT, "leaves.jsonl.gz"), "wb") as f: f.write(buf.getvalue())
