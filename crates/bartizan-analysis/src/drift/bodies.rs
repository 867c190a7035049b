//! Bodies of requests and answers beside their schemas.

use bartizan_model::{
    Direction, DriftGrade, DriftKind, Endpoint, Fields,
    endpoint::{BodySeen, MIN_REQUIRED_SAMPLES},
};
use bartizan_protocols::spec::{Place, SpecBody, SpecOperation, SpecResponse};

use super::{At, Found, MIN_UNUSED_SAMPLES, allowed::Allowed};

pub(super) fn compare(found: &mut Found<'_>, endpoint: &Endpoint, operation: &SpecOperation) {
    for (position, body) in (0_u32..).zip(&endpoint.bodies) {
        match (body.direction, body.status) {
            (Direction::Request, _) => {
                let side = Side { endpoint, body, position, part: "request body", is_error: false };
                // A body where none is written is a matter of clients; forms of Swagger 2.0 are parameters.
                if !operation.bodies.is_empty() {
                    side.compare(found, &operation.bodies, operation.place);
                }
            }
            (Direction::Response, Some(status)) => {
                answer(found, endpoint, operation, (position, body, status))
            }
            (Direction::Response, None) => {}
        }
    }
    statuses(found, endpoint, operation);
}

fn answer(
    found: &mut Found<'_>,
    endpoint: &Endpoint,
    operation: &SpecOperation,
    (position, body, status): (u32, &BodySeen, u16),
) {
    let Some(written) = response(operation, status) else { return };
    let part = status.to_string();
    let side = Side { endpoint, body, position, part: &part, is_error: status >= 400 };
    if !written.bodies.is_empty() {
        side.compare(found, &written.bodies, written.place);
    }
}

/// What is written about a status: by itself, by its class, or about all others.
pub(super) fn response(operation: &SpecOperation, status: u16) -> Option<&SpecResponse> {
    let own = status.to_string();
    let class = format!("{}XX", status / 100);
    let named = |name: &str| {
        operation.responses.iter().find(|response| response.status.eq_ignore_ascii_case(name))
    };
    named(&own).or_else(|| named(&class)).or_else(|| named("default"))
}

/// Statuses that are not written. What says nothing about answers says nothing about these.
fn statuses(found: &mut Found<'_>, endpoint: &Endpoint, operation: &SpecOperation) {
    if operation.responses.is_empty() {
        return;
    }
    let written: Vec<&str> = operation.responses.iter().map(|r| r.status.as_str()).collect();
    let written = written.join(", ");
    for (status, count) in &endpoint.statuses {
        if *status < 200 || *status == 304 || response(operation, *status).is_some() {
            continue;
        }
        let grade = if *status < 400 { DriftGrade::Warning } else { DriftGrade::Info };
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        let part = status.to_string();
        let at = At { part: &part, location: "", place: Some(operation.place) };
        found.tell(grade, DriftKind::Status, at, &written, &times);
    }
}

/// One kind of body that was seen.
struct Side<'a> {
    endpoint: &'a Endpoint,
    body: &'a BodySeen,
    position: u32,
    part: &'a str,
    is_error: bool,
}

impl Side<'_> {
    fn compare(&self, found: &mut Found<'_>, written: &[SpecBody], place: Place) {
        let seen = self.body.media_type.as_str();
        let fitting = written.iter().filter(|body| fits(&body.media_type, seen));
        // The most exact one: `application/json` before `application/*` before `*/*`.
        let fitting = fitting.min_by_key(|body| body.media_type.matches('*').count());
        let Some(body) = fitting else {
            if !seen.is_empty() {
                let names: Vec<&str> =
                    written.iter().map(|body| body.media_type.as_str()).collect();
                let at = At { part: self.part, location: "", place: Some(place) };
                let grade = if self.is_error { DriftGrade::Info } else { DriftGrade::Warning };
                found.tell(grade, DriftKind::MediaType, at, &names.join(", "), seen);
            }
            return;
        };
        let Some(schema) = body.schema else { return };
        let fields = Fields::of(self.endpoint, self.position, self.body.direction);
        if fields.parameter.is_some() || fields.types().next().is_some() {
            self.place(found, &fields, &[vec![schema]], "body:");
        }
    }

    /// What breaks whoever reads answers is only unexpected in requests.
    const fn grade(&self) -> DriftGrade {
        match self.body.direction {
            Direction::Response => DriftGrade::Breaking,
            Direction::Request => DriftGrade::Warning,
        }
    }

    /// A value and what is below it.
    fn place(
        &self,
        found: &mut Found<'_>,
        fields: &Fields<'_>,
        schemas: &[Vec<Place>],
        location: &str,
    ) {
        let allowed = found.reader.allowed(schemas);
        let at = At {
            part: self.part,
            location,
            place: schemas.first().and_then(|all| all.first()).copied(),
        };
        let words = fields.parameter.map_or(&[][..], |(parameter, _)| parameter.words.as_slice());
        // In forms all is text.
        let is_typed = self.body.media_type.contains("json") || self.body.media_type.is_empty();
        let types: Vec<&str> = fields.types().filter(|_| is_typed).collect();
        found.value(&types, words, &allowed, at, self.grade());
        if let Some((parameter, _)) = fields.parameter {
            found.limits(parameter, &allowed, at, self.grade());
            found.pattern(parameter, &allowed, at, self.grade());
        }
        if let Some(element) = &fields.element
            && !allowed.items.is_empty()
        {
            self.place(found, element, &allowed.items, &format!("{location}/*"));
        }
        if let Some(value) = &fields.any_key
            && !allowed.others.is_empty()
        {
            self.place(found, value, &allowed.others, &format!("{location}/{{key}}"));
        }
        if allowed.has_type("object") {
            self.members(found, fields, &allowed, at);
        }
    }

    fn members(
        &self,
        found: &mut Found<'_>,
        fields: &Fields<'_>,
        allowed: &Allowed<'_>,
        at: At<'_>,
    ) {
        for (key, field) in &fields.keys {
            let location = below(at.location, key);
            if let Some(schemas) = allowed.properties.get(key.as_str()) {
                self.place(found, field, schemas, &location);
            } else if !allowed.others.is_empty() {
                self.place(found, field, &allowed.others, &location);
            } else if !allowed.is_open && !allowed.properties.is_empty() {
                let seen = field.types().collect::<Vec<_>>().join(" or ");
                let grade = if self.is_error { DriftGrade::Info } else { DriftGrade::Warning };
                let at = At { location: &location, place: None, ..at };
                found.tell(grade, DriftKind::Unwritten, at, "", &seen);
            }
        }
        if fields.any_key.is_none() {
            self.absent(found, fields, allowed, at);
        }
    }

    /// Members that are written and did not come, or not always.
    fn absent(
        &self,
        found: &mut Found<'_>,
        fields: &Fields<'_>,
        allowed: &Allowed<'_>,
        at: At<'_>,
    ) {
        let objects = fields.keys.values().find_map(|field| field.parameter);
        let Some(objects) = objects.map(|(_, seen)| seen.of) else { return };
        // What must be there need not be described.
        let described = allowed.properties.iter().map(|(name, schemas)| (name, schemas.as_slice()));
        let others = allowed.required.iter().filter(|name| !allowed.properties.contains_key(*name));
        for (name, schemas) in described.chain(others.map(|name| (name, &[][..]))) {
            let member = found.reader.allowed(schemas);
            let is_of_other_side = match self.body.direction {
                Direction::Request => member.read_only,
                Direction::Response => member.write_only,
            };
            let seen = fields.keys.get(*name).and_then(|field| field.parameter);
            let seen = seen.map_or(0, |(_, seen)| seen.seen);
            if is_of_other_side || seen >= objects {
                continue;
            }
            let location = below(at.location, name);
            let place = schemas.first().and_then(|all| all.first()).copied();
            let at = At { location: &location, place, ..at };
            if allowed.required.contains(name) && objects >= MIN_REQUIRED_SAMPLES {
                let seen = if seen == 0 {
                    "never there".to_owned()
                } else {
                    format!("{seen} of {objects} had it")
                };
                found.tell(self.grade(), DriftKind::Missing, at, "required", &seen);
            } else if seen == 0 && objects >= MIN_UNUSED_SAMPLES && !allowed.of_some.contains(name)
            {
                let names = member.type_names();
                let written = if names.is_empty() { "any" } else { &names };
                found.tell(DriftGrade::Info, DriftKind::Unused, at, written, "never there");
            }
        }
    }
}

fn below(location: &str, key: &str) -> String {
    let mut out = bartizan_model::Location::from_text(location);
    out.push_key(key);
    out.as_str().to_owned()
}

/// Whether a media type that was seen is one that is written, which may be a range (RFC 9110 §12.5.1).
fn fits(written: &str, seen: &str) -> bool {
    let written = written.split(';').next().unwrap_or("").trim();
    if written.is_empty() || written == "*/*" {
        return true;
    }
    match written.strip_suffix("/*") {
        Some(kind) => seen.split('/').next().is_some_and(|own| own.eq_ignore_ascii_case(kind)),
        None => seen.eq_ignore_ascii_case(written),
    }
}
