//! What requests set and ask for.

use bartizan_model::{Protocol, Root, Side};
use bartizan_protocols::{Decoded, NodeRef, Value};
use http::StatusCode;

use super::{
    super::{
        detectors::{OVER_BUDGET, OnGap},
        identity::Identity,
        place::behind_semicolons,
        reading::{self, NOT_HELD},
        record::Refusal,
        spelling::{Along, folded, is_same_name, local, parts},
        time::Time,
    },
    Properties, Property,
    patch::Patches,
};

/// What comparing a name costs that begins otherwise, in bytes.
const NAME_WORK: usize = 4;

impl Properties {
    /// What follows for a request or a message of a WebSocket. `beyond`: why it is more than is looked at here.
    pub(crate) fn check_request(
        &self,
        who: &[Identity],
        decoded: Option<&Decoded>,
        beyond: Option<&'static str>,
        time: &Time,
    ) -> Result<Option<&'static str>, Refusal> {
        if self.is_exempt(who) {
            return Ok(None);
        }
        // What is not looked at may be a document of GraphQL with aliases.
        let Some(decoded) = decoded else { return self.unread(NOT_HELD) };
        let sets = !self.read_only.is_empty();
        if sets {
            self.check_members(decoded, time)?;
        }
        let has_document = self.check_documents(decoded, time)?;
        let gap = if sets { reading::gap(decoded) } else { reading::text_gap(decoded) };
        if let Some(reason) = beyond.or(gap).or_else(|| time.is_over().then_some(OVER_BUDGET)) {
            return self.unread(reason);
        }
        Ok((is_graphql(decoded) && !has_document).then_some("document-unknown"))
    }

    /// Looks at the members and parameters of a request, as far as there is time.
    fn check_members(&self, decoded: &Decoded, time: &Time) -> Result<(), Refusal> {
        let is_read = |root| matches!(root, Root::Query | Root::Body | Root::Xml | Root::Message);
        let nodes = decoded.view.nodes().filter(|node| node.side() == Side::Request);
        let nodes = nodes.filter(|node| is_read(node.root()) && !node.key().is_empty());
        let patches = Patches::of(decoded, time);
        if let Some(one) = self.read_only.iter().find(|one| patches.set(one, time)) {
            return Err(one.read_only());
        }
        let is_merged = is_merge_patch(decoded);
        for node in nodes {
            let behind = if node.root() == Root::Query { node.raw().len() } else { 0 };
            let bytes = node.key().len() + behind + self.read_only.len() * NAME_WORK;
            if !time.is_left_for(bytes) {
                return Ok(());
            }
            let is_emptied = is_merged && node.value() == Value::Null;
            let sets = |one: &&Property| {
                one.is_set_by(node, &patches, time)
                    || (is_emptied && !one.is_anywhere && one.is_below(node, &patches, time))
            };
            if let Some(one) = self.read_only.iter().find(sets) {
                return Err(one.read_only());
            }
        }
        Ok(())
    }

    /// Looks at the documents of GraphQL in a request, as far as there is time. Whether there is one.
    fn check_documents(&self, decoded: &Decoded, time: &Time) -> Result<bool, Refusal> {
        let is_graphql = is_graphql(decoded);
        let nodes = decoded.view.nodes().filter(|node| node.side() == Side::Request);
        let documents = nodes.filter_map(|node| match node.value() {
            // Whatever the request is taken for: lenient servers take `Query` for `query`.
            Value::Text(text) if text.contains('{') && is_same_name(node.key(), "query") => {
                Some(text)
            }
            Value::Text(text) if is_graphql && node.root() == Root::Body && node.is_root() => {
                Some(text)
            }
            _ => None,
        });
        let names = self.strip.len() + self.mask.len() + self.read_only.len();
        let mut has_document = false;
        for document in documents {
            has_document = true;
            for (word, behind) in words(document) {
                if !time.is_left_for(word.len() + names * NAME_WORK) {
                    return Ok(true);
                }
                self.check_word(word, behind)?;
            }
        }
        Ok(has_document)
    }

    fn check_word(&self, word: &str, behind: &str) -> Result<(), Refusal> {
        let is_it = |one: &&Property| one.name().eq_ignore_ascii_case(word);
        if self.strip.iter().chain(&self.mask).any(|one| is_it(&one)) {
            let title = "a field that is asked for is not shown to whoever asks";
            let refusal = Refusal::deny(StatusCode::FORBIDDEN, "field-not-shown", title);
            return Err(refusal.because("graphql-field"));
        }
        let is_argument = || behind.trim_start().starts_with(':');
        match self.read_only.iter().find(is_it).filter(|_| is_argument()) {
            Some(one) => Err(one.read_only()),
            None => Ok(()),
        }
    }

    fn unread(&self, reason: &'static str) -> Result<Option<&'static str>, Refusal> {
        match self.config.on_unreadable {
            OnGap::Pass => Ok(Some(reason)),
            OnGap::Refuse => {
                let title = "this cannot be read and is not let through";
                let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                Err(Refusal::deny(status, "properties-unread", title).because(reason))
            }
        }
    }
}

fn is_graphql(decoded: &Decoded) -> bool {
    decoded.call.as_ref().is_some_and(|call| call.protocol == Protocol::Graphql)
}

/// Whether a body is called a merge patch (RFC 7396), in which null removes.
fn is_merge_patch(decoded: &Decoded) -> bool {
    reading::types(&decoded.view).any(|of| of.ends_with("merge-patch+json"))
}

impl Property {
    /// Whether a value of a request sets it.
    fn is_set_by(&self, node: NodeRef<'_>, patches: &Patches<'_>, time: &Time) -> bool {
        let key = own_key(node);
        if node.root() == Root::Query {
            let behind = behind_semicolons(node).map(|(name, _)| name);
            let mut ends = behind.filter(|name| self.is_in(name));
            let leads = |name: &str| self.way.is_end(self.way.by_key(Along::BEGIN, name));
            if ends.any(|name| self.is_anywhere || leads(name)) {
                return true;
            }
        }
        self.is_in(key) && (self.is_anywhere || self.way.is_end(self.along_to(node, patches, time)))
    }

    /// Whether it is below a value of a request.
    fn is_below(&self, node: NodeRef<'_>, patches: &Patches<'_>, time: &Time) -> bool {
        self.way.is_above(self.along_to(node, patches, time))
    }

    /// Whether its own name is this one, or part of it.
    pub(super) fn is_in(&self, key: &str) -> bool {
        let is_it = |name: &str| folded(name).eq(self.folded.chars());
        is_it(key) || (key.contains(['[', '.']) && parts(key).any(is_it))
    }

    /// How far the way to a value is its way.
    fn along_to(&self, node: NodeRef<'_>, patches: &Patches<'_>, time: &Time) -> Along {
        let (mut above, mut begin) = (Vec::new(), Along::BEGIN);
        let mut at = Some(node);
        while let Some(here) = at.filter(|here| !here.is_root()) {
            let key = own_key(here);
            at = here.parent();
            let patch = at.and_then(|parent| patches.of_value(parent.id(), key));
            if let Some(patch) = patch {
                begin = patch.along(self);
                break;
            }
            // What was decoded out of a text is in its place.
            if here.codec().is_none() {
                above.push(key);
            }
        }
        let bytes = above.iter().map(|key| key.len()).sum();
        if !time.is_left_for(bytes) {
            return Along::BEGIN;
        }
        let mut along = begin;
        for key in above.iter().rev() {
            along = self.way.by_key(along, key);
        }
        along
    }

    fn read_only(&self) -> Refusal {
        let title = "a property is not for callers to set";
        let refusal = Refusal::deny(StatusCode::FORBIDDEN, "read-only-property", title);
        refusal.with_detail(format!("`{}` cannot be set", self.name()))
    }
}

/// The name of a member; of elements and attributes of XML without prefix and mark.
fn own_key(node: NodeRef<'_>) -> &str {
    if node.root() == Root::Xml { local(node.key()) } else { node.key() }
}

/// Names in a document of GraphQL, wherever they stand, each with what is behind it.
fn words(document: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = document;
    std::iter::from_fn(move || {
        rest = rest.get(rest.find(is_of_name)?..)?;
        let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        rest = behind;
        Some((word, behind))
    })
}
