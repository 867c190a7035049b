//! What was odd about a message, what of it was not read, and where in it that was.

use bartizan_model::{
    limits::{LimitName, NotInspected, NotInspectedReason},
    location::Side,
};

use super::{Place, Places, View};
use crate::anomaly::AnomalyKind;

const _: () = assert!(AnomalyKind::ALL.len() <= 64, "one bit for each kind");

const fn bit(kind: AnomalyKind) -> u64 {
    1 << kind as u64
}

fn bits(kinds: &[AnomalyKind]) -> u64 {
    kinds.iter().fold(0, |bits, kind| bits | bit(*kind))
}

impl View {
    /// What is found from now on is in another place. The one before is given back.
    pub(crate) const fn enter(&mut self, place: Place) -> Place {
        std::mem::replace(&mut self.place, place)
    }

    /// The same for what is encoded in a value of the place that is being read.
    pub(crate) const fn enter_value(&mut self) -> Place {
        self.enter(self.place.within())
    }

    /// Records an anomaly; each kind once per side.
    pub fn anomaly(&mut self, side: Side, kind: AnomalyKind) {
        let is_known = self.has_anomaly(side, kind);
        self.noted[side as usize][self.place as usize] |= bit(kind);
        if !is_known {
            self.anomalies.push((side, kind));
        }
    }

    /// Records that a limit was reached.
    pub fn limit(&mut self, side: Side, name: LimitName) {
        self.anomaly(side, AnomalyKind::LimitReached);
        self.skip(side, NotInspectedReason::Limit(name));
    }

    /// Records that something was not inspected; each reason once per side.
    pub fn skip(&mut self, side: Side, reason: NotInspectedReason) {
        let entry = NotInspected { side, reason };
        if self.missing.iter().any(|(known, place)| *known == entry && *place == self.place) {
            return;
        }
        if !self.not_inspected.contains(&entry) {
            self.not_inspected.push(entry.clone());
        }
        self.missing.push((entry, self.place));
    }

    /// Anomalies, in order of discovery.
    #[must_use]
    pub fn anomalies(&self) -> &[(Side, AnomalyKind)] {
        &self.anomalies
    }

    /// Whether an anomaly of that kind was found on that side.
    #[must_use]
    pub fn has_anomaly(&self, side: Side, kind: AnomalyKind) -> bool {
        self.noted[side as usize].iter().any(|noted| noted & bit(kind) != 0)
    }

    /// The same for the place that is being read.
    pub(crate) const fn has_anomaly_here(&self, side: Side, kind: AnomalyKind) -> bool {
        self.noted[side as usize][self.place as usize] & bit(kind) != 0
    }

    /// Whether an anomaly of one of these kinds was found in these places of that side.
    #[must_use]
    pub fn has_one_of(&self, side: Side, places: Places, kinds: &[AnomalyKind]) -> bool {
        self.noted_in(side, places) & bits(kinds) != 0
    }

    /// Whether an anomaly of another kind than these was found in these places of that side.
    #[must_use]
    pub fn has_other_than(&self, side: Side, places: Places, kinds: &[AnomalyKind]) -> bool {
        self.noted_in(side, places) & !bits(kinds) != 0
    }

    fn noted_in(&self, side: Side, places: Places) -> u64 {
        let noted = self.noted[side as usize].iter().enumerate();
        noted.filter(|(place, _)| places.has(*place)).fold(0, |all, (_, noted)| all | noted)
    }

    /// What was not inspected, in order of discovery.
    #[must_use]
    pub fn not_inspected(&self) -> &[NotInspected] {
        &self.not_inspected
    }

    /// Why something in these places of that side was not inspected; a reason comes once for each place.
    pub fn missing(
        &self,
        side: Side,
        places: Places,
    ) -> impl Iterator<Item = NotInspectedReason> + Clone {
        let missing = self
            .missing
            .iter()
            .filter(move |(entry, place)| entry.side == side && places.has(*place as usize));
        missing.map(|(entry, _)| entry.reason)
    }

    /// Whether everything of the body of that side was read.
    #[must_use]
    pub fn is_fully_inspected(&self, side: Side) -> bool {
        self.not_inspected.iter().all(|entry| entry.side != side)
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, Headers, Limits, Request};

    use super::*;
    use crate::{
        Pace,
        decode::{Decoded, decode, decode_body},
    };

    const TWICE: [AnomalyKind; 1] = [AnomalyKind::DuplicateKey];

    fn asked(target: &str, cookie: &str, body: &str) -> Decoded {
        let mut request = Request { target: target.to_owned(), ..Request::default() };
        request.headers.push("cookie", cookie);
        request.headers.push("content-type", "application/json");
        request.body = body.to_owned().into();
        decode(&Exchange { request, ..Exchange::default() }, &Limits::default(), 1)
    }

    #[test]
    fn anomalies_are_where_they_are() {
        let inner = r#"{"b":1,"b":2}"#;
        let encoded = "%7B%22b%22%3A1%2C%22b%22%3A2%7D";
        let quoted = r#"{"a":"{\"b\":1,\"b\":2}"}"#;
        for (target, cookie, body, place) in [
            ("/", "", r#"{"a":1,"a":2}"#, Some(Places::BODY)),
            ("/", "", quoted, Some(Places::VALUES)),
            (&*format!("/?q={encoded}"), "", "{}", Some(Places::VALUES)),
            ("/", &*format!("q={inner}"), "{}", None),
        ] {
            let decoded = asked(target, cookie, body);
            let has = |places| decoded.view.has_one_of(Side::Request, places, &TWICE);
            for one in [Places::TARGET, Places::BODY, Places::VALUES] {
                assert_eq!(has(one), Some(one) == place, "{target} {cookie} {body}");
            }
            assert!(has(Places::ALL), "{target} {cookie} {body}");
        }
    }

    #[test]
    fn a_field_of_the_target_too_is_odd_about_the_target() {
        let mut request = Request { target: "/?role=user".to_owned(), ..Request::default() };
        request.headers.push("content-type", "application/x-www-form-urlencoded");
        request.body = "role=admin".into();
        let exchange = Exchange { request, ..Exchange::default() };
        let view = decode(&exchange, &Limits::default(), 1).view;
        let has =
            |places| view.has_one_of(Side::Request, places, &[AnomalyKind::DuplicateParameter]);
        assert!(has(Places::TARGET) && !has(Places::BODY));
    }

    #[test]
    fn what_was_not_read_is_where_it_is() {
        let limits = Limits { header_value_bytes: 4, ..Limits::default() };
        let mut request = Request::default();
        request.headers.push("x-long", "longer");
        request.body = "{}".into();
        let exchange = Exchange { request, ..Exchange::default() };
        let view = decode(&exchange, &limits, 1).view;
        assert_eq!(view.missing(Side::Request, Places::BODY).count(), 0);
        let limit = NotInspectedReason::Limit(LimitName::HeaderValueBytes);
        assert!(view.missing(Side::Request, Places::ALL).eq([limit]));
    }

    #[test]
    fn a_body_alone_is_of_its_side() {
        let mut decoded = Decoded::default();
        let body = (Side::Response, &Headers::default(), &br#"{"a":1,"a":2}"#[..]);
        decode_body(&mut decoded, body, &Limits::default(), 1, Pace::default());
        let view = &decoded.view;
        assert!(view.has_one_of(Side::Response, Places::BODY, &TWICE));
        assert!(!view.has_one_of(Side::Request, Places::ALL, &TWICE));
        assert!(!view.has_other_than(Side::Response, Places::ALL, &TWICE));
    }
}
