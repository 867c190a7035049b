//! Elements of SOAP messages beside the schema in a WSDL.

use std::collections::BTreeMap;

use bartizan_model::{
    Direction, DriftGrade, DriftKind, Endpoint, GeneralStep, Location, Parameter, Root,
    endpoint::MIN_REQUIRED_SAMPLES,
};
use bartizan_protocols::spec::{Place, SpecBody, SpecOperation, XmlElements};

use super::{At, Found};

pub(super) fn compare(found: &mut Found<'_>, endpoint: &Endpoint, operation: &SpecOperation) {
    let Some(elements) = XmlElements::of(found.document) else { return };
    let answer = operation.responses.iter().find(|response| response.status == "200");
    let sides = [
        (Direction::Request, "request body", operation.bodies.first()),
        (Direction::Response, "answer", answer.and_then(|answer| answer.bodies.first())),
    ];
    for (direction, part, body) in sides {
        if let Some(body) = body {
            Side { direction, part, elements: &elements }.compare(found, endpoint, body);
        }
    }
}

/// Messages of one direction.
struct Side<'a, 'd> {
    direction: Direction,
    part: &'static str,
    elements: &'a XmlElements<'d>,
}

impl Side<'_, '_> {
    /// Only a message that is one element has a schema of its own (WSDL 1.1 §3.5, style "document").
    fn compare(&self, found: &mut Found<'_>, endpoint: &Endpoint, body: &SpecBody) {
        let Some(element) = self.elements.element(&body.type_name) else { return };
        if body.schema != Some(element) {
            return;
        }
        let name = body.type_name.rsplit(':').next().unwrap_or("");
        let seen = self.seen(endpoint, name);
        // Where elements stand by path: one comes in front of what is in it. What is not written has nothing below.
        let mut known: BTreeMap<&[String], Place> = [(&[][..], element)].into();
        for (path, parameter) in &seen {
            let Some((last, above)) = path.split_last() else {
                self.absent(found, element, parameter, &seen, path);
                continue;
            };
            let Some(at) = known.get(above) else { continue };
            let members = self.elements.members(*at);
            let location = parameter.location.as_str();
            match members.elements.get(last.as_str()) {
                Some((place, _)) => {
                    known.insert(path, *place);
                    self.absent(found, *place, parameter, &seen, path);
                }
                None if members.is_open => {}
                None => {
                    let at = At { part: self.part, location, place: None };
                    found.tell(
                        DriftGrade::Warning,
                        DriftKind::Unwritten,
                        at,
                        "",
                        &parameter.value_type,
                    );
                }
            }
        }
    }

    /// Elements below the one of this name in the body, by their names from there; itself has none.
    fn seen<'e>(&self, endpoint: &'e Endpoint, name: &str) -> BTreeMap<Vec<String>, &'e Parameter> {
        let mut above = Location::root(Root::Xml);
        for key in ["Envelope", "Body", name] {
            above.push_key(key);
        }
        let own = |parameter: &'e Parameter| {
            if parameter.location == above {
                return Some((Vec::new(), parameter));
            }
            let mut path = Vec::new();
            for step in parameter.location.steps_below(&above)? {
                match step {
                    // Attributes are no elements.
                    GeneralStep::Key(key) if !key.starts_with('@') => path.push(key),
                    GeneralStep::AnyIndex => {}
                    _ => return None,
                }
            }
            Some((path, parameter))
        };
        endpoint.granted().filter(|p| p.direction == self.direction).filter_map(own).collect()
    }

    /// Members that must be there and never were.
    fn absent(
        &self,
        found: &mut Found<'_>,
        element: Place,
        parameter: &Parameter,
        seen: &BTreeMap<Vec<String>, &Parameter>,
        path: &[String],
    ) {
        if parameter.seen < MIN_REQUIRED_SAMPLES {
            return;
        }
        let grade = match self.direction {
            Direction::Request => DriftGrade::Warning,
            Direction::Response => DriftGrade::Breaking,
        };
        for (name, (place, required)) in self.elements.members(element).elements {
            let below = [path, &[name.to_owned()]].concat();
            if required && !seen.contains_key(&below) {
                let mut location = parameter.location.clone();
                location.push_key(name);
                let at = At { part: self.part, location: location.as_str(), place: Some(place) };
                found.tell(grade, DriftKind::Missing, at, "required", "never there");
            }
        }
    }
}
