//! Policies of one service among others.

use std::sync::Arc;

use bartizan_gateway::{
    Config, ConfigError, Gateway, Handover, Running,
    config::Service,
    policy::{Enforcement, PolicyConfig, Surroundings},
};
use bartizan_model::HashKey;

use crate::harness::{Client, Upstream, config_with};

fn enforcement(policies: &str) -> Arc<Enforcement> {
    let policies: Vec<PolicyConfig> = serde_saphyr::from_str(policies).unwrap();
    let surroundings = Surroundings::embedded(HashKey::new([7; 32]));
    Arc::new(Enforcement::new(&policies, surroundings).unwrap())
}

/// `admin` takes a part of what `rest` takes, which has neither hosts nor a prefix.
fn two_services(upstream: &Upstream) -> Config {
    config_with(upstream, |config| {
        let rest = config.services.remove(0);
        let admin = Service {
            name: "admin".to_owned(),
            hosts: vec!["api.example".to_owned()],
            path_prefix: "/admin".to_owned(),
            ..rest.clone()
        };
        config.services = vec![admin, Service { name: "rest".to_owned(), ..rest }];
    })
}

async fn guarded(upstream: &Upstream, policies: &str) -> Running {
    let config = two_services(upstream);
    Gateway::start(&config, enforcement(policies), Handover::none()).await.unwrap()
}

async fn status(running: &Running, host: &str, path: &str) -> u16 {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    Client::ask(running.addresses()[0], request).await.status
}

const OF: &str =
    "[{name: none, mode: enforce, scope: {services: [SERVICE]}, address: {deny: [127.0.0.0/8]}}]";

#[tokio::test]
async fn a_policy_of_a_service_holds_what_goes_to_it_and_nothing_else() {
    for (service, is_for_admin) in [("admin", true), ("rest", false)] {
        let upstream = Upstream::ok().await;
        let running = guarded(&upstream, &OF.replace("SERVICE", service)).await;
        for (host, path, goes_to_admin) in [
            ("api.example", "/admin/1", true),
            ("API.EXAMPLE:80", "/admin", true),
            ("api.example", "/administration", false),
            ("api.example", "/x/../admin/1", false),
            ("api.example", "/%61dmin/1", false),
            ("other.example", "/admin/1", false),
            ("other.example", "/", false),
        ] {
            let expected = if goes_to_admin == is_for_admin { 403 } else { 200 };
            assert_eq!(status(&running, host, path).await, expected, "{service}: {host} {path}");
        }
    }
}

#[tokio::test]
async fn a_policy_of_a_service_that_is_not_there_is_refused() {
    let upstream = Upstream::ok().await;
    let config = two_services(&upstream);
    let misspelt = enforcement(&OF.replace("SERVICE", "admins"));
    let refused = Gateway::start(&config, misspelt, Handover::none()).await;
    let Err(ConfigError::Policy(error)) = refused else { panic!("it would be for nobody") };
    assert_eq!((&*error.policy, &*error.key), ("none", "scope.services.0"));

    // Nor can a reload take the service away from its policy.
    let policies = OF.replace("SERVICE", "admin");
    let running = Gateway::start(&config, enforcement(&policies), Handover::none()).await.unwrap();
    let mut without = config.clone();
    without.services.remove(0);
    assert!(running.reload(&without, enforcement(&policies)).is_err());
    assert_eq!(status(&running, "api.example", "/admin").await, 403);
    running.reload(&without, enforcement("[]")).unwrap();
    assert_eq!(status(&running, "api.example", "/admin").await, 200);
}
