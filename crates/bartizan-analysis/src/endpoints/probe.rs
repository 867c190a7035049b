//! Paths that scanners ask for, whatever the API is.

/// File name endings of platforms and leftovers that scanners try.
#[rustfmt::skip]
static ENDINGS: &[&str] = &[
    "7z", "action", "asa", "asmx", "asp", "aspx", "backup", "bak", "bz2", "cfm", "cgi", "conf",
    "config", "db", "do", "dump", "env", "gz", "htaccess", "htpasswd", "inc", "ini", "jsp", "jspa",
    "jspx", "kdbx", "key", "log", "mdb", "old", "orig", "p12", "passwd", "pem", "pfx", "php",
    "php3", "php5", "php7", "phtml", "pl", "properties", "ps1", "py", "rar", "rb", "save", "sh",
    "shtml", "sql", "sqlite", "swp", "tar", "tgz", "tmp", "war", "yaml", "yml", "zip",
];

/// First words of paths of well-known products and consoles.
#[rustfmt::skip]
static NAMES: &[&str] = &[
    "_cat", "_ignition", "_profiler", "_vti_bin", "actuator", "adminer", "autodiscover", "axis2",
    "boaform", "cgi-bin", "clientaccesspolicy.xml", "console", "crossdomain.xml", "dana-na",
    "debug", "druid", "ecp", "elmah.axd", "favicon.ico", "geoserver", "goform", "graphiql",
    "h2-console", "heapdump", "hnap1", "hudson", "invoker", "jenkins", "jmx-console", "jolokia",
    "joomla", "magento", "mailman", "manager", "myadmin", "nagios", "node_modules", "owa",
    "phpinfo", "phpmyadmin", "phpunit", "pma", "portainer", "robots.txt", "sdk", "server-info",
    "server-status", "sitecore", "sitemap.xml", "solr", "struts", "struts2-showcase", "swagger",
    "swagger-ui", "swagger-ui.html", "telescope", "trace.axd", "typo3", "vendor", "web-console",
    "web-inf", "webdav", "weblogic", "wordpress", "wp", "wp-admin", "wp-content", "wp-includes",
    "wp-json", "wp-login", "xmlrpc", "zabbix",
];

/// Whether a path has the shape of a scanner's probe: hidden files, leftovers, consoles of products,
/// attack text or placeholders of broken clients in a segment.
pub(crate) fn is_probe(segments: &[&str]) -> bool {
    let first = segments.first().map(|s| s.to_ascii_lowercase()).unwrap_or_default();
    let name = first.split('.').next().unwrap_or("");
    NAMES.binary_search(&first.as_str()).is_ok()
        || (first != name && NAMES.binary_search(&name).is_ok())
        || segments.iter().any(|s| is_probe_segment(s))
}

fn is_probe_segment(segment: &str) -> bool {
    let hidden = segment.starts_with('.') && segment != ".well-known";
    let ending = segment.rsplit_once('.').is_some_and(|(stem, ext)| {
        !stem.is_empty() && ENDINGS.binary_search(&ext.to_ascii_lowercase().as_str()).is_ok()
    });
    hidden || segment.ends_with('~') || ending || is_hostile_value(segment)
}

/// Attack text or a placeholder of a broken client: never a value that names something.
pub(crate) fn is_hostile_value(segment: &str) -> bool {
    matches!(segment, "null" | "undefined" | "NaN" | "[object Object]" | "(null)" | "None")
        || segment.contains("..")
        || segment.bytes().any(|b| matches!(b, b'<' | b'>' | b'\'' | b'"' | b'`' | b'\\' | 0..=31))
        || segment.contains("${")
        || segment.contains("{{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(ENDINGS.windows(2).all(|w| w[0] < w[1]), "{ENDINGS:?}");
        assert!(NAMES.windows(2).all(|w| w[0] < w[1]), "{NAMES:?}");
    }

    #[test]
    fn probes_are_told_from_api_paths() {
        for path in [".git/config", "wp-login.php", "a/b/../c", "api/.env", "db.sql", "x/<script>"]
        {
            assert!(is_probe(&path.split('/').collect::<Vec<_>>()), "{path}");
        }
        for path in ["v1/users/7", ".well-known/openid-configuration", "Calls.json", "a/report.pdf"]
        {
            assert!(!is_probe(&path.split('/').collect::<Vec<_>>()), "{path}");
        }
    }
}
