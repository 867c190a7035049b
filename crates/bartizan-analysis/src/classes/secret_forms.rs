//! Tokens of known forms in a text. All beginnings are looked for in one pass over the runs that are
//! long enough.

use bartizan_model::DataClass;

use super::{
    Shape,
    placeholder::{is_placeholder, is_varied},
    provider_forms::{FORMS, Form, TOKEN, is_wrong_body},
    published::is_published,
};

/// Bytes of the shortest token of any form.
const LEAST: usize = {
    let (mut least, mut i) = (usize::MAX, 0);
    while i < FORMS.len() {
        let len = FORMS[i].0.len() + FORMS[i].2;
        if len < least {
            least = len;
        }
        i += 1;
    }
    least
};

/// Forms by the first byte of their beginnings.
struct Index {
    /// What a byte is: [`ALPHANUMERIC`], [`FIRST`] of a beginning.
    kinds: [u8; 256],
    /// The second bytes (modulo 64) that occur behind a first byte.
    seconds: [u64; 256],
    /// The last form with a first byte, then the one before it …; [`NO_FORM`] ends the chain.
    last: [u8; 256],
    before: [u8; FORMS.len()],
}

const ALPHANUMERIC: u8 = 1;
const FIRST: u8 = 2;
const NO_FORM: u8 = u8::MAX;

static INDEX: Index = {
    assert!(FORMS.len() < NO_FORM as usize, "a byte numbers the forms");
    let mut index = Index {
        kinds: [0; 256],
        seconds: [0; 256],
        last: [NO_FORM; 256],
        before: [NO_FORM; FORMS.len()],
    };
    let mut i = 0;
    while i < index.kinds.len() {
        index.kinds[i] = (i as u8).is_ascii_alphanumeric() as u8 * ALPHANUMERIC;
        i += 1;
    }
    i = 0;
    while i < FORMS.len() {
        let beginning = FORMS[i].0.as_bytes();
        let first = beginning[0] as usize;
        index.kinds[first] |= FIRST;
        index.seconds[first] |= 1 << (beginning[1] & 63);
        index.before[i] = index.last[first];
        index.last[first] = i as u8;
        i += 1;
    }
    index
};

/// The form with the longest beginning at the start of `bytes`.
fn form_at(bytes: &[u8]) -> Option<&'static Form> {
    let [first, second, ..] = bytes else { return None };
    let first = usize::from(*first);
    if INDEX.seconds[first] >> (second & 63) & 1 == 0 {
        return None;
    }
    let mut longest: Option<&Form> = None;
    let mut next = INDEX.last[first];
    while let Some(form) = FORMS.get(usize::from(next)) {
        let is_longer = longest.is_none_or(|other| form.0.len() > other.0.len());
        if is_longer && bytes.starts_with(form.0.as_bytes()) {
            longest = Some(form);
        }
        next = INDEX.before[usize::from(next)];
    }
    longest
}

/// A token of a known form: its kind and where it stands, as a range of bytes.
type Token = (DataClass, usize, usize);

/// The first token of a known form in a text of that shape. In prose only runs that are long enough
/// are looked at.
pub(super) fn find(text: &str, shape: &Shape) -> Option<Token> {
    if shape.spaces == 0 {
        return find_in(text, 0, text.len());
    }
    TOKEN.runs(text.as_bytes(), LEAST).find_map(|(start, end)| find_in(text, start, end))
}

/// The first token in a part of a text.
fn find_in(text: &str, start: usize, end: usize) -> Option<Token> {
    let run = text.as_bytes().get(start..end)?;
    let mut previous = 0;
    // Bytes up to here belong to a beginning that was looked at.
    let mut taken = 0;
    for (at, b) in run.iter().enumerate().take((run.len() + 1).saturating_sub(LEAST)) {
        let kind = INDEX.kinds[usize::from(*b)];
        // A token does not begin in the middle of a word.
        let may_begin = kind & FIRST != 0 && kind & previous & ALPHANUMERIC == 0;
        previous = kind;
        if !may_begin || at < taken {
            continue;
        }
        let Some(form) = run.get(at..).and_then(form_at) else { continue };
        if let Some(token) = token_at(text, start + at, form) {
            return Some(token);
        }
        taken = at + form.0.len();
    }
    None
}

/// The token that begins at `start` in a form, if all of it is there.
fn token_at(text: &str, start: usize, form: &Form) -> Option<Token> {
    let bytes = text.as_bytes();
    let (beginning, set, least, most, kind) = *form;
    let body_from = start + beginning.len();
    // A bot token begins with the number of the bot.
    let number = bytes.get(..start)?.iter().rev().take(11);
    let number = number.take_while(|b| b.is_ascii_digit()).count();
    if beginning == ":AA" && !(8..=10).contains(&number) {
        return None;
    }
    let body_len =
        bytes.get(body_from..)?.iter().take(most + 1).take_while(|b| set.has(**b)).count();
    let body = text.get(body_from..body_from + body_len)?;
    let fits = (least..=most).contains(&body_len)
        && !is_wrong_body(beginning, body)
        && is_varied(body)
        && !is_placeholder(body)
        && !text.get(start..body_from + body_len).is_some_and(is_published);
    fits.then_some((kind, start, body_from + body_len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Option<(usize, usize)> {
        super::find(text, &Shape::of(text)).map(|(_, start, end)| (start, end))
    }

    /// A token of a form, assembled here so that scanners of this repository stay quiet.
    fn token(beginning: &str, len: usize) -> String {
        let body = "a7Kq2ZpL9xWm4RtY8vBn3HsD6fJc5GeU1iOoPlQz";
        beginning.chars().chain(body.chars().cycle().take(len)).collect()
    }

    #[test]
    fn forms_are_found_alone_and_in_text() {
        let github = token("ghp_", 36);
        assert_eq!(find(&github), Some((0, 40)));
        assert_eq!(find(&format!("see {github}, please")), Some((4, 44)));
        assert_eq!(find(&format!("x{github}")), None);
        assert_eq!(find(&token("ghp_", 35)), None);
        assert_eq!(find(&format!("x/{github}/y")), Some((2, 42)));
        assert_eq!(find(&format!("ghp_{github}")), Some((4, 44)));
        assert_eq!(find(&format!("ghp_{}", "x".repeat(36))), None);
    }

    #[test]
    fn the_longest_beginning_counts() {
        assert_eq!(form_at(b"sk-ant-api03-").map(|form| form.0), Some("sk-ant-api03-"));
        assert_eq!(form_at(b"sk-ant").map(|form| form.0), Some("sk-"));
        assert_eq!(form_at(b"s").or(form_at(b"")).or(form_at(b"so")).map(|form| form.0), None);
        for form in FORMS {
            assert_eq!(form_at(form.0.as_bytes()).map(|found| found.0), Some(form.0));
        }
    }
}
