//! Elements of SOAP messages, and the texts in them, beside the schema in a WSDL.

use std::collections::BTreeMap;

use bartizan_model::{
    Direction, DriftGrade, DriftKind, Endpoint, GeneralStep, Location, Parameter, Root,
    endpoint::MIN_REQUIRED_SAMPLES,
};
use bartizan_protocols::spec::{Place, SpecBody, SpecOperation, XmlElements};

use super::{At, Found};

mod text;

pub(super) fn compare(found: &mut Found<'_>, endpoint: &Endpoint, operation: &SpecOperation) {
    let Some(elements) = XmlElements::of(found.document) else { return };
    let answer = operation.responses.iter().find(|response| response.status == "200");
    let sides = [
        (Direction::Request, "request body", operation.bodies.as_slice()),
        (Direction::Response, "answer", answer.map_or(&[][..], |answer| &answer.bodies)),
    ];
    for (direction, part, bodies) in sides {
        let Some(message) = Message::of(operation, direction, bodies, &elements) else { continue };
        Side { direction, part, elements: &elements, message }.compare(found, endpoint);
    }
}

/// What a message is: one element of the body (WSDL 1.1 §3.5).
struct Message<'a> {
    /// Its local name. That it is of the namespace of the binding is not compared: messages are read without.
    name: String,
    holds: Holds<'a>,
}

/// What is in an element.
#[derive(Clone, Copy)]
enum Holds<'a> {
    /// What the schema says of the element that stands there.
    Written(Place),
    /// Parts of style "rpc": each is an element of its own.
    Parts(&'a [SpecBody]),
    /// Anything: what is encoded may be elsewhere in the message.
    Anything,
}

impl<'a> Message<'a> {
    /// Of style "document" only a message that is one element has a schema of its own. Of style "rpc" all parts are
    /// in one that is named as the operation, and in answers by convention with `Response` behind (WS-I Basic
    /// Profile 1.1, R2729).
    fn of(
        operation: &SpecOperation,
        direction: Direction,
        bodies: &'a [SpecBody],
        elements: &XmlElements<'_>,
    ) -> Option<Self> {
        let body = bodies.first()?;
        if !body.part.is_empty() {
            let suffix = if direction == Direction::Response { "Response" } else { "" };
            let name = format!("{}{suffix}", operation.path);
            return Some(Self { name, holds: Holds::Parts(bodies) });
        }
        let element = elements.element(&body.type_name).filter(|own| body.schema == Some(*own))?;
        let name = body.type_name.rsplit(':').next().unwrap_or("").to_owned();
        Some(Self { name, holds: Holds::Written(element) })
    }
}

/// Messages of one direction.
struct Side<'a, 'd> {
    direction: Direction,
    part: &'static str,
    elements: &'a XmlElements<'d>,
    message: Message<'a>,
}

/// Members by name: what each holds, where it is written, and whether it must be there.
type Members<'a> = BTreeMap<&'a str, (Holds<'a>, Option<Place>, bool)>;

impl<'a, 'd: 'a> Side<'a, 'd> {
    /// Members of an element, and whether others may be there too.
    fn members(&self, holds: Holds<'a>) -> (Members<'a>, bool) {
        match holds {
            Holds::Anything => (Members::new(), true),
            Holds::Written(element) => {
                let members = self.elements.members(element);
                let one =
                    |(name, (place, must))| (name, (Holds::Written(place), Some(place), must));
                (members.elements.into_iter().map(one).collect(), members.is_open)
            }
            Holds::Parts(parts) => {
                let one = |part: &'a SpecBody| {
                    let holds = part.schema.map_or(Holds::Anything, Holds::Written);
                    (part.part.as_str(), (holds, part.schema, true))
                };
                (parts.iter().map(one).collect(), false)
            }
        }
    }

    fn compare(&self, found: &mut Found<'_>, endpoint: &Endpoint) {
        let seen = self.seen(endpoint, &self.message.name);
        // Where elements stand by path: one comes in front of what is in it. What is not written has nothing below.
        let mut known: BTreeMap<&[String], Holds<'_>> = [(&[][..], self.message.holds)].into();
        for (path, parameter) in &seen {
            let Some((last, above)) = path.split_last() else {
                self.absent(found, self.message.holds, parameter, &seen, path);
                continue;
            };
            let Some(at) = known.get(above) else { continue };
            let (members, is_open) = self.members(*at);
            let location = parameter.location.as_str();
            match members.get(last.as_str()) {
                Some((holds, ..)) => {
                    known.insert(path, *holds);
                    self.absent(found, *holds, parameter, &seen, path);
                    if let Holds::Written(place) = holds
                        && let Some(simple) = self.elements.simple(*place)
                    {
                        let at = At { part: self.part, location, place: Some(*place) };
                        text::compare(found, parameter, &simple, at, self.grade());
                    }
                }
                None if is_open => {}
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

    /// What breaks whoever reads answers is only unexpected in requests.
    const fn grade(&self) -> DriftGrade {
        match self.direction {
            Direction::Request => DriftGrade::Warning,
            Direction::Response => DriftGrade::Breaking,
        }
    }

    /// Members that must be there and never were.
    fn absent(
        &self,
        found: &mut Found<'_>,
        holds: Holds<'a>,
        parameter: &Parameter,
        seen: &BTreeMap<Vec<String>, &Parameter>,
        path: &[String],
    ) {
        if parameter.seen < MIN_REQUIRED_SAMPLES {
            return;
        }
        let grade = self.grade();
        for (name, (_, place, required)) in self.members(holds).0 {
            let below = [path, &[name.to_owned()]].concat();
            if required && !seen.contains_key(&below) {
                let mut location = parameter.location.clone();
                location.push_key(name);
                let at = At { part: self.part, location: location.as_str(), place };
                found.tell(grade, DriftKind::Missing, at, "required", "never there");
            }
        }
    }
}
