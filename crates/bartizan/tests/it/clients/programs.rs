//! Programs that the tests need or start.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

pub(super) const CURL: &str = "command -v curl";
pub(super) const NGINX: &str = "command -v nginx";
pub(super) const WRK: &str = "command -v wrk";
pub(super) const H2LOAD: &str = "command -v h2load";

/// Whether all of these shell commands succeed. At home a test may be skipped, loudly; in CI it fails.
pub(super) fn are_there(probes: &[&str]) -> bool {
    for probe in probes {
        let mut shell = Command::new("sh");
        shell.args(["-c", probe]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if !shell.status().expect("a shell").success() {
            assert!(
                std::env::var_os("CI").is_none_or(|v| v != "true"),
                "`{probe}` fails, and in CI nothing is skipped: scripts/setup.sh test"
            );
            eprintln!("SKIPPED: `{probe}` fails; what that client gets was not compared");
            return false;
        }
    }
    true
}

/// What a program printed, once it has ended well.
pub(super) fn output(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().expect("starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}: {said}", output.status);
    output.stdout
}

/// nginx on a free port, with the folder `files` of `home` and some places more. Ends with the test.
pub(super) struct Nginx {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Nginx {
    pub(super) fn start(home: &TempDir) -> Self {
        Self::serving(home, &files(home))
    }

    /// With this in its `server`.
    pub(super) fn serving(home: &TempDir, server: &str) -> Self {
        // Somebody else may take the port before nginx has it.
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = free.local_addr().expect("its address");
            drop(free);
            let mut nginx = Self { child: spawn(home, address, server), address };
            if nginx.listens() {
                return nginx;
            }
        }
        let said = fs::read_to_string(home.path().join("nginx.err"));
        panic!("nginx does not start: {said:?}");
    }

    fn listens(&mut self) -> bool {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(30) {
            if self.child.try_wait().expect("a child").is_some() {
                return false;
            }
            if TcpStream::connect(self.address).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Files, and places that answer by themselves.
fn files(home: &TempDir) -> String {
    format!(
        "root {work}/files; absolute_redirect off;
        gzip on; gzip_types application/json; gzip_min_length 1;
        location /put {{ dav_methods PUT; }}
        location /small {{ dav_methods PUT; client_max_body_size 1m; }}
        location /echo {{ return 200 \"$request_method $request_uri $http_x_sent\"; }}
        location /fields {{
            add_header set-cookie a=1; add_header set-cookie b=2; add_header x-empty \"\";
            add_header x-bytes \"\u{e9} \\\"1\\\"\";
            return 200 fields;
        }}
        location /away {{ return 302 /1.bin; }}
        location /empty {{ return 204; }}",
        work = home.path().display()
    )
}

/// One process, which has no children that could be left over and stays the user that it is.
fn spawn(home: &TempDir, address: SocketAddr, server: &str) -> Child {
    let work = home.path().display();
    let configuration = format!(
        "daemon off; master_process off; pid {work}/nginx.pid; error_log {work}/nginx.err;
        events {{}}
        http {{
            access_log off; client_body_temp_path {work}/t1; proxy_temp_path {work}/t2;
            fastcgi_temp_path {work}/t3; uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
            types {{ text/html html; application/json json; application/octet-stream bin; }}
            client_max_body_size 64m;
            server {{ listen {address}; {server} }}
        }}"
    );
    let file = home.path().join("nginx.conf");
    fs::write(&file, configuration).expect("written");
    Command::new("nginx")
        .arg("-c")
        .arg(&file)
        .arg("-e")
        .arg(home.path().join("nginx.err"))
        .stdin(Stdio::null())
        .spawn()
        .expect("nginx starts")
}
