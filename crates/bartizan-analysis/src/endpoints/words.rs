//! English words that APIs use as fixed path text, and how a segment falls into words.
//!
//! The list is general vocabulary of HTTP APIs (resources that most products have, verbs of custom
//! methods). A hit is one piece of evidence among many: a slug may well contain such words.

/// Sorted, lower case, ASCII.
#[rustfmt::skip]
static API_WORDS: &[&str] = &[
    "about", "accept", "access", "account", "accounts", "action", "actions", "activate", "active",
    "activities", "activity", "add", "address", "addresses", "admin", "admins", "alert", "alerts",
    "all", "analytics", "announcements", "answers", "api", "apikeys", "apis", "app", "application",
    "applications", "apply", "approvals", "approve", "apps", "archive", "articles", "assets",
    "assign", "assignments", "attach", "attachments", "attempts", "attributes", "audit", "auth",
    "authenticate", "authorization", "authorizations", "authorize", "authorized", "avatar",
    "backup", "backups", "balance", "balances", "batch", "batches", "beta", "billing", "block",
    "blocks", "blogs", "board", "boards", "bookings", "bookmarks", "branches", "brands", "browse",
    "browser", "bulk", "calculate", "calendar", "calendars", "callback", "callbacks", "calls",
    "campaigns", "cancel", "capture", "card", "cards", "cart", "carts", "catalog", "catalogs",
    "categories", "category", "certificates", "change", "changes", "channels", "charges", "chart",
    "charts", "chat", "check", "checkout", "children", "claim", "claims", "clear", "clients",
    "clone", "close", "cloud", "cluster", "clusters", "code", "codes", "collections", "comment",
    "comments", "commit", "commits", "companies", "company", "compare", "complete", "components",
    "compute", "config", "configs", "configuration", "configurations", "confirm", "connect",
    "connections", "connectors", "consent", "contact", "contacts", "container", "containers",
    "content", "contents", "contracts", "conversations", "convert", "copy", "count", "countries",
    "country", "counts", "coupons", "create", "credentials", "credit", "currencies", "current",
    "custom", "customer", "customers", "dashboard", "dashboards", "data", "database", "databases",
    "datasets", "dates", "debug", "decrypt", "default", "definitions", "delete", "deliveries",
    "delivery", "departments", "deploy", "deployments", "deposits", "describe", "destinations",
    "detail", "details", "device", "devices", "diagnostics", "diff", "directories", "disable",
    "discounts", "disputes", "docs", "document", "documents", "domain", "domains", "download",
    "downloads", "drafts", "drives", "duplicate", "edges", "edit", "elements", "email", "emails",
    "employees", "enable", "encrypt", "end", "endpoint", "endpoints", "engines", "enrollments",
    "entities", "entries", "environment", "environments", "error", "errors", "estimate", "evaluate",
    "event", "events", "exchange", "execute", "executions", "expenses", "experiments", "export",
    "exports", "extensions", "external", "favorites", "features", "feed", "feedback", "feeds",
    "fetch", "fields", "file", "files", "filter", "filters", "find", "flags", "flows", "folders",
    "follow", "followers", "following", "force", "forecast", "forgot", "form", "forms", "forward",
    "friends", "functions", "games", "generate", "get", "global", "grant", "grants", "graph",
    "graphql", "group", "groups", "health", "healthcheck", "healthz", "help", "hide", "history",
    "home", "hooks", "hosts", "identities", "identity", "image", "images", "import", "imports",
    "inbox", "incidents", "index", "info", "init", "initialize", "insights", "install", "instance",
    "instances", "integrations", "interactions", "internal", "invitations", "invite", "invites",
    "invoice", "invoices", "issue", "issues", "item", "items", "job", "jobs", "join", "json", "key",
    "keys", "keywords", "kill", "labels", "languages", "last", "latest", "layers", "leads", "leave",
    "ledger", "legal", "library", "licenses", "like", "likes", "limits", "line", "lines", "link",
    "links", "list", "lists", "live", "load", "local", "locations", "lock", "locks", "log", "login",
    "logout", "logs", "lookup", "mail", "manage", "management", "map", "maps", "mark", "markets",
    "master", "match", "me", "media", "meetings", "members", "membership", "memberships", "merge",
    "message", "messages", "meta", "metadata", "methods", "metrics", "migrate", "migrations",
    "mine", "models", "modify", "modules", "monitor", "monitors", "move", "multiple", "my", "names",
    "namespaces", "network", "networks", "new", "news", "next", "node", "nodes", "notes",
    "notifications", "notify", "oauth", "oauth2", "object", "objects", "offers", "offices", "open",
    "operation", "operations", "options", "order", "orders", "organization", "organizations",
    "orgs", "outputs", "overview", "owner", "owners", "page", "pages", "parents", "partners",
    "password", "passwords", "patch", "pause", "pay", "payment", "payments", "payouts", "people",
    "performance", "permission", "permissions", "personal", "persons", "phases", "phone", "phones",
    "photos", "pickup", "pin", "ping", "pipelines", "places", "plan", "plans", "platform",
    "playlist", "playlists", "plugins", "policies", "policy", "poll", "pools", "portal", "posts",
    "preferences", "preview", "previous", "prices", "pricing", "print", "private", "process",
    "processes", "product", "products", "profile", "profiles", "programs", "progress", "project",
    "projects", "promote", "promotions", "properties", "providers", "provision", "proxy", "prune",
    "public", "publish", "pull", "purchases", "purge", "push", "quantities", "queries", "query",
    "questions", "queue", "queues", "quota", "quotas", "quotes", "random", "rate", "rates",
    "rating", "ratings", "reactions", "read", "ready", "readyz", "rebuild", "receipts", "received",
    "recent", "recommendations", "recordings", "records", "recover", "recovery", "redeem",
    "refresh", "refund", "refunds", "region", "regions", "register", "registration",
    "registrations", "registry", "reindex", "reject", "related", "release", "releases", "remove",
    "rename", "render", "renew", "repair", "replace", "replay", "replies", "reply", "report",
    "reports", "repos", "repositories", "request", "requests", "reschedule", "reservations",
    "reserve", "reset", "resize", "resolve", "resource", "resources", "restart", "restore",
    "results", "resume", "retry", "return", "returns", "reverse", "reviews", "revisions", "revoke",
    "role", "roles", "rotate", "routes", "rows", "rules", "run", "runs", "sales", "samples", "save",
    "scan", "scans", "schedule", "schedules", "schema", "schemas", "scopes", "score", "scores",
    "search", "secret", "secrets", "sections", "security", "segments", "self", "send", "sent",
    "server", "servers", "service", "services", "session", "sessions", "set", "sets", "settings",
    "settle", "setup", "shapes", "share", "shares", "shipments", "shipping", "shop", "shops",
    "show", "sign", "signature", "signin", "signout", "signup", "simulate", "sites", "skip",
    "snapshot", "snapshots", "sources", "spaces", "stages", "starred", "start", "state",
    "statements", "states", "statistics", "stats", "status", "statuses", "steps", "stock", "stop",
    "storage", "store", "stores", "stream", "streams", "submissions", "submit", "subscribe",
    "subscription", "subscriptions", "suggest", "suggestions", "summaries", "summary", "support",
    "suspend", "swap", "switch", "sync", "system", "systems", "table", "tables", "tag", "tags",
    "target", "targets", "task", "tasks", "tax", "taxes", "team", "teams", "template", "templates",
    "tenants", "terminate", "terms", "test", "tests", "text", "threads", "thumbnail", "thumbnails",
    "tickets", "time", "timeline", "times", "toggle", "token", "tokens", "tools", "top", "topics",
    "total", "totals", "trace", "traces", "track", "tracking", "tracks", "transaction",
    "transactional", "transactions", "transfer", "transfers", "translate", "translations", "trash",
    "tree", "trending", "triggers", "trips", "type", "types", "unassign", "unblock", "undo",
    "unfollow", "unlink", "unlock", "unpublish", "unread", "unsubscribe", "update", "updates",
    "upgrade", "upload", "uploads", "upsert", "url", "usage", "use", "user", "username", "users",
    "utilities", "utils", "validate", "validation", "value", "values", "variables", "variants",
    "vendors", "verification", "verifications", "verify", "version", "versions", "videos", "view",
    "views", "visits", "void", "volumes", "votes", "wait", "wallet", "wallets", "watch", "watchers",
    "web", "webhook", "webhooks", "whoami", "widgets", "wiki", "wishlist", "workers", "workflows",
    "workspace", "workspaces", "zones",
];

/// Words that begin the name of a custom method.
#[rustfmt::skip]
static VERBS: &[&str] = &[
    "accept", "activate", "add", "approve", "archive", "assign", "attach", "authorize", "batch",
    "bulk", "calculate", "cancel", "capture", "check", "clear", "clone", "close", "commit",
    "complete", "confirm", "convert", "copy", "create", "deactivate", "delete", "deploy", "disable",
    "download", "edit", "enable", "execute", "export", "fetch", "find", "generate", "get", "import",
    "insert", "invite", "list", "load", "lookup", "merge", "modify", "move", "patch", "pause",
    "poll", "preview", "process", "publish", "pull", "push", "put", "query", "read", "refresh",
    "register", "reject", "release", "remove", "rename", "replace", "request", "reset", "resolve",
    "restart", "restore", "resume", "retry", "return", "revoke", "rotate", "run", "save", "search",
    "send", "set", "simulate", "start", "stop", "submit", "suspend", "sync", "test", "toggle",
    "track", "transfer", "translate", "unlock", "update", "upload", "validate", "verify", "write",
];

/// Short English words and acronyms that names in camel case are made of.
#[rustfmt::skip]
static SHORT_WORDS: &[&str] = &[
    "an", "and", "any", "area", "as", "at", "bank", "base", "body", "box", "by", "car", "case",
    "cash", "city", "cost", "cpu", "css", "csv", "date", "day", "db", "dev", "disk", "dns", "doc",
    "door", "dst", "face", "fact", "fees", "file", "firm", "food", "for", "from", "ftp", "fund",
    "game", "gift", "goal", "gps", "gpu", "hash", "head", "hour", "html", "http", "https", "icon",
    "id", "idea", "ids", "if", "img", "in", "ip", "is", "it", "job", "join", "json", "kind", "kyc",
    "lead", "lift", "line", "load", "loan", "lock", "map", "mass", "max", "menu", "mfa", "min",
    "mind", "mix", "mms", "mode", "name", "need", "net", "no", "not", "note", "of", "off", "on",
    "one", "or", "os", "otp", "out", "pack", "page", "part", "pass", "path", "pdf", "pen", "per",
    "pic", "plan", "play", "png", "poll", "pool", "port", "pos", "post", "pre", "pro", "pull",
    "push", "quiz", "rank", "rate", "raw", "ref", "rent", "ring", "risk", "road", "role", "room",
    "root", "row", "rule", "sale", "seat", "seed", "sell", "ship", "shop", "site", "size", "sku",
    "slot", "sms", "so", "spot", "sql", "src", "ssh", "ssl", "sso", "step", "stop", "sub", "sum",
    "tab", "task", "tcp", "team", "term", "test", "text", "the", "time", "tls", "to", "tool",
    "tree", "trip", "tube", "turn", "tv", "two", "txt", "type", "udp", "ui", "unit", "up", "uri",
    "us", "user", "vat", "via", "view", "vm", "vms", "vote", "vpc", "vpn", "walk", "wall", "web",
    "week", "who", "win", "with", "word", "work", "ws", "xml", "year", "zip", "zone",
];

/// Whether `word` (lower case) is more than a letter and no random text.
pub(crate) fn is_common_word(word: &str) -> bool {
    word.len() > 1 && (is_api_word(word) || SHORT_WORDS.binary_search(&word).is_ok())
}

/// Whether `word` (lower case) is general API vocabulary.
pub(crate) fn is_api_word(word: &str) -> bool {
    API_WORDS.binary_search(&word).is_ok()
        || word.strip_suffix('s').is_some_and(|w| API_WORDS.binary_search(&w).is_ok())
}

/// Whether `word` (lower case) names an action.
pub(crate) fn is_verb(word: &str) -> bool {
    VERBS.binary_search(&word).is_ok()
}

/// The words of a segment, lower case: split at everything that is no letter or digit, at a change
/// to upper case and between letters and digits. At most 16.
pub(crate) fn words_of(segment: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = segment.chars().take(256).collect();
    for (i, c) in chars.iter().copied().enumerate() {
        let before = if i > 0 { chars.get(i - 1).copied() } else { None };
        let next = chars.get(i + 1).copied();
        let camel = c.is_uppercase()
            && (before.is_some_and(char::is_lowercase)
                || (before.is_some_and(char::is_uppercase)
                    && next.is_some_and(char::is_lowercase)));
        let digit = before.is_some_and(|b| {
            b.is_alphanumeric() && c.is_alphanumeric() && b.is_ascii_digit() != c.is_ascii_digit()
        });
        if (camel || digit || !c.is_alphanumeric()) && !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        if out.len() >= 16 {
            return out;
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// Whether a lower-case word looks like an English plural.
pub(crate) fn is_plural(word: &str) -> bool {
    word.len() > 3
        && word.ends_with('s')
        && !(word.ends_with("ss") || word.ends_with("us") || word.ends_with("is"))
}

/// The singular of a plural word; anything else unchanged. Keeps the case of what stays.
pub(crate) fn singular(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    if !is_plural(&lower) || !word.is_ascii() {
        return word.to_owned();
    }
    let stem = |cut: usize| word.get(..word.len() - cut).unwrap_or(word).to_owned();
    if lower.ends_with("ies") && lower.len() > 4 {
        return stem(3) + "y";
    }
    let cut = ["sses", "shes", "ches", "xes", "zes", "uses"].iter().any(|e| lower.ends_with(e));
    if cut { stem(2) } else { stem(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(API_WORDS.windows(2).all(|w| w[0] < w[1]));
        assert!(SHORT_WORDS.windows(2).all(|w| w[0] < w[1]));
        assert!(VERBS.windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn segments_fall_into_words() {
        assert_eq!(words_of("searchByURLParts"), ["search", "by", "url", "parts"]);
        assert_eq!(words_of("oauth2-clients_x"), ["oauth", "2", "clients", "x"]);
        assert_eq!(words_of("--"), Vec::<String>::new());
    }

    #[test]
    fn plurals_become_singular() {
        for (plural, one) in [
            ("users", "user"),
            ("companies", "company"),
            ("boxes", "box"),
            ("addresses", "address"),
            ("statuses", "status"),
            ("status", "status"),
            ("Invoices", "Invoice"),
        ] {
            assert_eq!(singular(plural), one);
        }
    }
}
