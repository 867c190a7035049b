//! Open ports as lines of a table.

use std::borrow::Cow;

use super::Service;
use crate::output::csv::Record;

impl Record for Service {
    const COLUMNS: &'static [&'static str] = &[
        "host",
        "address",
        "port",
        "speaks",
        "tls_version",
        "asks_for_certificate",
        "subject",
        "issuer",
        "names",
        "not_before",
        "not_after",
        "self_signed",
        "status",
        "server",
        "redirects_to",
        "documents",
        "routes",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let tls = self.tls.as_ref();
        let certificate = tls.and_then(|tls| tls.certificate.as_ref());
        let mut out: Vec<Cow<'_, str>> = vec![
            self.host.as_str().into(),
            self.address.to_string().into(),
            self.port.to_string().into(),
            self.speaks.as_str().into(),
            tls.and_then(|tls| tls.version).unwrap_or_default().into(),
            tls.map(|tls| tls.asks_for_certificate.to_string()).unwrap_or_default().into(),
        ];
        match certificate {
            Some(certificate) => out.extend([
                certificate.subject.as_str().into(),
                certificate.issuer.as_str().into(),
                certificate.names.join("; ").into(),
                certificate.not_before.to_string().into(),
                certificate.not_after.to_string().into(),
                certificate.self_signed.to_string().into(),
            ]),
            None => out.extend(std::iter::repeat_n(Cow::Borrowed(""), 6)),
        }
        let documents: Vec<&str> = self.documents.iter().map(|one| one.url.as_str()).collect();
        let routes: Vec<String> =
            self.routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
        out.extend([
            self.status.map(|status| status.to_string()).unwrap_or_default().into(),
            self.server.as_deref().unwrap_or_default().into(),
            self.redirects_to.as_deref().unwrap_or_default().into(),
            documents.join("; ").into(),
            routes.join("; ").into(),
        ]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_all_columns() {
        let mut service = Service::new("a.example", "192.0.2.1".parse().expect("an address"), 443);
        assert_eq!(service.cells().len(), Service::COLUMNS.len());
        service.tls = Some(super::super::Tls::default());
        assert_eq!(service.cells().len(), Service::COLUMNS.len());
    }
}
