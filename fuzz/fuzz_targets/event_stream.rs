#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_testkit::fuzz::event_stream(data));
