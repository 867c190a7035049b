//! A seeded fuzz run without coverage: mutates small seeds and calls every entry function.
//!
//! The same seed gives the same inputs in the same order, whatever the time budget.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use crate::fuzz::{ENTRIES, Entry};

/// Inputs do not grow beyond this.
const LARGEST: usize = 4 * 1024;
/// An input that takes longer counts as a hang.
const SLOW: Duration = Duration::from_secs(10);

/// Inputs to start from; those of one target are tried on all others too.
const SEEDS: &[&[u8]] = &[
    b"POST /a?b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n3;e=1\r\nabc\r\n\
      0\r\nx: 1\r\n\r\nGET http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab\
      GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"\x81\x85\x01\x02\x03\x04abcde\x01\x81\0\0\0\0a\x89\x80\0\0\0\0\x80\x81\0\0\0\0b\x88\x82\0\0\0\0\x03\xe8",
    b"\x81\x03abc\x02\x7e\0\x7e\x8a\x02hi\x80\0\x88\x02\x03\xe8",
    b"v1/users/42/orders",
    b"a/..;/%2e%2e/%252e%252e/c%c0%af..%5c//x;p=1",
    b"a=1&b=x+y%20z&a=2&f[]=1&f[]=2&%2527=%u0027",
    br#"{"id":1,"name":"x\u00e9\ud83d\ude00","tags":["a",null,true,1.5e3],"o":{"k":{"l":[]}}}"#,
    br#"{a:'b',/*c*/"n":NaN,"h":0x1,"d":1,"d":2,"big":123456789012345678901234567890,}"#,
    b"{\"a\":1}\n{\"a\":2}\n\x1e[1]\n",
    b"<?xml version=\"1.0\"?><s:E xmlns:s=\"u\"><b a='1'>t&amp;&#65;<c/></b><![CDATA[x]]></s:E>",
    b"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///x\">]><a>&x;</a>",
    b"boundary=bb\n--bb\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--bb\r\n\
      Content-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n\
      Content-Type: text/plain\r\n\r\nabc\r\n--bb--\r\n",
    b"host: a\ncontent-length: 1\nContent-Length: 1\nx: {\"a\":\"b\"}\nauthorization: Basic YTpi",
    b"sid=abc; theme=\"dark\"; a=1; a=2\nid=1; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=1",
    b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSIsImV4cCI6MX0.c2lnbmF0dXJl",
    b"eyJhIjoie1wiYlwiOlwiWTJRPVwifSJ9",
    b"Li4vLi4vLi4vLi4vZXRjL3Bhc3N3ZA==",
    b"gzip\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xab\x56\x4a\x54\xb2\x32\xd4\x51\x4a\x52\xb2\x52\xaa\xc0\x02\x94\x6a\x01\xcb\xb5\xa9\x68\x22\x00\x00\x00",
    b"deflate\n\x78\x9c\xab\x56\x4a\x54\xb2\x32\xd4\x51\x4a\x52\xb2\x52\xaa\xc0\x02\x94\x6a\x01\xc5\x8c\x0c\xb9",
    b"br\n\x8b\x10\x80{\"a\":1,\"b\":\"xxxxxxxxxxxxxxxxxxxx\"}\x03",
    b"zstd\n\x28\xb5\x2f\xfd\x20\x22\x11\x01\x00{\"a\":1,\"b\":\"xxxxxxxxxxxxxxxxxxxx\"}",
    b"v1/items?q=x%27 or 1=1--\n{\"a\":\"x' union select 1--\",\"b\":\"<svg onload=a()>\",\"c\":\";cat /etc/passwd\"}",
    b"utf-16le\n\xff\xfe{\0\"\0a\0\"\0:\x001\0}\0",
    br#"{"id":"1","time":"2026-11-22T10:00:00Z","client":{"ip":"203.0.113.7"},"request":{"method":"POST","url":"https://h/a?b","headers":[["a","b"]],"body":{"x":1}},"response":{"status":200,"headers":{"a":["1","2"]},"body_base64":"AAE="},"messages":[{"direction":"client","data":"x"}]}"#,
    br#"2001:db8::1 - al [01/May/2026:02:00:03 +0200] "GET /a?b=\x22 HTTP/1.1" 200 7 "-" "odd \"q\"" 350ms"#,
    b"[2026-05-01T00:00:00.856Z] \"GET /a HTTP/2\" 200 - 0 384 350 349 \"1.2.3.4, 10.0.0.7\" \"x\" \"r\" \"h.test\" \"10.0.1.5:80\"",
    b"May 01 00:00:00 lb haproxy[1]: ::1:53 [01/May/2026:00:00:00.090] in~ api/s 0/0/1/2/3 200 384 - - ---- 1/1/0/0/0 0/0 {h.test|x#22} \"GET / HTTP/1.1\"",
    b"h2 2026-05-01T00:00:00.0Z app/l/5 1.2.3.4:38 10.0.0.5:80 0.001 0.350 0.000 200 200 34 384 \"GET https://h.test:443/a HTTP/2.0\" \"x\" C TLSv1.2 arn \"Root=1\" \"h.test\" \"-\" 1 2026-05-01T00:00:00.0Z \"-\"",
    b"#Fields: date time cs-method cs-uri-stem cs(User-Agent) sc-status time-taken\n2026-05-01 00:00:00 GET /a a+b 200 35\n",
    br#"{"ts":1777593600.5,"request":{"remote_ip":"::1","method":"GET","host":"h","uri":"/a","headers":{"A":["b"]}},"status":200,"duration":0.1}"#,
    br#"{"httpRequest":{"requestMethod":"GET","requestUrl":"https://h/a","status":200,"latency":"0.3s"},"timestamp":"2026-05-01T00:00:00Z"}"#,
    br#"{"remote_addr":"1.2.3.4","request":"GET /\x22 HTTP/1.1","status":"200","request_time":"0.1","http_user_agent":"x"}"#,
    b"<items burpVersion=\"1\"><item><host ip=\"1.2.3.4\">h</host><request base64=\"true\"><![CDATA[R0VUIC8gSFRUUC8xLjENCkhvc3Q6IGgNCg0K]]></request><response>HTTP/1.1 200 OK&#10;&#10;x</response></item></items>",
    b"161:4:type;4:http;7:request;97:6:method;3:GET,4:path;1:/,4:host;1:h;7:headers;11:8:1:a,1:b,]]15:timestamp_start;12:1777593600.5^}8:response;21:11:status_code;3:200#}}",
    br##"{"openapi":"3.2.0","$self":"x","servers":[{"url":"https://{a}/b","variables":{"a":{"default":"c"}}}],"security":[{"k":[]}],"paths":{"/a/{b}":{"$ref":"#/x","parameters":[{"name":"b","in":"path"}],"get":{"requestBody":{"content":{"a/b":{"schema":{"$ref":"#/s"}}}},"callbacks":{"c":{"{$url}":{"post":{}}}}},"additionalOperations":{"COPY":{}}}},"x":{"$ref":"other.json#/x","put":{}},"s":{"$ref":"#/s","$anchor":"n"}}"##,
    b"paths:\n  /a: &a\n    get: {responses: {200: {}}}\n  /b: {<<: *a, put: {}}\n  /c: *a\nwebhooks: {w: {post: {}}}\n",
    b"channels:\n  a/{b}:\n    address: x\n    publish: {message: {payload: {}}}\noperations: {o: {action: send, channel: {$ref: '#/channels/a~1{b}'}}}\n",
    b"a(b: [C!]! = {d: 1}): E @deprecated }\nextend type Query { f: G }\nschema { query: Query }\ninput C { d: Int }",
    b"rpc A(stream B) returns (.c.D) { option (x) = { get: \"/v1\" }; }\n}\nmessage B { map<string, C> d = 1; oneof e { f g = 2; } message C {} }",
    b"\x0a\xa4\x01\x0a\x07a.proto\x12\x01p\x1a\x07b.proto27\x0a\x01S\x122\x0a\x01M\x12\x04.p.T\x1a\x04.p.T\x22\x1f\x82\xd3\xe4\x93\x02\x16\x12\x0b/v1/{a=b/*}Z\x07\x22\x02/c:\x01*\x88\x02\x010\x01\x22=\x0a\x01T\x12\x0b\x0a\x01a\x18\x01 \x01(\x09H\x00\x12\x11\x0a\x01m\x18\x02 \x03(\x0b2\x06.p.T.E\x1a\x13\x0a\x01E\x12\x04\x18\x01(\x09\x12\x04\x18\x02(\x03:\x028\x01B\x03\x0a\x01oJ\x0d\x0a\x0b\x0a\x04\x06\x00\x02\x00\x12\x03\x04\x02\x09b\x06proto3",
    b"body: 'x' custom < kind: \"HEAD\" path: '/{a=b/*/**}:c' > additional_bindings: [ { get: \"/x\" } ] }; } } message A { N n = 1; optional B b = 2; }",
    b"<operation ref='o' whttp:location='a/{b}?c={d}' whttp:method='PUT'/></binding><interface name='i' extends='i'><operation name='o'><input element='e'/></operation></interface><service interface='i'><endpoint binding='b' address='http://a/b/'/></service></description>",
    b"<s:binding xmlns:s='u/wsdl/soap12/'/><operation name='o'><s:operation soapAction='a'/></operation><types><schema><import schemaLocation='x.xsd'/><element name='e'/></schema></types></definitions>",
    br#"{"info":{"schema":"postman"},"item":[{"item":[{"request":{"method":"GET","url":"{{b}}/a/:i"},"response":[{"code":200,"body":"x"}]}]}]}"#,
];

/// Tokens that mean something to a decoder.
const DICTIONARY: &[&[u8]] = &[
    b"%00",
    b"%2e",
    b"%2f",
    b"%25",
    b"%c0%af",
    b"%u002f",
    b"../",
    b"..;/",
    b"\\",
    b"//",
    b";a=b",
    b"&",
    b"=",
    b"+",
    b"[]",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"'",
    b"\\u0000",
    b"\\ud800",
    b"\\",
    b":",
    b",",
    b"null",
    b"true",
    b"1e999",
    b"-0",
    b"NaN",
    b"/*",
    b"*/",
    b"//",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\0",
    b"\x1e",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc0\x80",
    b"\xff",
    b"\xf0\x9f",
    b"' or 1=1--",
    b"<script>",
    b";cat ",
    b"<a>",
    b"</a>",
    b"<a/>",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"&lt;",
    b"&#x41;",
    b"&x;",
    b"<!DOCTYPE",
    b"--bb",
    b"--bb--",
    b"--",
    b"Content-Disposition: form-data; name=a",
    b"filename*=UTF-8''%00",
    b"boundary=",
    b"gzip, br\n",
    b"zstd\n",
    b"br\n",
    b"deflate\n",
    b"eyJ",
    b".",
    b"; Secure",
    b"data:;base64,",
    b"e30",
    b"18446744073709551616",
    b"\"headers\":",
    b"\"body_state\":\"truncated\"",
    b"\"target\":\"*\"",
    b"\"url\":\"//\"",
];

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Inputs tried.
    pub inputs: u64,
}

/// An input that broke something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Name of the target.
    pub target: &'static str,
    /// The input.
    pub input: Vec<u8>,
    /// Number of the input in its run.
    pub number: u64,
    /// Whether it took too long rather than panicked.
    pub slow: bool,
}

/// How long a run lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Until the time is over.
    Time(Duration),
    /// So many inputs.
    Inputs(u64),
}

/// Runs all targets in turn until the budget is used up.
///
/// # Errors
/// The first input that broke something.
pub fn run(seed: u64, budget: Budget) -> Result<Summary, Failure> {
    let mut random = Random(seed);
    let start = Instant::now();
    let mut corpus: Vec<Vec<u8>> = SEEDS.iter().map(|seed| seed.to_vec()).collect();
    let mut inputs = 0;
    loop {
        let over = match budget {
            Budget::Time(time) => start.elapsed() >= time,
            Budget::Inputs(most) => inputs >= most,
        };
        if over {
            return Ok(Summary { inputs });
        }
        let input = mutated(&mut random, &corpus);
        let (target, entry) = ENTRIES[random.below(ENTRIES.len())];
        attempt(target, entry, &input, inputs)?;
        inputs += 1;
        // Now and then a mutant takes part, so that changes add up.
        if random.below(8) == 0 && !input.is_empty() {
            let spare = corpus.len() >= 512;
            let at = SEEDS.len() + random.below(512 - SEEDS.len());
            if spare { corpus[at] = input } else { corpus.push(input) }
        }
    }
}

/// Runs one target on one input.
///
/// # Errors
/// When it panics or takes too long.
pub fn attempt(
    target: &'static str,
    entry: Entry,
    input: &[u8],
    number: u64,
) -> Result<(), Failure> {
    let start = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| entry(input)));
    let slow = start.elapsed() > SLOW;
    if result.is_ok() && !slow {
        return Ok(());
    }
    Err(Failure { target, input: input.to_vec(), number, slow: result.is_ok() })
}

fn mutated(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(input.len() + 1);
        match random.below(8) {
            0 if at < input.len() => input[at] ^= 1 << random.below(8),
            1 if at < input.len() => input[at] = random.next() as u8,
            2 => input.truncate(at),
            3 => {
                let length = random.below(32).min(input.len() - at);
                input.drain(at..at + length);
            }
            4 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len() + 1);
                let length = random.below(64).min(other.len() - from);
                let piece = other[from..from + length].to_vec();
                input.splice(at..at, piece);
            }
            5 => {
                let length = random.below(16).min(input.len() - at);
                let piece = input[at..at + length].repeat(1 + random.below(64));
                input.splice(at..at, piece);
            }
            _ => {
                let token = DICTIONARY[random.below(DICTIONARY.len())];
                input.splice(at..at, token.iter().copied());
            }
        }
        input.truncate(LARGEST);
    }
    input
}

/// `SplitMix64`: small, seeded, good enough to choose mutations.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// 0 to `end` - 1; 0 for an `end` of 0.
    fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_and_mutants_hold() {
        for (target, entry) in ENTRIES {
            for seed in SEEDS {
                attempt(target, *entry, seed, 0).expect("a seed holds");
            }
        }
        let summary = run(1, Budget::Inputs(3_000)).expect("mutants hold");
        assert_eq!(summary.inputs, 3_000);
    }

    #[test]
    fn encoded_seeds_are_what_they_should_be() {
        for coding in ["gzip", "deflate", "br", "zstd"] {
            let start = format!("{coding}\n");
            let seed = SEEDS.iter().find_map(|seed| seed.strip_prefix(start.as_bytes()));
            let mut exchange = bartizan_model::Exchange::default();
            exchange.request.headers.push("content-encoding", coding);
            exchange.request.body = seed.expect(coding).to_vec().into();
            let decoded = bartizan_protocols::decode(&exchange, &Default::default(), 1);
            assert_eq!(decoded.request_format, bartizan_protocols::Format::Json, "{coding}");
            assert!(decoded.view.anomalies().is_empty(), "{coding}");
        }
    }

    #[test]
    fn a_failure_is_reported_with_its_input() {
        fn broken(data: &[u8]) {
            assert!(data.is_empty(), "not empty");
        }
        assert!(attempt("broken", broken, b"", 0).is_ok());
        let failure = attempt("broken", broken, b"x", 7).expect_err("it panics");
        assert_eq!((failure.number, failure.slow, failure.input), (7, false, b"x".to_vec()));
    }

    #[test]
    fn one_seed_gives_one_series() {
        let corpus: Vec<Vec<u8>> = SEEDS.iter().map(|seed| seed.to_vec()).collect();
        let series = |seed| {
            let mut random = Random(seed);
            (0..50).map(|_| mutated(&mut random, &corpus)).collect::<Vec<_>>()
        };
        assert_eq!(series(1), series(1));
        assert_ne!(series(1), series(2));
    }
}
