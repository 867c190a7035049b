//! Runs the examples of all frameworks.

use std::collections::BTreeSet;

use crate::{
    FRAMEWORKS, Limits, routes,
    syntax::{File, Language},
};

fn files(named: &[(&str, &str)]) -> Vec<File> {
    named
        .iter()
        .filter_map(|(path, text)| {
            let extension = path.rsplit('.').next().unwrap_or_default();
            let language = Language::of_extension(extension)?;
            File::parse(path, language, (*text).to_owned(), &Limits::default())
        })
        .collect()
}

#[test]
fn every_example_gives_the_routes_that_it_says() {
    for framework in FRAMEWORKS {
        assert!(framework.examples.len() >= 2, "{} has too few examples", framework.name);
        assert!(
            framework.examples.iter().any(|example| example.routes.is_empty()),
            "{} has no example of what is no route",
            framework.name
        );
        for example in framework.examples {
            let files = files(example.files);
            assert_eq!(files.len(), example.files.len(), "{}", example.title);
            let found: BTreeSet<String> = routes(&files, &Limits::default())
                .into_iter()
                .map(|route| {
                    assert_eq!(route.framework, framework.name, "{}: {route:?}", example.title);
                    let state = match route.authorization.state {
                        crate::Demand::Required => "required",
                        crate::Demand::None => "none",
                        crate::Demand::Unclear => "unclear",
                    };
                    format!("{} {} {state}", route.method, route.path)
                })
                .collect();
            let wanted: BTreeSet<String> =
                example.routes.iter().map(|&route| route.to_owned()).collect();
            assert_eq!(found, wanted, "{}: {}", framework.name, example.title);
        }
    }
}

#[test]
fn names_are_their_own_and_documented() {
    let names: BTreeSet<&str> = FRAMEWORKS.iter().map(|framework| framework.name).collect();
    assert_eq!(names.len(), FRAMEWORKS.len());
    for framework in FRAMEWORKS {
        assert!(framework.documentation.len() > 100, "{}", framework.name);
        assert!(!framework.languages.is_empty());
    }
}

#[test]
fn broken_and_hostile_code_ends() {
    let deep = "(".repeat(50_000);
    let calls = "app.use(".repeat(20_000);
    for extension in ["cs", "go", "java", "js", "php", "py", "rb", "rs", "ts", "tsx"] {
        for text in [
            deep.as_str(),
            calls.as_str(),
            "\u{0}\u{1}",
            "app.get(",
            "@app.route(\"/",
            "<?php Route::",
        ] {
            let name = format!("main.{extension}");
            let _ = routes(&files(&[(&name, text)]), &Limits::default());
        }
    }
}

/// A small generator of numbers (Marsaglia, "Xorshift RNGs", 2003), so that a failure comes again.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (most.max(1) as u64)).unwrap_or(0)
    }

    /// Characters of a text from one place to another.
    fn part(&mut self, text: &[char]) -> (usize, usize) {
        let from = self.below(text.len());
        (from, (from + 1 + self.below(40)).min(text.len()))
    }

    /// Code with something taken out, doubled, put in from elsewhere, or broken by a sign.
    fn damage(&mut self, text: &str, other: &str) -> String {
        let mut text: Vec<char> = text.chars().collect();
        let other: Vec<char> = other.chars().collect();
        for _ in 0..=self.below(4) {
            let (from, to) = self.part(&text);
            match self.below(4) {
                0 => drop(text.drain(from..to)),
                1 => {
                    let again = text[from..to].to_vec();
                    let at = self.below(text.len());
                    text.splice(at..at, again);
                }
                2 => {
                    let (start, end) = self.part(&other);
                    text.splice(from..from, other[start..end].iter().copied());
                }
                _ => {
                    let signs: Vec<char> =
                        "(){}[]<>\"'`/\\:;,.*?%#$@!|&=+-é\u{0}\n".chars().collect();
                    let sign = signs[self.below(signs.len())];
                    text.insert(from, sign);
                }
            }
        }
        text.into_iter().collect()
    }
}

/// How often each example is damaged; `BARTIZAN_DAMAGE` sets another number for a longer run by hand.
const DAMAGES: usize = 2;

#[test]
fn damaged_code_is_read_without_a_panic() {
    let wanted = std::env::var("BARTIZAN_DAMAGE").ok().and_then(|text| text.parse().ok());
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let texts: Vec<(&str, &str)> = FRAMEWORKS
        .iter()
        .flat_map(|framework| framework.examples)
        .flat_map(|example| example.files.iter().copied())
        .collect();
    for _ in 0..wanted.unwrap_or(DAMAGES) {
        for framework in FRAMEWORKS {
            for example in framework.examples {
                let damaged: Vec<(&str, String)> = example
                    .files
                    .iter()
                    .map(|(path, text)| {
                        let (_, other) = texts[numbers.below(texts.len())];
                        (*path, numbers.damage(text, other))
                    })
                    .collect();
                let named: Vec<(&str, &str)> =
                    damaged.iter().map(|(path, text)| (*path, text.as_str())).collect();
                let found = std::panic::catch_unwind(|| routes(&files(&named), &Limits::default()));
                assert!(found.is_ok(), "{}: {named:#?}", framework.name);
            }
        }
    }
}
