//! Load generators: what comes at full speed is as right as what comes alone.

use std::{net::SocketAddr, process::Command};

use tempfile::TempDir;

use super::{
    nginx::{bytes, stand},
    programs::{H2LOAD, NGINX, WRK, are_there, output},
};
use crate::command::{home, write};

/// Compares every body with a file that the environment names.
const SCRIPT: &str = r#"
local wanted
function init()
    local file = assert(io.open(os.getenv("WANTED"), "rb"))
    wanted = file:read("*a")
    file:close()
end
function response(status, fields, body)
    if status ~= 200 or body ~= wanted then
        io.write("WRONG: ", status, ", ", #body, " bytes\n")
        wrk.thread:stop()
    end
end
"#;

/// A second of wrk. Whether every answer was a 200 with this body.
pub(super) fn wrk(home: &TempDir, to: SocketAddr, target: &str, wanted: &[u8]) -> bool {
    let script = write(home, "wrk.lua", SCRIPT.as_bytes());
    let wanted = write(home, "wrk.wanted", wanted);
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c16", "-d1s", "-s", &script]).arg(format!("http://{to}{target}"));
    let said = output(wrk.env("WANTED", wanted));
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains(" requests in ") && !said.contains(" 0 requests in "), "{said}");
    let is_right = !said.contains("WRONG");
    assert!(!is_right || !said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
    is_right
}

/// 500 requests of h2load, which counts answers and bytes.
pub(super) fn h2load(to: SocketAddr, target: &str, more: &[&str], wanted: usize) {
    let mut h2load = Command::new("h2load");
    h2load.args(["-n", "500", "-c", "4"]).args(more).arg(format!("http://{to}{target}"));
    let said = output(&mut h2load);
    let said = String::from_utf8_lossy(&said);
    let bytes = format!("({}) data", 500 * wanted);
    for part in ["500 succeeded, 0 failed, 0 errored, 0 timeout", "500 2xx", &bytes] {
        assert!(said.contains(part), "no `{part}` in: {said}");
    }
}

#[test]
fn load_generators_get_the_same_from_nginx() {
    if !are_there(&[NGINX, WRK, H2LOAD]) {
        return;
    }
    let home = home();
    let (straight, through) = stand(&home);
    let wanted = bytes(64 << 10);
    assert!(wrk(&home, through.gateway, "/64k.bin", &wanted), "a body was wrong");
    assert!(!wrk(&home, through.gateway, "/64k.bin", b"other"), "the script sees nothing");
    for (to, more) in [
        (straight.address, &["--h1"][..]),
        (through.gateway, &["--h1"]),
        (through.gateway, &["-m", "16"]),
    ] {
        h2load(to, "/64k.bin", more, wanted.len());
    }
}
