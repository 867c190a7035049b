//! Where a PostgreSQL database is, and how sessions with it are set up.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr as _,
};

use sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgSslMode},
};

use crate::error::{Result, StoreError};

/// How a PostgreSQL database is reached. Shows only its address: the rest may hold a password.
#[derive(Clone)]
pub struct PostgresOptions {
    options: PgConnectOptions,
    address: PathBuf,
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresOptions({})", self.address.display())
    }
}

impl PostgresOptions {
    /// Reads `postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=…`
    /// (<https://www.postgresql.org/docs/15/libpq-connect.html>, section 34.1.1.2; `host` as a parameter
    /// names the directory of a Unix socket). What the URL leaves out is taken from `PGUSER` and the
    /// like. Unless it names an `sslmode`, hosts other than this one are spoken to by TLS with
    /// a certificate that is verified (`verify-full`).
    ///
    /// # Errors
    /// [`StoreError::InvalidAddress`], which does not repeat the URL.
    pub fn parse(url: &str) -> Result<Self> {
        let invalid = |reason: &str| StoreError::InvalidAddress { reason: reason.to_owned() };
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(invalid("it begins neither with postgres:// nor with postgresql://"));
        }
        // What the parser says may repeat parts of the URL.
        let mut options = PgConnectOptions::from_str(url).map_err(|_| invalid("it is no URL"))?;
        let host = options.get_host().to_owned();
        let socket = options.get_socket().map(|s| s.display().to_string());
        let is_here = socket.is_some()
            || host.starts_with('/')
            || host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let names_mode = url.contains("sslmode=") || url.contains("ssl-mode=");
        if !is_here && !names_mode && std::env::var_os("PGSSLMODE").is_none() {
            options = options.ssl_mode(PgSslMode::VerifyFull);
        }
        let name = options.get_database().unwrap_or(options.get_username()).to_owned();
        let at = socket.unwrap_or(host);
        let address = PathBuf::from(format!("{at}:{}/{name}", options.get_port()));
        Ok(Self { options: options.application_name("bartizan"), address })
    }

    /// `HOST:PORT/NAME`, without user and password.
    #[must_use]
    pub fn address(&self) -> &Path {
        &self.address
    }

    /// Settings of every session.
    pub(super) fn for_sessions(&self, read_only: bool) -> PgConnectOptions {
        let read_only = if read_only { "on" } else { "off" };
        self.options.clone().statement_cache_capacity(200).disable_statement_logging().options([
            // A commit that returned is on disk, whatever the server's default is.
            ("synchronous_commit", "on"),
            ("default_transaction_read_only", read_only),
            // Nobody holds the lock of a scope for long; whoever is not heard of any more loses it.
            ("lock_timeout", "30s"),
            ("idle_in_transaction_session_timeout", "120s"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_show_no_password() {
        let options =
            PostgresOptions::parse("postgres://ann:s3cret@db.example:6000/b?sslmode=require")
                .expect("valid");
        assert_eq!(options.address(), Path::new("db.example:6000/b"));
        assert_eq!(format!("{options:?}"), "PostgresOptions(db.example:6000/b)");
        for url in ["", "mysql://ann:s3cret@h/x", "postgres://ann:s3cret@h:port/x"] {
            let error = PostgresOptions::parse(url).expect_err("invalid");
            assert!(matches!(error, StoreError::InvalidAddress { .. }), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("s3cret"));
        }
    }

    #[test]
    fn other_hosts_are_verified_unless_said_otherwise() {
        let mode = |url| PostgresOptions::parse(url).expect("valid").options.get_ssl_mode();
        assert!(matches!(mode("postgres://a@db.example/b"), PgSslMode::VerifyFull));
        assert!(matches!(mode("postgres://a@db.example/b?sslmode=disable"), PgSslMode::Disable));
        assert!(matches!(mode("postgres://a@127.0.0.1/b"), PgSslMode::Prefer));
        assert!(matches!(mode("postgres://a@localhost/b?host=/run/postgresql"), PgSslMode::Prefer));
    }
}
