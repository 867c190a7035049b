//! Live captures by the command, on loopback and where they are permitted.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Stdio,
    thread,
};

use crate::command::{bartizan, home, run, stderr};

#[test]
fn what_cannot_be_captured_has_its_exit_code() {
    let home = home();
    for (arguments, code, part) in [
        (&["--interface", "bartizan-none"][..], 3, "cannot capture on bartizan-none: "),
        (&["--interface", "a/b"], 2, "no name of an interface"),
        (&["--interface", "lo", "x.har"], 2, "cannot be used with"),
        (&["--port", "80", "x.har"], 2, "--port"),
        (&["--interface", "lo", "--port", "0"], 2, "--port"),
        (&["--interface", "lo", "--keylog", "none"], 3, "cannot read its key log"),
    ] {
        let output = run(&home, &[&["analyze"][..], arguments].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
}

#[test]
fn an_exchange_that_goes_by_is_in_the_result() {
    let home = home();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let port = address.port().to_string();
    let mut child = bartizan(&home)
        .args(["analyze", "--interface", "lo", "--port", &port, "--exchanges", "1"])
        .args(["--seconds", "60", "--format", "json", "--fail-on", "critical"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut said = BufReader::new(child.stderr.take().expect("piped"));
    let mut all = String::new();
    while !all.contains("capturing on lo") {
        if said.read_line(&mut all).expect("text") == 0 {
            let code = child.wait().expect("ends").code();
            assert_eq!(code, Some(3), "{all}");
            assert!(all.contains("setcap cap_net_raw+ep") || all.contains("needs Linux"), "{all}");
            eprintln!("skipped: no permission to capture");
            return;
        }
    }
    let answering = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut request = [0; 1024];
        assert!(stream.read(&mut request).expect("a request") > 0);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{\"id\":7}";
        stream.write_all(answer).expect("answered");
    });
    let mut stream = TcpStream::connect(address).expect("connects");
    let request = b"GET /v1/orders/7 HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\n\r\n";
    stream.write_all(request).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    answering.join().expect("answered");
    let output = child.wait_with_output().expect("ends by itself");
    assert_eq!(output.status.code(), Some(0));
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(result["input"]["exchanges"], 1, "{result}");
    assert_eq!(result["endpoints"][0]["method"], "GET", "{result}");
}
