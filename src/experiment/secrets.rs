//! A Record may be shown to anyone: the password in a server's address is not for it.

use crate::backend::{CacheServer, StoreServer, redacted};
use crate::scenario::{Loaded, Scenario};

/// The scenario as it was run, without them.
pub fn scenario_without(loaded: &Loaded) -> Scenario {
    let mut scenario = loaded.scenario.clone();
    if let CacheServer::Url(url) = &mut scenario.cache.server {
        *url = redacted(url);
    }
    if let StoreServer::Url(url) = &mut scenario.store.server {
        *url = redacted(url);
    }
    scenario
}

/// What the file says, whatever servers the command line has named since, without them.
pub fn source_without(loaded: &Loaded) -> String {
    const LEFT_OUT: &str = "# Left out: a server's address may hold a password.\n";
    let mut source = loaded.source.clone();
    let Ok(file) = toml::from_str::<toml::Table>(&source) else {
        return LEFT_OUT.into();
    };
    for side in ["cache", "store"] {
        let server = file.get(side).and_then(|side| side.get("server"));
        let Some(url) = server.and_then(|server| server.get("url")?.as_str()) else { continue };
        let shown = redacted(url);
        if source.contains(url) {
            source = source.replace(url, &shown);
        } else if shown != url {
            // Written with escapes, it cannot be found, and so not be masked either.
            return LEFT_OUT.into();
        }
    }
    source
}
