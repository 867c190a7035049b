//! The grammar of certainty: solid happened, hollow would have, dashed is unconfirmed, hatched was not
//! evaluated. The dashboard has the same marks.

use maud::{Markup, html};

/// A dashed chip: nobody has confirmed it.
pub(super) fn unconfirmed(said: &str) -> Markup {
    html! { span.chip.dashed { (said) } }
}

/// How certain a statement is, in the grammar that the dashboard uses too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// Solid: it happened.
    Happened,
    /// Hollow: it would have happened.
    Would,
    /// Dashed: nobody confirmed it.
    Unconfirmed,
    /// Hatched: it was not evaluated.
    Unevaluated,
}

impl Certainty {
    /// The class of the mark.
    const fn class(self) -> &'static str {
        match self {
            Self::Happened => "happened",
            Self::Would => "would",
            Self::Unconfirmed => "unconfirmed",
            Self::Unevaluated => "unevaluated",
        }
    }
}

/// A mark and words. `colour` is a class that says of what kind it is; empty: stone.
pub(super) fn mark(certainty: Certainty, colour: &str, said: &Markup) -> Markup {
    html! {
        span class={ "mark-c " (certainty.class()) @if !colour.is_empty() { " " (colour) } } {
            span { (said) }
        }
    }
}

/// Colour of what got through, or should have been stopped.
pub(super) const BAD: &str = "k-deny";

/// Not evaluated, not recorded.
pub(super) fn not_evaluated(said: &str) -> Markup {
    mark(Certainty::Unevaluated, "", &html! { (said) })
}

/// What the marks mean.
pub(super) fn legend() -> Markup {
    let lines = [
        (Certainty::Happened, "it happened"),
        (Certainty::Would, "it would have, had a rule been enforced"),
        (Certainty::Unconfirmed, "nobody has confirmed it"),
        (Certainty::Unevaluated, "not evaluated, which is not passed"),
    ];
    html! {
        ul.legend aria-label="What the marks mean" {
            @for (certainty, said) in lines { li { (mark(certainty, "", &html! { (said) })) } }
        }
    }
}
