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
