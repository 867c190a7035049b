//! Tokens of source hosting, package registries and build services.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("source_hosting_token"),
    title: "Token of source hosting, packages or builds",
    what: "Tokens of GitHub, GitLab, npm, PyPI, RubyGems, Docker Hub, Atlassian, SonarQube, \
           Buildkite, CircleCI and others of their kind, by beginning, alphabet and length; \
           `_authToken=` of a registry.",
    examples: &[
        ("x", concat!("ghp_", "a7Kq2ZpL9xWm4RtY8vBn3HsD6fJc5GeU1iOo")),
        ("x", concat!("npm_", "a7Kq2ZpL9xWm4RtY8vBn3HsD6fJc5GeU1iOo")),
    ],
    counterexamples: &[
        ("x", concat!("ghp_", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")),
        ("x", "ghp_a7Kq2ZpL9xWm4RtY8vBn"),
        ("x", concat!("ghp_", "abcdefghijklmnopqrstuvwxyz0123456789")),
    ],
    references: &["providers' documentation of token forms"],
    ..MEMBER
};
