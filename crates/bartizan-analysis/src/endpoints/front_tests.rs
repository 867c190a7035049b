//! Versions, locales, endings of files.

use super::tests::{get, listed, page, resolver, see};

const LOCALES: [&str; 12] =
    ["en", "fr", "de", "es", "it", "pt", "nl", "sv", "pl", "cs", "en-US", "pt-BR"];

#[test]
fn few_locales_are_kept_and_many_are_one_parameter() {
    for base in ["", "/v2", "/api/v1"] {
        for (n, batches) in [(1, 1), (3, 1), (4, 1), (10, 1), (12, 1), (12, 3)] {
            let mut r = resolver();
            for chunk in LOCALES[..n].chunks(n.div_ceil(batches)) {
                for locale in chunk {
                    for word in ["products", "products/12345", "stores"] {
                        get(&mut r, &format!("{base}/{locale}/{word}"));
                    }
                }
                r.consolidate();
            }
            let paths = listed(&r);
            let kept = paths.iter().filter(|p| p.ends_with("/products")).count();
            let expected = if n <= 3 { n } else { 1 };
            assert_eq!((kept, paths.len()), (expected, 3 * expected), "{n} {paths:?}");
            let one = format!("GET {base}/{{locale}}/products/{{product_id}}");
            assert_eq!(paths.contains(&one), n > 3, "{paths:?}");
        }
    }
}

#[test]
fn a_single_locale_is_kept_and_never_named_after_a_version() {
    let mut r = resolver();
    assert_eq!(get(&mut r, "/v2/en-US/products").1, "/v2/en-US/products");
    assert_eq!(get(&mut r, "/v2/550e8400-e29b-41d4-a716-446655440000").1, "/v2/{id}");
    // Elsewhere its form is that of a value.
    assert_eq!(get(&mut r, "/v2/texts/en-US").1, "/v2/texts/{text_id}");
    r.consolidate();
    assert_eq!(listed(&r), ["GET /v2/en-US/products", "GET /v2/texts/{text_id}", "GET /v2/{id}"]);
}

#[test]
fn pages_of_few_locales_are_told_apart() {
    let mut r = resolver();
    (0..30).for_each(|id| drop(get(&mut r, &format!("/v1/users/{id}00"))));
    for (locale, look) in [("en-US", 3), ("de-AT", 4)] {
        let path = format!("/{locale}/docs");
        assert_eq!(see(&mut r, "GET", &path, page(200, look)).1, path);
    }
    r.consolidate();
    assert_eq!(listed(&r), ["GET /de-AT/docs", "GET /en-US/docs", "GET /v1/users/{user_id}"]);
}

#[test]
fn locales_of_one_position_are_treated_alike() {
    let mut r = resolver();
    for locale in ["en", "de", "de-AT", "sv"] {
        get(&mut r, &format!("/texts/{locale}"));
    }
    r.consolidate();
    assert_eq!(listed(&r), ["GET /texts/{text_id}"]);
    assert_eq!(get(&mut r, "/texts/nl").1, "/texts/{text_id}", "at once");
}

#[test]
fn words_of_two_letters_are_no_locales_for_it() {
    let mut r = resolver();
    for path in ["/hr/employees", "/it/tickets", "/ml/models", "/my/orders", "/io/ports"] {
        get(&mut r, path);
    }
    r.consolidate();
    assert_eq!(listed(&r).len(), 5, "{:?}", listed(&r));
}

#[test]
fn a_declared_locale_takes_all() {
    let mut r = resolver();
    assert!(r.declare("api.example.com", "GET", "/{lang}/products", None));
    for locale in ["en", "en-US"] {
        assert_eq!(get(&mut r, &format!("/{locale}/products")).1, "/{lang}/products");
    }
    r.consolidate();
    assert_eq!(listed(&r), ["GET /{lang}/products"]);
}

#[test]
fn the_ending_that_all_values_have_is_fixed_text() {
    let mut r = resolver();
    for n in 1..=60 {
        get(&mut r, &format!("/files/report-{n}.pdf"));
        get(&mut r, &format!("/ord/{n}.json"));
    }
    r.consolidate();
    let both = ["GET /files/{file_id}.pdf", "GET /ord/{ord_id}.json"];
    assert_eq!(listed(&r), both);
    assert_eq!(get(&mut r, "/files/report-61.pdf").1, "/files/{file_id}.pdf", "at once");
    get(&mut r, "/files/summary.pdf");
    r.consolidate();
    assert_eq!(listed(&r), both);
}

#[test]
fn semicolons_that_begin_no_parameter_are_part_of_the_segment() {
    let mut r = resolver();
    for path in ["/v1/cars;color=red;used/owners", "/v1/cars;color=blue;new/owners"] {
        assert_eq!(get(&mut r, path).1, "/v1/{id}/owners", "no parameters of the segment");
    }
    r.consolidate();
    assert_eq!(listed(&r), ["GET /v1/{id}/owners"]);
}

#[test]
fn endings_that_vary_are_part_of_the_value() {
    let file = |n: usize, ending: &str| format!("/files/scan-of-{n}.{ending}");
    let mut at_once = resolver();
    for n in 0..30 {
        get(&mut at_once, &file(n, if n % 2 == 0 { "pdf" } else { "png" }));
    }
    at_once.consolidate();
    let mut later = resolver();
    for ending in ["pdf", "png"] {
        (0..15).for_each(|n| drop(get(&mut later, &file(n + ending.len() * 100, ending))));
        (15..30)
            .for_each(|n| drop(get(&mut later, &file(n + ending.as_bytes()[1] as usize, ending))));
        later.consolidate();
    }
    for r in [at_once, later] {
        assert_eq!(listed(&r), ["GET /files/{file_id}"]);
    }
}
