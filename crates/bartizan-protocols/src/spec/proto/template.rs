//! Path templates of `google.api.http` (grammar in `google/api/http.proto`): what they bind, and the path
//! of the same requests with one `{name}` for each segment that varies.

use std::collections::BTreeSet;

use crate::spec::operation::MAX_PATH;

/// A template, read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    /// `/v1/shelves/{name}:move` of `/v1/{name=shelves/*}:move`.
    pub(super) path: String,
    /// The parameters of the path in order, each with the field that it is a part of; that is empty
    /// for a segment that no field is bound to.
    pub(super) parameters: Vec<(String, String)>,
    /// Fields that the path binds.
    pub(super) bound: BTreeSet<String>,
    /// `**` is in it: several segments, or none, are one parameter here.
    pub(super) is_wide: bool,
}

/// Most parts between slashes, those of variables included.
const MAX_PARTS: usize = 256;
const TOO_LONG: &str = "a path of more than 4 KiB or 256 parameters";

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// With what is wrong about it.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        let mut out = Self::default();
        if !text.starts_with('/') {
            return Err("a path template begins with `/`");
        }
        let mut rest = text;
        let mut literal = "";
        while let Some(at) = rest.find(['{', '*', '}']) {
            let (before, from) = rest.split_at_checked(at).unwrap_or_default();
            out.path.push_str(before);
            literal = last_part(before).unwrap_or(literal);
            if let Some(variable) = from.strip_prefix('{') {
                let Some((variable, behind)) = variable.split_once('}') else {
                    return Err("a `{` without its `}`");
                };
                out.variable(variable, literal)?;
                rest = behind;
            } else if from.starts_with('}') {
                return Err("a `}` without its `{`");
            } else {
                let behind = from.trim_start_matches('*');
                out.wildcard("", "", literal, from.len() - behind.len() > 1);
                rest = behind;
            }
            out.check()?;
        }
        out.path.push_str(rest);
        out.check()?;
        Ok(out)
    }

    /// `field.path` or `field.path=segments`.
    fn variable(&mut self, text: &str, outer: &str) -> Result<(), &'static str> {
        let (field, segments) = text.split_once('=').unwrap_or((text, "*"));
        let field = field.trim();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        if field.is_empty() || !field.chars().all(is_name) || segments.contains('{') {
            return Err("a variable is `{field}` or `{field=segments}`");
        }
        if segments.split('/').count() > MAX_PARTS {
            return Err(TOO_LONG);
        }
        self.bound.insert(field.to_owned());
        let count = segments.split('/').filter(|s| s.starts_with('*')).count();
        let mut literal = outer;
        for (at, segment) in segments.split('/').enumerate() {
            if at > 0 {
                self.path.push('/');
            }
            if segment == "*" || segment == "**" {
                // The only one is the field, but for the text around it.
                let name = if count == 1 { field } else { "" };
                self.wildcard(name, field, literal, segment == "**");
            } else {
                self.path.push_str(segment);
                literal = segment;
            }
            self.check()?;
        }
        Ok(())
    }

    /// A segment that varies. Without a name it has that of the collection in front, as in the
    /// `flatPath` of discovery documents: `projects/{projectsId}`.
    fn wildcard(&mut self, name: &str, field: &str, literal: &str, is_wide: bool) {
        self.is_wide |= is_wide;
        let mut own = match (name, literal) {
            ("", "") => "segment".to_owned(),
            ("", literal) => format!("{literal}Id"),
            (name, _) => name.to_owned(),
        };
        let taken = |own: &str| self.parameters.iter().any(|(name, _)| name == own);
        if taken(&own) {
            own = format!("{own}{}", self.parameters.len() + 1);
        }
        self.path.push('{');
        self.path.push_str(&own);
        self.path.push('}');
        self.parameters.push((own, field.to_owned()));
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.path.len() > MAX_PATH || self.parameters.len() > MAX_PARTS {
            return Err(TOO_LONG);
        }
        Ok(())
    }
}

/// The last part that is a name, of a text with slashes.
fn last_part(text: &str) -> Option<&str> {
    text.rsplit('/').find(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_become_parameters_of_one_segment_each() {
        for (text, path, parameters, is_wide) in [
            ("/v1/shelves", "/v1/shelves", vec![], false),
            ("/v1/{id}", "/v1/{id}", vec![("id", "id")], false),
            ("/v1/{name=shelves/*}", "/v1/shelves/{name}", vec![("name", "name")], false),
            (
                "/v1/{book.name=shelves/*/books/*}:move",
                "/v1/shelves/{shelvesId}/books/{booksId}:move",
                vec![("shelvesId", "book.name"), ("booksId", "book.name")],
                false,
            ),
            ("/v1/{file=**}", "/v1/{file}", vec![("file", "file")], true),
            ("/v1/*/messages", "/v1/{v1Id}/messages", vec![("v1Id", "")], false),
            (
                "/{a=*/*}/{a=x}",
                "/{segment}/{segment2}/x",
                vec![("segment", "a"), ("segment2", "a")],
                false,
            ),
            ("/", "/", vec![], false),
        ] {
            let read = Template::read(text).expect(text);
            let own = |(a, b): &(String, String)| (a.clone(), b.clone());
            let expected: Vec<_> =
                parameters.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            assert_eq!(read.path, path);
            assert_eq!(read.parameters.iter().map(own).collect::<Vec<_>>(), expected, "{text}");
            assert_eq!(read.is_wide, is_wide, "{text}");
        }
    }

    #[test]
    fn what_is_no_template_is_said_to_be_none() {
        for text in ["", "v1", "/{", "/{}", "/}", "/{a b}", "/{a={b}}", "/{=x}"] {
            assert!(Template::read(text).is_err(), "{text}");
        }
        assert!(Template::read(&"/*".repeat(300)).is_err());
        assert!(Template::read(&format!("/{{a={}}}", "x/*/".repeat(1_000))).is_err());
        assert!(Template::read(&format!("/{}", "a".repeat(MAX_PATH))).is_err());
    }
}
