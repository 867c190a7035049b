//! A scanner: known places of forgotten files, unusual methods, odd header fields.

use super::enter;
use crate::player::{Over, Seat, Seen};

pub(in crate::player) const PATHS: &[&str] = &[
    "/.git/config",
    "/.env",
    "/.aws/credentials",
    "/backup.zip",
    "/backup/quayside.sql",
    "/debug/vars",
    "/actuator/env",
    "/actuator/heapdump",
    "/server-status",
    "/phpinfo.php",
    "/wp-login.php",
    "/console",
    "/swagger.json",
    "/openapi.json",
    "/openapi-internal.json",
    "/v2/api-docs",
    "/graphql/console",
    "/metrics",
    "/config.json",
    "/admin.php",
    "/cgi-bin/test.cgi",
    "/id_rsa",
    "/dump.sql",
    "/files?name=../config/app.env",
    "/files?name=../../../etc/passwd",
    "/files?name=..%2f..%2f..%2fetc%2fpasswd",
    "/api/swagger",
    "/api/v1/internal",
    "/trace.axd",
];

pub(super) const SEEN: &[Seen] = &[
    Seen {
        detector: "BZ-D003",
        why: "far more than 5 paths of the shape that scanners try, by a program that scans",
    },
    Seen { detector: "BZ-D009", why: "names of files climb to `/etc/passwd`, plain and encoded" },
];

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 80, "").await?;
    seat.agent = "Mozilla/5.0 zgrab/0.x".to_owned();
    for path in PATHS {
        seat.get(path).await?;
        seat.rest(300).await?;
    }
    for method in ["TRACE", "PUT", "DELETE", "PROPFIND"] {
        seat.call(method, "/api/v1/ports", &[]).await?;
    }
    seat.call("GET", "/api/v1/ports", &[("origin", "https://evil.example")]).await?;
    seat.graphql("{__schema{types{name fields{name}}}}").await?;
    let call = "<?xml version=\"1.0\"?><methodCall><methodName>system.listMethods</methodName>\
                <params/></methodCall>";
    seat.text("POST", "/xmlrpc", "text/xml", call.to_owned()).await?;
    Ok(())
}
