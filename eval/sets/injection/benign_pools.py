"""Benign field values for the injection judging set, by kind. Invented text, CC0-1.0.

Every value here is something that an ordinary user, editor, developer or
machine sends to an API on purpose, in a field that is meant to hold it.
"""

PROSE = r"""
Please select the blue one from the drop-down; the union of both lists isn't what I need.
I can't drop the kids off before nine, so let's order by phone and select a later slot.
Don't drop the ball on this one: the delete button doesn't work where it should, and the update isn't visible.
It's O'Brien's account, not D'Angelo's; please update the address and don't insert a new one.
Where 1 item is left we insert a note; where 2 or more are left we don't.
The trade union representatives select their delegates from all members; the vote's result is final.
Rock 'n' roll night -- dress like it's 1959 -- free entry for anyone whose name's Buddy or Peggy.
You'd have to execute the plan from the table of contents, or 'else' we're late.
She said 'or else', and I said '1=1 isn't an argument'.
The alert didn't fire; the on-call script wasn't loaded and nobody noticed the error on load.
My son's script for the school play has 3 acts; alert me if he's cast as Hamlet's ghost.
Having fun? Group by table, order by surname, and limit yourselves to 2 drinks -- that's all.
I'd like to cancel; however, "cancel" isn't shown; what's up with that?
5 o'clock; bring a chair; don't be late; and/or call me.
Is it true that A & B || C are the same rule? I'd read the manual as A && (B || C).
Curl up with a cat, ping me later and make sure that nobody kills the heating; cat food is in the cupboard.
We'll sleep (5 or 6 hours) and then benchmark it again; wait for 10 minutes if it's cold.
Who's on first; what's on second; where's the table? I don't know!
Cast the line as far as you can; convert the kilometres, then count (really!) the fish.
Insert coin into slot A, select drink from menu; update display; delete nothing.
He'd rather sell than execute; "exec" is short for executive, isn't it?
For sale: table & chairs; from $50 or best offer; where: Elm St; having trouble? Call's fine.
I paid 30% -- not 20% -- and it's still wrong: "total <> net + tax", as the letter's footnote says.
The password's hint was "mother's maiden name"; I've never had one.
If x < 3 and y > 4 then the offer's void; else it isn't.
I love this <3 <3 <3 -- can't wait! >:)
Use the <Tab> key, then <Ctrl>+<Enter>; don't press <Esc>.
The field shows <no value> and <unknown> instead of the patient's name.
R&D's budget: Q1 > Q2; Q3 < Q4; ok?
Replace ${amount} by the figure, leave `as is` alone & send $(date) as text, thanks.
File is in ../shared on our drive, or was it ..\old? I couldn't open it.
The folder's called "etc"; nothing to do with /etc on the server, whose passwd file I never touched.
What does 'Access denied for user' mean? It's shown when I select 'Reports' from the menu.
Our union's benefits: select * items at half price (* from the fall catalogue).
His name is Null, Mr. Null; the form says 'Last name can't be null' -- true story.
I was told that "javascript: void" isn't an address, but that's what the status bar shows on hover.
The onboarding, onclick counts and onsite visits are =) fine; one more: onload = 12 kN for the bridge's beam.
The doctor's script = 2 tablets; alert (red) if it's more than 4.
I ran the benchmark(s) and it didn't sleep(y)! Haha; it's 5 a.m.; waitfor me.
Wait for delay '5' to pass -- that's what the ticket machine's display says.
C'est l'été ; l'ordre n'est pas donné, l'union fait la force et l'on n'a qu'à sélectionner l'article.
L'utilisateur d'Aix n'arrive pas à s'inscrire ; j'ai l'impression qu'il s'agit d'un script d'alerte.
Qu'est-ce qu'on fait s'il n'y a pas d'option « select » ? J'attends l'avis d'Élodie ; merci d'avance.
Aujourd'hui, c'est l'anniversaire d'Anaïs : 30 % de remise -- jusqu'à 18 h -- sur l'ensemble du rayon.
L'insert de cheminée n'entre pas dans la table d'exposition ; d'où l'update demandé, or l'atelier s'y oppose.
Die Union hat's entschieden; der Drop-off ist um 8 Uhr, und wer's nicht schafft, ruft an.
Ich hab's versucht: 'Auswahl löschen' -- geht nicht; 'Tabelle einfügen' -- geht auch nicht!
Wenn's um 10 < x < 20 geht, dann gilt's; sonst (x >= 20 oder x = 0) nicht.
Der Alarm-Script lief nicht; bitte Update & Neustart; Grüße aus'm Süden.
Ist's möglich, die Rechnung als "PDF" & 'CSV' zu kriegen? Das wär' super; Danke!
Group 1 or group 2? Order by Friday; delete this mail where it isn't needed -- cheers, Sam.
We've got 'single', "double" and `back` quotes; which one's right?
1' 6" tall; 2' 3" wide; it's 4'x8' sheet; 3/4" ply or 1/2" ply.
It's 50/50; either/or; and/or; w/ or w/o; n/a.
6 or 7=lucky; that's what granny says; 1=first and 2=second.
Declare the goods; set the alarm; begin at 6; end at 7; exec's car is outside.
We merge into the left lane, then truncate the trip; grant's decision: revoke it or not?
As it's said: 'To be, or not to be' -- that's from a script, act 3; scene 1; # 56.
No. 5 -- the 'Chanel' one -- isn't for sale; /* see the note */ thanks.
My wifi's name is "Drop Tables Cafe", the password's on the wall; lol.
Today's menu: soup; fish & chips | salad; 'house' wine > 6 euros < 9 euros.
Rename 'old/new' to 'new/old'; the path ../.. shouldn't appear in the printout, should it?
Our dog's eaten the script; alert! (Not a joke.) Prompt action's needed; confirm (yes/no).
I need a table for 2 -- where it's quiet -- union square, order by name O'Hara.
Let's 'union all' the teams, said the coach; select all players from group A and group B.
Char. 39 is the apostrophe ('), char. 34 is the quote ("); ascii art's fun.
The concat'd name looks like "O''Brien"; we've had that twice since the update.
"SELECT" in capitals on the remote's button doesn't do anything; nor does 'INSERT' on the keyboard.
""".strip().splitlines()

SQLTALK = r"""
Why does SELECT * FROM orders WHERE customer_id = 42 OR 1=1 return every row? I expected one.
How do I write a query with UNION SELECT when the two tables have different columns? e.g. SELECT a, b FROM t1 UNION SELECT a, NULL FROM t2;
The migration failed at "ALTER TABLE users DROP COLUMN nickname;" and we've rolled back. Can someone check the locks?
In MySQL 8 the statement `INSERT INTO log (msg) VALUES ('it''s fine')` works, but in the reporting replica it's rejected.
Blog draft: why parameterised queries beat string concatenation. With concatenation the name O'Neil ends the literal; with a prepared statement it's just data.
Ticket: report times out. The slow part is SELECT count(*) FROM events WHERE created_at > now() - interval '7 days' GROUP BY tenant_id ORDER BY 2 DESC LIMIT 10.
I ran DELETE FROM carts WHERE updated_at < '2026-01-01'; and it's been going for an hour. Is it safe to cancel?
Question: is there a difference between "WHERE name LIKE '%son'" and a full-text index? -- asking for our search page
The lecture on Friday covers SELECT, JOIN and HAVING; the exercise sheet asks for ORDER BY and a sub-select, e.g. (SELECT max(price) FROM products).
Our DBA says that pg_sleep(5) in the test suite is fine, as it's only there to check the timeout. Do you agree?
Ich verstehe nicht, warum SELECT name FROM kunden WHERE ort = 'Köln' AND plz <> 50667; nichts liefert.
Pourquoi la requête SELECT nom FROM clients WHERE ville = 'L''Isle' renvoie-t-elle une erreur ; est-ce l'apostrophe ?
After the upgrade EXPLAIN ANALYZE UPDATE stock SET qty = qty - 1 WHERE sku = 'A-1' shows a seq scan. What's wrong with the index?
Security training recap: an attacker types ' OR '1'='1 into the login box. We fixed that in 2019; please read the wiki page before Monday's quiz.
Is DROP TABLE IF EXISTS tmp_import; safe inside a transaction in Postgres? The docs say yes, the tool says no.
I'd like to know what information_schema.tables shows for views; our BI tool lists them twice.
The answer below is wrong: xp_cmdshell isn't enabled by default, so it can't be the cause of your backup failure.
Release notes 4.2: you can now save filters such as status = 'open' AND priority >= 2; old filters with "or" still work.
""".strip().splitlines()

TECHTALK = r"""
The page shows &lt;script&gt; as text, which is right, but our editor strips everything after it. Repro: type the word script between < and >.
How do I center a <div> inside a <table>? I've tried <center> and style, neither works in mail clients.
To restart: run `systemctl restart web && journalctl -u web -f`; if it fails, `cat /var/log/web/error.log | tail -50`.
The docs say: open a terminal, type `curl -s https://get.example.com/install.sh | sh` and follow the prompts. Is that safe on a shared host?
My build fails with "sh: 1: vite: not found" after `npm ci; npm run build`. Node 22, Ubuntu.
Steps to reproduce: 1) ping 192.0.2.10, 2) nslookup db.example.com, 3) see timeouts. traceroute attached.
The include path ../../common/util.h is wrong after we moved the folder; should be ../common/util.h.
Error: ENOENT: no such file or directory, open '/etc/app/config.yaml' -- the container mounts /etc/app read-only.
PowerShell question: Get-ChildItem C:\Temp | Where-Object { $_.Length -gt 1MB } | Remove-Item -WhatIf doesn't list hidden files.
In React, is onClick={() => alert('hi')} evaluated on each render? Our linter complains.
The CSP report says "blocked inline event handler onload"; that's from the old widget: we'll remove it in sprint 14.
Which is right in Jinja: {{ user.name|e }} or {{ user.name }} with autoescape? The template {% if user %} breaks too.
The regex ^(?:\+?49|0)\d{6,}$ rejects our Austrian customers; can't we use a library?
crontab says `*/5 * * * * /usr/local/bin/sync.sh > /dev/null 2>&1`, but nothing's been synced since Tuesday.
On Windows the log is in C:\ProgramData\Acme\logs\..\archive, on Linux in /var/log/acme.
`rm -rf node_modules && npm install` fixed it for me; no idea why; hope that helps!
`$HOME` isn't expanded in single quotes: '$HOME' stays as it is; "$HOME" works; $(pwd) too.
The browser console says: Uncaught TypeError: document.cookie.split is not a function at track (app.js:12:7).
""".strip().splitlines()

NAMES = ["Siobhan O'Neil", "Marco D'Angelo", "Anne-Marie L'Hôte", "Seán Ó'Briain", "Conan O'Dwyer-Smith", "Jean d'Ormes", "N'Golo Kamara",
 "Zoë Müller-Lüdenscheidt", "Chloë \"Coco\" St. James", "Bobby Table", "Drop Union Jr.", "Selecta Fromage", "Ali And Sons; Ltd.", "Smith & Wesley <Partners>",
 "T'Pau Jensen", "Kim Execk", "Alexis Null", "Jack & Jill's", "María-José de la O", "O’Hara, Kevin", "van 't Hoff, J.", "Renée O'Or", "Andy Or", "Ando Ornell",
 "Dr. h.c. Ulf-Günter v. d. Heide", "محمد العلي", "Ксения Д'Арк", "林 小 美", "ÅSE Ø. NÆSS", "Iñaki G.", "Mc'Donough Bros. -- Plumbing", "Script, Alert & Co."]

SEARCH = ["rock 'n' roll", "men's shoes size >= 44", "table & chairs", "drop earrings", "select sires", "union jack flag", "order by mail catalogue", "kids' script font",
 "c++ templates", "c# linq select where", "\"exact phrase\" -excluded", "price:>10 AND price:<20", "1/2\" pipe", "o'reilly sql cookbook", "alert button with script",
 "5' x 7' rug", "what's new?", "50% off; today only", "l'oréal d'été", "qu'est-ce que c'est", "wo ist's am schönsten", "a OR b", "cat and dog food", "cat toys | dog toys",
 "ping pong table", "curling iron", "sleep aid (5 or more)", "tv 55\" 4k & soundbar", "how to delete account from app", "insert for boots 10 or 11", "laptop 16GB; 1TB", "a<b>c",
 "x-men '97", "who's who", "salt -- pepper", "#1 dad mug", "@home office", "100% cotton 'organic'", "wire 2*1.5", "r&b", "~/.bashrc explained", "windows path c:\\temp full",
 "../ meaning", "etc passwd file what is it", "having a baby group", "null object pattern", "<html> for beginners", "javascript: the good parts", "sql: select vs. where", "union select sweater"]

ODATA = ["Name eq 'O''Brien' and Price gt 5", "startswith(LastName,'D''An') or contains(Company,'AND')", "(Status eq 'open' or Status eq 'new') and Total ge 100.00",
 "year(OrderDate) eq 2026 and not endswith(Code,'--')", "Tags/any(t:t eq 'drop') and Region ne null", "Id in (1,2,3) and Deleted eq false", "substringof('union',Title) eq true",
 "Address/City eq 'L''Aquila'", "length(Name) gt 4 and concat(FirstName,LastName) ne ''", "CreatedAt ge 2026-01-01T00:00:00Z and CreatedAt lt 2026-02-01T00:00:00Z",
 "tolower(Name) eq 'select' or 1 eq 1", "Price mul 2 le 30 and (Qty gt 0)", "cast(Rating,Edm.Decimal) ge 4.5", "geo.distance(Loc,geography'POINT(13.4 52.5)') le 10"]
LUCENE = ["title:\"drop table\" AND author:O\\'Neil", "status:(open OR pending) AND NOT tag:script", "+level:error -service:\"auth\" host:web-*", "created:[2026-01-01 TO 2026-06-30] AND (a:b || c:d)",
 "message:/time.?out/ OR message:union~2", "user.id:>=100 AND user.id:<200", "path:\"/etc/hosts\" AND process:cat", "name:d?angelo^2 name:select*"]
JQL = ["project = WEB AND status in ('To Do', 'In Progress') ORDER BY priority DESC, created ASC", "assignee = currentUser() OR reporter = 'o''neil' ORDER BY updated",
 "text ~ \"drop table\" AND labels not in (sql, script) AND created >= -7d", "summary ~ 'select' OR description ~ 'union' order by key", "sprint = 14 AND (type = Bug OR type = Task) AND resolution IS EMPTY",
 "fixVersion > '2.0' AND component = \"Web & API\" ORDER BY rank"]
CQL = ["type = page AND space = DEV AND title ~ \"select\"", "label = 'how-to' AND lastmodified > now('-4w') ORDER BY created DESC", "creator.fullname ~ \"O'Neil\" OR text ~ \"union rules\"", "ancestor = 98304 AND type IN (page, blogpost)"]
REGEX = [r"^[A-Za-z'’\- ]{1,40}$", r"(?i)\b(select|insert|update)\b\s+", r"^\d{3}-\d{2}-\d{4}$", r"<[^>]+>", r"(\.\./)+", r"[;&|`$]", r"^(?!.*--)[a-z0-9-]+$", r"'(?:[^'\\]|\\.)*'", r"\A/(?:etc|var|usr)/.*\z", r"^javascript:", r"(?<=\()[^)]*(?=\))", r"https?://[^\s\"'<>]+"]
MATH = [r"\int_0^1 x^2 \, dx = \frac{1}{3}", r"$$\sum_{i=1}^{n} i = \frac{n(n+1)}{2}$$", r"a<b>c && (d||e)", r"f'(x) = 2x; f''(x) = 2", r"x_1 \le x_2 \wedge y \ne 0", r"\text{if } x = 'a' \text{ or } x = 'b'", r"P(A|B) = P(B|A)*P(A)/P(B)", r"{x | x > 0 & x < 10}", r"1=1 => 2=2", r"\left\{ x \mid x^2 < 2 \right\}", r"(p or q) and not r <=> s", r"=SUM(A1:A9)*IF(B2>0;1;0)", r"=VLOOKUP(D2;'Price list'!A:C;3;FALSE)", r"O(n log n) <= O(n^2); n > 0"]
CSVV = ["id;name;note\n1;O'Neil;\"said \"\"hi\"\"; left\"\n2;D'Angelo;--\n", "sku,qty,price\nA-1,2,9.99\nB-2,1,-5.00\n=C3,+1,@3\n", "from,to,where\nKöln,Bonn,'A' or 'B'\n", "date|select|drop\n2026-01-01|x|y\n", "name,comment\n\"Smith; Jones & Co.\",\"it's <b>bold</b>?\"\n", "lat,lon\n52.5200,13.4050\n48.8566,2.3522\n"]
UNIXPATH = ["/usr/share/nginx/html/index.html", "/etc/app/config.yaml", "/var/lib/app/data", "/home/deploy/.config/app/settings.json", "/opt/tools/bin/convert", "/mnt/nas/2026/invoices", "/etc/ssl/certs/ca-certificates.crt", "./config/local.yaml", "docs/../README.md", "/var/log/app/*.log", "~/Documents/L'été 2026/plan (v2).pdf", "/proc/cpuinfo", "/etc/hosts", "packages/web/src/../assets/logo.svg"]
WINPATH = ["C:\\Program Files (x86)\\Acme\\bin\\acme.exe", "D:\\Data\\2026\\Q3\\report.xlsx", "\\\\fileserver.example\\share\\Finance\\Budget.docx", "C:\\Users\\Public\\Documents\\..\\Pictures", "%APPDATA%\\Acme\\settings.ini", "C:\\Windows\\Fonts\\arial.ttf", "E:\\Backup\\drop\\select\\union.bak", "C:\\inetpub\\logs\\LogFiles"]
SCRIPT = ["npm ci && npm test", "make build; make lint || true", "docker build -t registry.example.com/web:$CI_COMMIT_SHA . && docker push registry.example.com/web:$CI_COMMIT_SHA", "pip install -r requirements.txt | tee pip.log", "curl -fsS https://status.example.com/healthz || exit 1", "export PATH=$PATH:/opt/bin; ./run.sh `date +%F`", "for f in *.sql; do psql -f \"$f\"; done", "cat coverage.txt | grep total | awk '{print $3}'", "if [ -f .env ]; then . ./.env; fi", "bash -c 'set -euo pipefail; cargo test --workspace'", "tar czf - dist | ssh deploy@web1.example.com 'tar xzf - -C /srv/www'", "wget -q https://downloads.example.com/tool.tgz -O- | tar xz", "powershell -Command \"Get-ChildItem dist | Compress-Archive -DestinationPath out.zip\"", "sleep 10; kubectl rollout status deploy/web", "$(aws ecr get-login --no-include-email)", "rm -rf build/ && mkdir -p build && cd build && cmake .. && make -j4", "nslookup db.example.com && nc -z db.example.com 5432", "python -c 'import sys; print(sys.version)' > version.txt 2>&1"]
CRON = ["*/5 * * * *", "0 3 * * 1-5", "15,45 8-18/2 * * MON-FRI", "@daily", "0 0 1 */3 *", "0 0 12 ? * WED#2", "0 4 L * ?"]
VERSION = [">=1.2 <2", "^4.17.21 || ~5.0", "1.2.3-rc.1+build.5", ">1.0 && <=2.5", "<2 || >3", "~> 3.1", "[1.0,2.0)", "!=1.5.*,>=1.4", "1.x || >=2.5.0 || 5.0.0 - 7.2.3"]
JSONPATH = ["$.store.book[?(@.price < 10 && @.title != 'Drop')].title", "$..items[0:2]", "$['it''s']", "$.a.b[*].c", "/items/0/name~1alias", "$.users[?(@.role == \"admin\" || @.id > 5)]", "//book[price>35]/title", "/bookstore/book[@category='web' or 1]/title"]
TEMPLATE = ["Hello {{name}}, your order {{order.id}} ships {{#if express}}today{{/if}}", "Dear {{ customer.last_name | default: 'customer' }},", "<%= user.name %>, it's time", "${user.firstName} ${user.lastName}", "{% for i in items %}{{ i }}; {% endfor %}", "Hi %{name}, you've got %d mails", "{{> header}}<p>{{body}}</p>", "#{greeting} #{name}!", "{{7}} of {{49}} done", "Total: {{ price * quantity }} EUR"]
LOG = ["2026-11-20T10:00:01Z ERROR pool: could not connect; retry 3/5 (host='db1' port=5432)", "GET /index.php?id=1'%20OR%20'1'='1 HTTP/1.1 403 waf blocked", "[warn] 127.0.0.1 - - \"GET /../../etc/passwd HTTP/1.0\" 400 0", "Nov 20 10:00:02 web1 sshd[812]: Failed password for invalid user admin from 203.0.113.9 port 4022 ssh2", "psycopg2.errors.SyntaxError: syntax error at or near \"'\" LINE 1: SELECT * FROM t WHERE name = 'O'Neil'", "sh: 1: convert: not found; exit status 127", "level=info msg=\"executed script\" cmd=\"/bin/sh -c ls -la /tmp | wc -l\" took=12ms", "WARN o.h.SQL: insert into orders (id, note) values (?, ?) -- 2 rows", "kernel: oom-kill: task=java; pid=4121; uid=1000", "CSP: refused to execute inline script because it violates \"script-src 'self'\" <script>init()</script>", "audit: user='d.angelo' action=delete from=cart where=checkout", "DEBUG sql: SELECT u.id FROM users u WHERE u.email = $1 ORDER BY u.id LIMIT 1; args=['x@example.com']"]
STACK = ["Traceback (most recent call last):\n  File \"/usr/lib/python3.11/site-packages/app/db.py\", line 42, in run\n    cur.execute(\"SELECT * FROM t WHERE id = '%s'\" % id)\nValueError: it's broken", "java.lang.NullPointerException: Cannot invoke \"String.length()\"\n\tat com.example.App.main(App.java:12)\n\tat java.base/java.lang.Thread.run(Thread.java:840)", "TypeError: Cannot read properties of null (reading 'onload')\n    at HTMLScriptElement.<anonymous> (https://www.example.com/js/app.js:1:2345)\n    at eval (eval at <anonymous> (<anonymous>:1:1))", "panic: runtime error: index out of range [3] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/app/main.go:17 +0x1d", "System.Data.SqlClient.SqlException: Incorrect syntax near ';'.\n   at C:\\build\\src\\Repo.cs:line 88", "Error: Command failed: /bin/sh -c git rev-parse HEAD | cut -c1-7\n    at ChildProcess.exithandler (node:child_process:422:12)"]
HTML = ["<p>It's <strong>new</strong>: select your <em>favourite</em> table.</p>", "<h2>Opening hours</h2><ul><li>Mon&ndash;Fri: 9&ndash;17</li><li>Sat: by appointment</li></ul>", "<p style=\"text-align:center\">We're open &mdash; don't miss it!</p><hr>", "<table border=\"1\"><thead><tr><th>Where</th><th>When</th></tr></thead><tbody><tr><td>Union St.</td><td>5 o'clock</td></tr></tbody></table>", "<blockquote>To be, or not to be</blockquote><p>&copy; 2026</p>", "<p><a href=\"https://www.example.com/shop?cat=1&amp;sort=price\" title=\"Shop's page\">Order by mail</a></p>", "<figure><img src=\"https://cdn.example.com/img/summer.jpg\" alt=\"It's summer\" width=\"640\"><figcaption>L'été</figcaption></figure>", "<p>Use <code>&lt;script&gt;</code> with care; see <code>SELECT 1</code>.</p>", "<pre><code>if (a &lt; b &amp;&amp; c &gt; d) { return 'x'; }</code></pre>", "<div class=\"alert alert-info\"><p>Heads up: the drop-down isn't ready.</p></div>", "<p>Line one<br/>Line two<br />H<sub>2</sub>O &amp; E=mc<sup>2</sup></p>", "<section id=\"faq\"><h3>What's a union?</h3><p>Select all that apply.</p></section>", "<p lang=\"fr\">L'union fait la force&nbsp;; c'est l'adage.</p>", "<!-- edited by O'Hara --><p dir=\"rtl\">مرحبا</p>", "<details><summary>More</summary><p>1 &lt; 2 or 2 &gt; 1</p></details>", "<p><a href=\"mailto:info@example.com\">Mail</a> &middot; <a href=\"tel:+4930123456\">Call</a></p>"]
MD = ["# Release 2.4\n\n* `SELECT`ing many rows is 2x faster\n* don't drop sessions -- ever\n", "> it's quoted\n\n| a | b |\n|---|---|\n| 1 | 'x' |\n", "Run `npm i && npm start`; then open <http://localhost:3000>.", "```sql\nSELECT id FROM t WHERE a = 'b' OR 1=1;\n```\nWhat's wrong here?", "```html\n<table><tr><td>it's a < b</td></tr></table>\n```\nfrom our docs", "![logo](https://cdn.example.com/l.png \"it's us\") **bold** _it_ ~~no~~", "- [x] union\n- [ ] select\n- [ ] drop; order by", "See [the guide](../guide/setup.md#what's-new) and [API](../../api/index.md).", "```sh\ncat /etc/os-release | grep NAME; uname -a\n```", "Math: $a<b$ and $x' = 1$; a `<div>` isn't a `<span>`.", "<kbd>Ctrl</kbd>+<kbd>C</kbd> & <br> are allowed here"]
CODE = ["<!doctype html>\n<html><head><script src=\"/js/app.js\"></script></head><body onload=\"init()\">\n<img src=x.png onerror=\"this.hidden=true\">\n</body></html>\n", "const q = `SELECT * FROM users WHERE name = '${name}'`; // TODO: bind\ndb.query(q);\n", "#!/bin/sh\nset -e\ncd \"$(dirname \"$0\")\"\ncat ../VERSION | tr -d '\\n'; exit 0\n", "DROP TABLE IF EXISTS a;\nCREATE TABLE a (id int);\nINSERT INTO a SELECT 1 UNION ALL SELECT 2;\n", "import os\nos.system('ls -la /tmp; whoami')\nprint(open('/etc/hosts').read())\n", "el.innerHTML = '<b>' + esc(x) + '</b>'; alert(document.title);\n", "include ../common.mk\nall: ; @echo done && rm -f *.o\n", "SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.name LIKE 'O''%' ORDER BY 1 -- newest\n", "location ~ ^/files/(\\.\\./)+ { return 403; }\n", "Get-Process | Where-Object {$_.CPU -gt 10} | Stop-Process -WhatIf\n", "fn main() { let v: Vec<&'static str> = vec![\"a\"]; println!(\"{:?}\", v); }\n", "<?php include '../inc/header.php'; echo htmlspecialchars($_GET['q']); ?>\n"]
SQLREPORT = ["SELECT region, sum(total) FROM sales WHERE year = 2026 GROUP BY region ORDER BY 2 DESC", "SELECT 'A' AS kind, count(*) FROM a UNION ALL SELECT 'B', count(*) FROM b", "WITH m AS (SELECT max(day) d FROM visits) SELECT * FROM visits, m WHERE visits.day = m.d -- last day", "SELECT name FROM products WHERE name LIKE '%o''clock%' OR price BETWEEN 1 AND 5;"]
EMAILBODY = ["Hi team,\n\nI've attached O'Hara's invoice; please select the right account & don't drop it.\n\n--\nKim\nAcme <info@example.com>", "> On Monday, Pat wrote:\n> it's 1=1 again?\n\nYes; order by Friday, or else.\n\nBest,\nJo", "Bonjour,\n\nL'envoi n'est pas arrivé ; j'attends d'ici à jeudi.\n\nMerci d'avance,\n-- \nÉlodie d'Arras", "Guten Tag,\n\nwie geht's? Die Union der Tabellen (siehe Anhang) stimmt nicht; bitte update.\n\nMfG", "<p>Dear Mr. D'Angelo,</p><p>your table's booked &ndash; 8 o'clock.</p>", "Unsubscribe: https://mail.example.com/u?id=1&t=abc%27d&l=en; reply STOP or call."]
URLS = ["https://www.example.com/search?q=it%27s&sort=-price&page=2&utm_source=mail&utm_campaign=fall%20drop", "https://shop.example.com/p/1?ref=a;b=c&x=1=1&y=%3Cnone%3E", "https://example.com/redirect?to=https%3A%2F%2Fwww.example.org%2Fa%3Fb%3Dc", "https://app.example.com/#/orders?select=id,name&order=created.desc&status=eq.open", "mailto:a@example.com?subject=Rock%20%26%20Roll", "https://docs.example.com/a/../b/index.html", "https://api.example.com/v1/items?filter[name]=O'Neil&include=a,b&fields[x]=y", "ftp://files.example.com/pub/tool-1.2.tgz", "https://maps.example.com/@52.52,13.405,15z/data=!3m1!4b1", "https://cdn.example.com/js/select2.min.js?v=4.1.0-rc.0"]
EMOJI = ["Great 👍🏽 it's 🔥🔥; 10/10 ❤️", "👩‍👩‍👧‍👦 family table <3 & 🍕", "¯\\_(ツ)_/¯ what's next?", "שלום; זה לא '1=1'", "مرحبا؛ لا تحذف 'الجدول'", "‏اختر من القائمة -- شكرا‏", "(╯°□°)╯︵ ┻━┻ drop table!", "Ünïcödé ‘quotes’ “too” ‹and› «these»"]
PHONE = ["+49 (0)30 1234-567", "(555) 010-0199 ext. 12", "+33 1 99 00 12 34; 2e: -- ", "tel:+1-555-0100;ext=5", "*100#", "030/123 45 67 or 8"]
COORD = ["52.5200,13.4050", "48°51'24\"N 2°21'03\"E", "POINT(13.4 52.5)", "-33.87;151.21", "40°26'46\"N; 79°58'56\"W", "bbox=1.5,2.5,3.5,4.5"]
GRAPHQL = ["query Q($id: ID!) { user(id: $id) { name orders(first: 5, orderBy: {field: DATE, direction: DESC}) { edges { node { id total } } } } }", "mutation { createNote(input: {text: \"it's 'done'; -- ok\"}) { note { id } } }", "{ search(query: \"select union\", type: ARTICLE) { ... on Article { title } } }", "query { __typename products(where: {price: {_gt: 5, _lt: 10}, _or: [{name: {_ilike: \"%o'%\"}}]}) { id } }", "fragment F on User { id name } query A { me { ...F } } # it's a comment", "subscription { onAlert(level: \"script\") { id at } }", "query($f: Filter = {and: [{a: {eq: 1}}, {b: {ne: null}}]}) { items(filter: $f) { id } }", "mutation Del { deleteFrom(table: \"seats\", where: \"row 5\") { ok } }"]
SORT = ["-created_at,name", "name asc", "price desc, name asc", "order_by=updated", "created.desc.nullslast", "select:id;name", "+score"]
FILENAME = ["report (final) v2.pdf", "O'Neil's notes.docx", "L'été & l'hiver.jpg", "select_all;2026.csv", "drop-table-plan.xlsx", "a..b...c.txt", "Screenshot 2026-11-20 at 10.00.01.png", "résumé--v3.pdf", "backup.tar.gz", ".gitignore", "photo #1 100%.png", "contract $draft$ (1).odt", "2>1.txt", "script.alert.js", "etc.passwd.example.md", "index..html"]
PATHSEG = ["o'neil-jacket", "rock & roll", "C++", "a<b", "select", "union-square", "drop", "what's-new", "50% off", "qu'est-ce que", "AC/DC", "order by", "1-2;v=3", "(draft)", "scripts", "alert", "etc", "file.name.v1.2", "d'été", "@me", "~user", "key=value", "a,b,c", "users;list"]
UA = ["Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148", "okhttp/4.12.0", "curl/8.9.1", "python-requests/2.32.3", "PowerShell/7.4 (Windows; en-US)", "Acme's App/2.1 (build 5; it's beta)", "Wget/1.24", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0 Safari/537.36", "select-agent/1.0 (+https://bots.example.com/about?x=1&y='z')"]
LANG = ["en", "de-AT", "fr-CA", "pt_BR.UTF-8", "zh-Hans-CN", "en-GB,en;q=0.9,de;q=0.8"]
TITLE = ["What's in a name? Select answers", "Drop-in centre: order by post", "Union's strike -- day 5", "Script writing for beginners", "10 < 20: a maths' riddle", "Alert! Water's off from 9 or 10", "L'art d'aimer ; tome 2", "Where's my table?", "Tips & tricks #4: it's <easy>", "Insert, update, delete: the CRUD song", "How to: group by, having fun", "Wie geht's? -- Teil 1", "O'Clock & Sons; since 1901", "SQL for poets: SELECT * FROM life", "XSS explained: what a script tag means", "cat, ls & co.: a shell primer", "The ../.. of life"]
COLOR = ["#ff8800", "rgb(1, 2, 3)", "url(#grad1)", "calc(100% - 2*10px)", "var(--accent, 'red')"]
HOST = ["db1.example.com", "192.0.2.15", "printer-2.office.example", "2001:db8::15", "api.example.test:8443", "*.example.org"]
EMAIL = ["siobhan.o'neil@example.com", "d'angelo+news@example.org", "sales@example.com", "\"jo;ann\"@example.com", "a.b-c_d@mail.example", "select@example.com", "info+drop--table@example.test"]
BRANCH = ["feature/select-union", "fix/o'neil", "release/1.2.x", "user/kim/it-s-wip", "hotfix/drop;order", "dependabot/npm/lodash-4.17.21", "v2.0.0-rc.1", "refs/heads/main~1"]
CATEGORY = ["kids' wear", "home & garden", "tables/chairs", "drop-earrings", "union-suits", "c++", "select", "rock'n'roll", "50%+"]
PATCHES = ["[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"O'Neil\"},{\"op\":\"remove\",\"path\":\"/tags/0\"}]", "[{\"op\":\"test\",\"path\":\"/a~1b\",\"value\":\"1 or 2\"},{\"op\":\"add\",\"path\":\"/notes/-\",\"value\":\"don't drop; select\"}]", "[{\"op\":\"move\",\"from\":\"/select\",\"path\":\"/union\"}]"]
