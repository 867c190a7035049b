//! A story: ordinary hours, an import that looks odd and is none, and an intruder from the first look
//! around to the way out with the data. It goes on among the users of [`super::benign()`], and is cut into
//! chapters, so that whoever tells it can say what to look at, and when.

mod import;
mod intruder;

use serde::Serialize;

use super::{Part, Seen, benign, hostile};

/// A part of the story.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Chapter {
    /// What it is called.
    pub title: &'static str,
    /// What happens, in a sentence or two.
    pub text: &'static str,
    /// Virtual minutes after the beginning of the play at which it begins; it ends with the next one.
    pub begins: u32,
    /// Who plays it; the users play all the time.
    pub script: &'static str,
    /// Detectors that must see it. Nobody may see anything in a chapter without any.
    pub seen_by: &'static [Seen],
    /// A stage that an incident must have reached by its end; empty: none.
    pub stage: &'static str,
}

/// All chapters, in order.
pub const CHAPTERS: &[Chapter] = &[
    Chapter {
        title: "An ordinary day",
        text: "Fifty people and programs use Quayside, a freight platform: they book, look, mistype, come \
               back, retry. Nothing here is an attack.",
        begins: 0,
        script: "",
        seen_by: &[],
        stage: "",
    },
    Chapter {
        title: "A partner moves in",
        text: "A new program books shipments by the dozen with a partner's API key, reads them back in \
               order of their numbers, and fails now and then. It looks odd and is allowed.",
        begins: import::BEGINS,
        script: import::PART.id,
        seen_by: &[],
        stage: "",
    },
    Chapter {
        title: "Somebody looks around",
        text: "An address tries paths of forgotten files, consoles and old versions.",
        begins: intruder::LOOKS,
        script: intruder::PART.id,
        seen_by: &[Seen {
            detector: "BZ-D003",
            why: "far more than 5 paths of the shape that scanners try",
        }],
        stage: "reconnaissance",
    },
    Chapter {
        title: "Passwords of a leak are tried",
        text: "Logins and passwords of a leak, each tried once, from two dozen addresses. Two of them fit.",
        begins: intruder::TRIES,
        script: intruder::PART.id,
        seen_by: &[Seen {
            detector: "BZ-D002",
            why: "one address, and one client program from many, fail on far more than 20 accounts",
        }],
        stage: "exploitation",
    },
    Chapter {
        title: "Shipments of others are opened",
        text: "With an account that fitted, the intruder opens shipments of other customers, number by \
               number: broken object level authorization (BOLA).",
        begins: intruder::READS,
        script: intruder::PART.id,
        seen_by: &[Seen {
            detector: "BZ-D001",
            why: "a caller with shipments of its own opens those of many others",
        }],
        // Exploitation, until it becomes more than that in the next chapter.
        stage: "",
    },
    Chapter {
        title: "Out with the data",
        text: "The rest of the shipments; password hashes through the search (SQL injection); and \
               everything of the forwarder in one request, through a rule that minds the case.",
        begins: intruder::TAKES,
        script: intruder::PART.id,
        seen_by: &[
            Seen { detector: "BZ-D001", why: "the shipments of others go on, past 50 of them" },
            Seen { detector: "BZ-D006", why: "UNION SELECT behind a quote" },
        ],
        stage: "exfiltration",
    },
];

/// Virtual minutes that the story takes.
pub const MINUTES: u32 = 400;

/// Who plays beside the users.
#[must_use]
pub const fn cast() -> &'static [Part] {
    &[import::PART, intruder::PART]
}

/// Who goes on when the story is over: the intruder, slowly.
#[must_use]
pub const fn afterwards() -> &'static [Part] {
    &[intruder::AFTERWARDS]
}

/// Number of the chapter that a virtual minute lies in, from 0.
#[must_use]
pub fn chapter_at(minute: u32) -> usize {
    CHAPTERS.iter().rposition(|chapter| chapter.begins <= minute).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapters_are_in_order_and_end_in_time() {
        assert!(CHAPTERS.is_sorted_by_key(|chapter| chapter.begins));
        assert!(CHAPTERS.iter().all(|chapter| chapter.begins < MINUTES));
        assert_eq!((chapter_at(0), chapter_at(MINUTES)), (0, CHAPTERS.len() - 1));
        assert_eq!(chapter_at(import::BEGINS), 1);
        for script in CHAPTERS.iter().map(|chapter| chapter.script).filter(|s| !s.is_empty()) {
            assert!(cast().iter().any(|part| part.id == script), "{script}");
        }
    }
}
