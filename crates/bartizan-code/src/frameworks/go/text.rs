//! Functions of the standard library that make strings.

use super::value::{Arg, Value};

/// What a call gives, when it is one of those.
pub(super) fn call<'f>(path: &str, name: &str, args: &[Arg<'f>]) -> Option<Value<'f>> {
    let text = |at: usize| match args.get(at).map(|arg| &arg.value) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let made = match (path, name) {
        ("fmt", "Sprintf") => format(text(0)?, args.get(1..).unwrap_or_default()),
        ("fmt", "Sprint") => args.iter().filter_map(|arg| known(&arg.value)).collect(),
        ("path", "Join") | ("net/url", "JoinPath") => join(args),
        ("strings", "Join") => {
            let Some(Value::List(parts)) = args.first().map(|arg| &arg.value) else { return None };
            parts.iter().filter_map(known).collect::<Vec<_>>().join(text(1)?)
        }
        ("strings", "TrimSuffix") => {
            let (whole, end) = (text(0)?, text(1)?);
            whole.strip_suffix(end).unwrap_or(whole).to_owned()
        }
        ("strings", "TrimPrefix") => {
            let (whole, front) = (text(0)?, text(1)?);
            whole.strip_prefix(front).unwrap_or(whole).to_owned()
        }
        ("strings", "TrimRight") => {
            let cut: Vec<char> = text(1)?.chars().collect();
            text(0)?.trim_end_matches(cut.as_slice()).to_owned()
        }
        ("strings", "TrimLeft") => {
            let cut: Vec<char> = text(1)?.chars().collect();
            text(0)?.trim_start_matches(cut.as_slice()).to_owned()
        }
        ("strings", "ToLower") => text(0)?.to_lowercase(),
        ("strings", "ToUpper") => text(0)?.to_uppercase(),
        ("strings", "TrimSpace") => text(0)?.trim().to_owned(),
        _ => return None,
    };
    Some(Value::Text(made))
}

fn known<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// A format with its values; those that are not known are left out.
fn format(form: &str, args: &[Arg<'_>]) -> String {
    let mut out = String::new();
    let mut args = args.iter();
    let mut chars = form.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.find(|c| c.is_alphabetic() || *c == '%') {
            Some('%') => out.push('%'),
            Some(_) => {
                out.push_str(args.next().and_then(|arg| known(&arg.value)).unwrap_or_default());
            }
            None => {}
        }
    }
    out
}

fn join(args: &[Arg<'_>]) -> String {
    let mut out = String::new();
    for part in args.iter().filter_map(|arg| known(&arg.value)) {
        let part = if out.is_empty() { part } else { part.trim_start_matches('/') };
        if !out.is_empty() && !out.ends_with('/') {
            out.push('/');
        }
        out.push_str(part.trim_end_matches('/'));
    }
    if out.is_empty() && !args.is_empty() {
        out.push('/');
    }
    out
}
