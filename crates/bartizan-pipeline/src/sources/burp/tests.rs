use super::{
    super::tests::{read, split},
    *,
};

fn items(inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE items [\n<!ELEMENT items (item*)>\n]>\n\
         <items burpVersion=\"2026.1\" exportTime=\"x\">\n{inner}\n</items>\n"
    )
}

const ITEM: &str = "<item><time>Sun Nov 22 10:00:00 UTC 2026</time><port>80</port>\
    <protocol>http</protocol><request base64=\"false\"><![CDATA[GET /</item>?a HTTP/1.1\r\n\
    Host: h.test\r\n\r\n]]></request><response><![CDATA[HTTP/1.1 200 OK\r\n\r\n<item>]]></response></item>";

#[test]
fn items_are_found_behind_what_looks_like_their_end() {
    let (exchanges, skipped) = split(read("x.xml", items(&ITEM.repeat(3)).as_bytes()));
    assert_eq!((exchanges.len(), skipped.len()), (3, 0));
    assert_eq!(exchanges[0].request.target, "/</item>?a");
    assert_eq!(exchanges[0].response.as_ref().map(|r| &*r.body), Some(&b"<item>"[..]));
}

#[test]
fn what_is_broken_is_counted_and_the_rest_is_read() {
    let text = items(&format!("{ITEM}<item><request>&y;</request></item>{ITEM}"));
    let (exchanges, skipped) = split(read("x.xml", text.as_bytes()));
    assert_eq!((exchanges.len(), skipped), (2, vec!["not_xml at entry 2".to_owned()]));
    let cut = text.get(..text.len() - 100).expect("long");
    let (exchanges, skipped) = split(read("x.xml", cut.as_bytes()));
    assert_eq!(exchanges.len(), 1);
    assert_eq!(skipped, ["not_xml at entry 2", "truncated at entry 3"]);
    let none = read("x.xml", items("").as_bytes()).pop().and_then(Result::err);
    assert!(none.is_some_and(|e| e.to_string().contains("without an item")));
}

#[test]
fn a_huge_item_is_streamed_over_in_constant_memory() {
    let huge = format!("<item><comment>{}</comment></item>", "x".repeat(1_000_000));
    let text = items(&format!("{huge}{ITEM}"));
    let mut input = Input::reader("x", Box::new(std::io::Cursor::new(text)), None).expect("opens");
    let mut found = Items::new(10_000, 0);
    let first = found.next(&mut input).expect("reads");
    assert!(matches!(first, Found::Entry(Err(SkipReason::EntryTooLarge))), "{first:?}");
    assert!(matches!(found.next(&mut input), Ok(Found::Entry(Ok(_)))));
    assert!(found.item.capacity() <= 20_000);
}
