//! Messages of a WebSocket beside the messages of a channel in AsyncAPI: kinds, and the members of each.

use bartizan_model::{
    Direction, DriftGrade, DriftKind, Endpoint, Location, MessageSeen, Root,
    endpoint::MIN_REQUIRED_SAMPLES,
};
use bartizan_protocols::spec::{OperationKind, Place, SpecBody, SpecOperation};

use super::{
    At, Found, Known,
    allowed::{Allowed, Reader},
};
use crate::learn::messages::{KINDS, MAX_FIELDS};

/// What messages are called that do not say what they are.
const UNNAMED: [&str; 4] = ["object", "array", "text", "binary"];

pub(super) fn compare(found: &mut Found<'_>, endpoint: &Endpoint, known: Known<'_>) {
    let own = [known.operation];
    let all = if known.all.is_empty() { &own[..] } else { known.all };
    for (kind, direction, part) in [
        (OperationKind::Receive, Direction::Request, "received message"),
        (OperationKind::Send, Direction::Response, "sent message"),
    ] {
        let operations: Vec<&SpecOperation> =
            all.iter().copied().filter(|operation| operation.kind == kind).collect();
        let Some(first) = operations.first() else { continue };
        let bodies = operations.iter().flat_map(|operation| &operation.bodies);
        let written: Vec<Message<'_>> =
            bodies.map(|body| Message::of(body, &found.reader)).collect();
        if written.is_empty() {
            continue;
        }
        let side = Side { written, direction, part, place: first.place };
        let seen = endpoint.conversation.messages.iter();
        for seen in seen.filter(|seen| seen.direction == direction) {
            side.compare(found, seen);
        }
    }
}

/// A message that is written.
struct Message<'a> {
    body: &'a SpecBody,
    /// What messages of this kind say that they are; `None` where the schema leaves it open.
    names: Option<Vec<String>>,
}

impl<'a> Message<'a> {
    fn of(body: &'a SpecBody, reader: &Reader<'_>) -> Self {
        let allowed = body.schema.map(|schema| reader.allowed(&[vec![schema]]));
        let said = allowed.as_ref().and_then(|allowed| {
            // The surest member that it has, as whoever sends a message names it by that.
            let member = KINDS.iter().find_map(|name| allowed.properties.get(*name))?;
            let words = reader.allowed(member).words?;
            Some(words.into_iter().map(str::to_owned).collect())
        });
        Self { body, names: said }
    }

    fn is_named(&self, name: &str) -> bool {
        let said = self.names.iter().flatten();
        self.body.type_name == name || said.into_iter().any(|word| word == name)
    }
}

/// Messages of one direction.
struct Side<'a> {
    written: Vec<Message<'a>>,
    direction: Direction,
    part: &'static str,
    place: Place,
}

impl Side<'_> {
    fn compare(&self, found: &mut Found<'_>, seen: &MessageSeen) {
        let is_unnamed = UNNAMED.contains(&seen.name.as_str());
        let named: Vec<&Message<'_>> =
            self.written.iter().filter(|message| message.is_named(&seen.name)).collect();
        let open: Vec<&Message<'_>> =
            self.written.iter().filter(|message| message.names.is_none()).collect();
        let fitting = match (named.as_slice(), open.as_slice(), self.written.as_slice()) {
            ([], _, [only]) if is_unnamed => vec![only],
            // It may be any of several.
            ([], ..) if is_unnamed => return,
            ([], [], _) => {
                let names = self.written.iter().filter_map(|message| message.names.as_ref());
                let names: Vec<&str> = names.flatten().map(String::as_str).collect();
                let at = At { part: self.part, location: "", place: Some(self.place) };
                let kind = DriftKind::Unwritten;
                found.tell(DriftGrade::Warning, kind, at, &names.join(" · "), &seen.name);
                return;
            }
            ([], [_only], [_]) => open,
            ([], ..) => return,
            _ => named,
        };
        let schemas: Option<Vec<Vec<Place>>> =
            fitting.iter().map(|message| message.body.schema.map(|schema| vec![schema])).collect();
        if let Some(schemas) = schemas {
            let allowed = found.reader.allowed(&schemas);
            self.members(found, seen, &allowed);
        }
    }

    /// What breaks whoever reads what the API sends is only unexpected in what it receives.
    const fn grade(&self) -> DriftGrade {
        match self.direction {
            Direction::Response => DriftGrade::Breaking,
            Direction::Request => DriftGrade::Warning,
        }
    }

    fn members(&self, found: &mut Found<'_>, seen: &MessageSeen, allowed: &Allowed<'_>) {
        if !allowed.has_type("object") || seen.name == "text" || seen.name == "binary" {
            return;
        }
        let part = format!("{} {}", self.part, seen.name);
        let place_of = |name: &str| {
            let mut location = Location::root(Root::Message);
            location.push_key(name);
            location
        };
        for (name, types) in seen.fields.iter().zip(&seen.types) {
            let location = place_of(name);
            let Some(schemas) = allowed.properties.get(name.as_str()) else {
                let is_closed = !allowed.is_open && allowed.others.is_empty();
                if is_closed && !allowed.properties.is_empty() {
                    let at = At { part: &part, location: location.as_str(), place: None };
                    found.tell(DriftGrade::Warning, DriftKind::Unwritten, at, "", types);
                }
                continue;
            };
            let member = found.reader.allowed(schemas);
            let place = schemas.first().and_then(|all| all.first()).copied();
            let at = At { part: &part, location: location.as_str(), place };
            let types: Vec<&str> = types.split('|').filter(|one| !one.is_empty()).collect();
            found.value(&types, &[], &member, at, self.grade());
        }
        // Where there was no room for more it is not known what else there was.
        if seen.count < MIN_REQUIRED_SAMPLES || seen.fields.len() >= MAX_FIELDS {
            return;
        }
        for name in allowed.required.iter().filter(|name| !seen.fields.iter().any(|f| f == *name)) {
            let location = place_of(name);
            let at = At { part: &part, location: location.as_str(), place: Some(self.place) };
            found.tell(self.grade(), DriftKind::Missing, at, "required", "never there");
        }
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::Conversation;
    use bartizan_protocols::spec::{self, NoFiles};

    use super::{
        super::{compare, *},
        *,
    };

    const SPEC: &str = r"asyncapi: 2.6.0
info: {title: t, version: '1'}
servers: {ws: {url: 'wss://ws.example.com', protocol: wss}}
channels:
  /chat:
    publish: {message: {oneOf: [
      {name: join, payload: {type: object, required: [type, room, who], properties: {type: {const: join}, room: {type: integer}, who: {type: string}}}},
      {name: leave, payload: {type: object, properties: {type: {enum: [leave, quit]}}}}]}}
    subscribe: {message: {payload: {type: object, required: [n], properties: {n: {type: integer}}}}}
";

    fn seen(direction: Direction, name: &str, fields: &[(&str, &str)]) -> MessageSeen {
        let (fields, types) =
            fields.iter().map(|(f, t)| ((*f).to_owned(), (*t).to_owned())).unzip();
        MessageSeen { direction, name: name.to_owned(), count: 9, fields, types }
    }

    fn drift(messages: Vec<MessageSeen>) -> Vec<(DriftGrade, DriftKind, String, String, String)> {
        let document = spec::read(SPEC.as_bytes(), &mut NoFiles).expect("reads");
        let all: Vec<&SpecOperation> = document.operations.iter().map(|one| &**one).collect();
        let endpoint = Endpoint {
            conversation: Conversation { messages, ..Conversation::default() },
            ..Endpoint::default()
        };
        let known = Known { all: &all, ..Known::of("s", &document, all[0]) };
        let drift = compare(&endpoint, known).drift.into_iter();
        drift.map(|one| (one.grade, one.kind, one.part, one.location, one.seen)).collect()
    }

    #[test]
    fn kinds_and_members_are_compared() {
        use Direction::{Request, Response};
        let join = [("room", "integer"), ("type", "string"), ("who", "string")];
        let fine = vec![
            seen(Request, "join", &join),
            seen(Request, "quit", &[("type", "string")]),
            seen(Response, "object", &[("n", "integer")]),
        ];
        assert_eq!(drift(fine), []);
        let told = |grade, kind, part: &str, location: &str, seen: &str| {
            vec![(grade, kind, part.to_owned(), location.to_owned(), seen.to_owned())]
        };
        let (warning, breaking) = (DriftGrade::Warning, DriftGrade::Breaking);
        assert_eq!(
            drift(vec![seen(Request, "ping", &[("action", "string")])]),
            told(warning, DriftKind::Unwritten, "received message", "", "ping")
        );
        let wrong = [("room", "string"), ("type", "string"), ("who", "string")];
        let part = "received message join";
        assert_eq!(
            drift(vec![seen(Request, "join", &wrong)]),
            told(warning, DriftKind::Type, part, "ws.message:/room", "string")
        );
        assert_eq!(
            drift(vec![seen(Request, "join", &join[..2])]),
            told(warning, DriftKind::Missing, part, "ws.message:/who", "never there")
        );
        let more = [join[0], join[1], join[2], ("x", "string")];
        assert_eq!(
            drift(vec![seen(Request, "join", &more)]),
            told(warning, DriftKind::Unwritten, part, "ws.message:/x", "string")
        );
        assert_eq!(
            drift(vec![seen(Response, "object", &[("n", "string|integer")])]),
            told(breaking, DriftKind::Type, "sent message object", "ws.message:/n", "string")
        );
    }
}
