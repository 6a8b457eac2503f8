//! Addresses of a PostgreSQL.

use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::backend::{Error, redacted};

/// What the address of a PostgreSQL may begin with.
pub const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// Parameters of an address that have a meaning here. Others are as a rule for other clients.
const PARAMETERS: [&str; 15] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
];

/// Where a server is, and how it lets us in.
#[derive(Clone)]
pub struct Address {
    pub options: PgConnectOptions,
    /// Without its password.
    pub shown: String,
}

impl Address {
    /// # Errors
    /// If it cannot be the address of a PostgreSQL.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let shown = redacted(url);
        let options = PgConnectOptions::from_str(&with_known_parameters(url)).map_err(|error| {
            Error::StoreUnreachable { address: shown.clone(), reason: error.to_string() }
        })?;
        Ok(Self { options: options.disable_statement_logging(), shown })
    }
}

/// The address without the parameters that mean nothing here. The client would log each of them, and
/// its value with it, whatever that is.
fn with_known_parameters(url: &str) -> String {
    let Some((address, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let (known, unknown): (Vec<_>, Vec<_>) = query.split('&').partition(|parameter| {
        let name = parameter.split_once('=').map_or(*parameter, |(name, _)| name);
        PARAMETERS.contains(&name) || name == "options" || name.starts_with("options[")
    });
    if !unknown.is_empty() {
        let count = unknown.len();
        tracing::warn!(count, "the address of the store has parameters without a meaning here");
    }
    format!("{address}?{}", known.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_and_shown_without_its_password() {
        let url = "postgres://ali:se%40same@store:5433/shop?sslmode=require&connect_timeout=3";
        let address = Address::parse(url).unwrap();
        assert_eq!(address.options.get_host(), "store");
        assert_eq!(address.options.get_port(), 5433);
        assert_eq!(address.options.get_username(), "ali");
        assert_eq!(address.options.get_database(), Some("shop"));
        assert!(address.shown.starts_with("postgres://ali:***@store:5433/shop?"));
    }

    #[test]
    fn an_address_that_is_none_is_refused_without_its_password() {
        for url in ["postgres://ali:se/same@store", "postgres://ali:se?same@store"] {
            let told = Address::parse(url).err().unwrap().to_string();
            assert!(told.contains("ali:***@store") && !told.contains("same"), "{told}");
        }
    }

    #[test]
    fn what_only_other_clients_understand_is_left_out() {
        let kept =
            with_known_parameters("postgres://store?sslmode=disable&channel_binding=x&user=a");
        assert_eq!(kept, "postgres://store?sslmode=disable&user=a");
        assert_eq!(with_known_parameters("postgres://store"), "postgres://store");
    }
}
