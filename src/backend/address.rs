//! Addresses of servers, without what they must not give away.

/// The address with its password masked, for Records and errors. It need not be a valid one.
pub fn redacted(url: &str) -> String {
    let (address, query) = match url.split_once('?') {
        // A password may hold a question mark too: what precedes an `@` is no query.
        Some((address, query)) if !query.contains('@') => (address, Some(query)),
        _ => (url, None),
    };
    let mut shown = without_password(address);
    for (place, parameter) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
        shown.push(if place == 0 { '?' } else { '&' });
        match parameter.split_once('=') {
            Some((name, _)) if is_secret(name) => {
                shown.push_str(name);
                shown.push_str("=***");
            }
            _ => shown.push_str(parameter),
        }
    }
    shown
}

/// The text with the password of every address in it masked, each sign by as many, so that places in
/// the text stay what they are.
pub fn veiled(text: &str) -> String {
    const ENDS: [char; 4] = ['"', '\'', '`', '\n'];
    let mut veiled = String::with_capacity(text.len());
    let mut rest = text;
    // Not by all of `://`: TOML can write the colon otherwise.
    while let Some(start) = rest.find("//") {
        let (before, address) = rest.split_at(start + 2);
        let end = address.find(ENDS).unwrap_or(address.len());
        veiled.push_str(before);
        veil(&address[..end], &mut veiled);
        rest = &address[end..];
    }
    veiled.push_str(rest);
    veiled
}

/// Copies an address without its scheme.
fn veil(address: &str, veiled: &mut String) {
    let (login, place) = address.split_at(address.rfind('@').unwrap_or_default());
    let user = login.find(':').map_or(0, |colon| colon + 1);
    veiled.push_str(&login[..user]);
    veiled.push_str(&"*".repeat(login.len() - user));
    for (number, part) in place.split_inclusive(['?', '&']).enumerate() {
        let kept = match part.split_once('=') {
            Some((name, _)) if number > 0 && is_secret(name) => name.len() + 1,
            _ => part.len(),
        };
        let end = if part.ends_with(['?', '&']) { part.len() - 1 } else { part.len() };
        veiled.push_str(&part[..kept.min(end)]);
        veiled.push_str(&"*".repeat(end - kept.min(end)));
        veiled.push_str(&part[end..]);
    }
}

/// `pass`, `password`, `sslpassword` and their like, and whatever is written so that one cannot tell.
fn is_secret(parameter: &str) -> bool {
    parameter.to_ascii_lowercase().contains("pass") || parameter.contains('%')
}

fn without_password(address: &str) -> String {
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), address),
    };
    match rest.rsplit_once('@') {
        None => address.to_owned(),
        Some((secret, host)) => match secret.split_once(':') {
            Some((user, _)) => format!("{scheme}{user}:***@{host}"),
            // A user without a password, or a password in the user's place.
            None => format!("{scheme}***@{host}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (url, shown) in [
            ("redis://127.0.0.1:6379/2", "redis://127.0.0.1:6379/2"),
            ("redis://:sesame@cache:6379", "redis://:***@cache:6379"),
            (
                "rediss://ali:sesame@cache/0?protocol=resp3",
                "rediss://ali:***@cache/0?protocol=resp3",
            ),
            ("redis://sesame@cache", "redis://***@cache"),
            ("unix:///run/redis.sock?db=1&pass=sesame", "unix:///run/redis.sock?db=1&pass=***"),
            (
                "postgres://store/db?user=ali&password=sesame&sslmode=require",
                "postgres://store/db?user=ali&password=***&sslmode=require",
            ),
            ("postgres://store?p%61ssword=sesame", "postgres://store?p%61ssword=***"),
            ("postgres://store?sslPassword=sesame", "postgres://store?sslPassword=***"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }

    #[test]
    fn a_text_is_veiled_in_place() {
        for (text, veiled_text) in [
            (
                "url = \"redis://ali:sesame@cache\" # x@y",
                "url = \"redis://ali:******@cache\" # x@y",
            ),
            (
                "a \"r\\u003A//:sesame@c\"\nb \"p://é@d\"",
                "a \"r\\u003A//:******@c\"\nb \"p://**@d\"",
            ),
            ("'p://d?user=ali&password=se=s&port=1'", "'p://d?user=ali&password=****&port=1'"),
            ("\"p://ali:se?s@d\" // nothing", "\"p://ali:****@d\" // nothing"),
            ("no address, 1 // 2", "no address, 1 // 2"),
        ] {
            assert_eq!(veiled(text), veiled_text);
            assert_eq!(veiled(text).len(), text.len());
        }
    }

    #[test]
    fn a_password_that_makes_the_address_invalid_is_masked_all_the_same() {
        for password in ["se@same", "se/same", "se?same", "se:same", "se#same"] {
            let shown = redacted(&format!("redis://ali:{password}@cache:6379"));
            assert_eq!(shown, "redis://ali:***@cache:6379");
            let shown = redacted(&format!("ali:{password}@cache"));
            assert_eq!(shown, "ali:***@cache");
        }
    }
}
