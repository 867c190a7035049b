//! The method that a request asks for.

use bartizan_model::Request;

/// Fields in which frameworks look for another method, for clients that can send `GET` and `POST` only.
const FIELDS: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];
/// Methods that are asked for so (RFC 9110 §9, RFC 5789, and `MERGE` of OData 2).
const METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "MERGE", "PATCH", "PUT"];

/// The method of the operation: that of the field in which frameworks look for another one, when a `POST`
/// names one there that is known. `POST` alone, since that is what frameworks override; fields that
/// contradict each other say nothing.
pub(super) fn method(request: &Request) -> &str {
    if request.method != "POST" {
        return &request.method;
    }
    let mut asked = None;
    for value in FIELDS.iter().filter_map(|field| request.headers.get(field)) {
        let known = METHODS.iter().find(|method| method.eq_ignore_ascii_case(value.trim()));
        if known.is_none() || asked.is_some_and(|before| Some(before) != known) {
            return &request.method;
        }
        asked = known;
    }
    asked.map_or(&request.method, |method| method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_asks_for_what_its_field_names() {
        let asked = |method: &str, headers: &[(&str, &str)]| {
            let headers = headers.iter().copied().collect();
            let request = Request { method: method.to_owned(), headers, ..Request::default() };
            super::method(&request).to_owned()
        };
        assert_eq!(asked("POST", &[]), "POST");
        assert_eq!(asked("POST", &[("X-HTTP-Method-Override", "delete")]), "DELETE");
        assert_eq!(asked("POST", &[("x-http-method", " MERGE ")]), "MERGE");
        assert_eq!(asked("GET", &[("x-http-method-override", "DELETE")]), "GET");
        assert_eq!(asked("POST", &[("x-method-override", "CONNECT")]), "POST");
        let both = [("x-http-method", "PUT"), ("x-method-override", "DELETE")];
        assert_eq!(asked("POST", &both), "POST");
    }
}
