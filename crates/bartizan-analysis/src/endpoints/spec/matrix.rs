//! Path templates with parameters of `style: matrix` (OpenAPI 3.1.1 §4.8.12.3), as requests are looked at: what such
//! parameters expand to is beside the segments, see [`bartizan_model::Root::Matrix`].

use std::borrow::Cow;

use bartizan_protocols::spec::SpecOperation;

/// The template of an operation without its parameters of that style. `/maps/point{lat}{lon}` is `/maps/point`, and
/// of a segment of nothing else a semicolon stays: `/points/{point}` is `/points/;`.
pub(super) fn in_requests(documented: &SpecOperation) -> Cow<'_, str> {
    let matrix = documented.parameters.iter().filter(|parameter| parameter.is_matrix);
    let names: Vec<&str> = matrix.map(|parameter| parameter.name.as_str()).collect();
    if names.is_empty() {
        return Cow::Borrowed(&documented.path);
    }
    let segments = documented.path.split('/').map(|segment| without(segment, &names));
    Cow::Owned(segments.collect::<Vec<_>>().join("/"))
}

fn without(segment: &str, names: &[&str]) -> String {
    let (mut out, mut rest) = (String::new(), segment);
    while let Some((before, behind)) = rest.split_once('{')
        && let Some((name, behind)) = behind.split_once('}')
    {
        out.push_str(before);
        if !names.contains(&name) {
            out.extend(["{", name, "}"]);
        }
        rest = behind;
    }
    out.push_str(rest);
    if out.is_empty() && !segment.is_empty() { ";".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use bartizan_model::InventoryState;
    use bartizan_protocols::spec::{NoFiles, read};

    use crate::endpoints::{Segment, SpecIndex, Template};

    #[test]
    fn parameters_of_style_matrix_are_beside_the_segments() {
        let style = |name: &str| {
            format!(
                r#"{{"name":"{name}","in":"path","required":true,"style":"matrix","schema":{{}}}}"#
            )
        };
        let text = format!(
            r#"{{"openapi":"3.1.0","servers":[{{"url":"https://a.example.com"}}],"paths":{{
            "/points":{{"get":{{}}}},
            "/points/{{point}}":{{"get":{{"parameters":[{}]}}}},
            "/maps/at{{lat}}{{lon}}/{{zoom}}":{{"get":{{"parameters":[{},{}]}}}}}}}}"#,
            style("point"),
            style("lat"),
            style("lon")
        );
        let document = read(text.as_bytes(), &mut NoFiles).expect("a document");
        let index = SpecIndex::from_documents([&document]);
        let found = |segments: &[&str]| {
            let found = index.lookup("a.example.com", "GET", segments);
            found.map(|found| {
                (found.operation.documented.path.as_str(), found.operation.path.as_str())
            })
        };
        assert_eq!(found(&["points"]), Some(("/points", "/points")));
        assert_eq!(found(&["points", ";"]), Some(("/points/{point}", "/points/;")));
        assert_eq!(found(&["points", "3"]), None, "it is not written like that");
        let map = Some(("/maps/at{lat}{lon}/{zoom}", "/maps/at/{zoom}"));
        assert_eq!(found(&["maps", "at", "7"]), map);
        let template = Template {
            host: "a.example.com".to_owned(),
            method: "GET".to_owned(),
            segments: ["points", ";"].map(|s| Segment::Literal(s.to_owned())).into(),
            ..Template::default()
        };
        assert_eq!(index.state(&template), InventoryState::Documented);
    }
}
