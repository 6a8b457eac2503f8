//! `calibrate --fit`: how long the servers take, as a profile's file.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use humantime::format_rfc3339_seconds;

use crate::cli::signals::Signals;
use crate::clock::utc_now;
use crate::experiment::{Fitted, Patience, fit};
use crate::model::{Profile, Server, Spread, samples_to_certify};
use crate::record::Host;
use crate::scenario::Loaded;

/// Fits a profile, and writes it to `file`, or prints it where there is none.
///
/// # Errors
/// If a server cannot be used, or the file cannot be written.
pub fn carry_out(
    loaded: &Loaded,
    work_dir: Option<&Path>,
    patience: &Patience,
    file: Option<&Path>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let fitted = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let source = source(loaded);
        tokio::select! {
            fitted = fit(loaded, work_dir, patience, &source) => Ok(fitted?),
            interrupted = signals.next() => Err(anyhow::Error::from(interrupted)),
        }
    })?;
    let few = fitted.samples.iter().filter(|(_, count)| *count < samples_to_certify(0.99));
    for (name, count) in few {
        crate::cli::warn(&format!("{name}: only {count} samples, too few to be sure of its p99"));
    }
    for (name, spread) in busy(&fitted.profile) {
        crate::cli::warn(&format!(
            "{name}: its p99 is {} and its p50 {}: the machine was busy with something else, and stalls \
             that all calls share are no log-normal; fit again on a quiet one",
            spread.p99, spread.p50
        ));
    }
    let text = text(&fitted);
    let Some(file) = file else {
        return Ok(out.write_all(text.as_bytes())?);
    };
    fs::write(file, &text).with_context(|| format!("cannot write {}", file.display()))?;
    writeln!(out, "profile: {}", file.display())?;
    let beside = format!("cacheduel run {} --simulate --profile {}", loaded.name, file.display());
    Ok(writeln!(out, "simulate by: {beside}")?)
}

/// Those of the spreads whose tail is not that of a server with nothing else to do.
fn busy(profile: &Profile) -> Vec<(&'static str, Spread)> {
    const TAIL: u32 = 20;
    let spreads = [
        ("client", profile.client),
        ("round-trip", profile.cache.round_trip),
        ("read", profile.store.read),
        ("commit", profile.store.commit),
    ];
    spreads.into_iter().filter(|(_, spread)| spread.p99.0 > spread.p50.0 * TAIL).collect()
}

fn source(loaded: &Loaded) -> String {
    let host = Host::this();
    format!(
        "fitted by `calibrate --fit {}` on {}, {} cores, {} {}, at {}",
        loaded.name,
        if host.cpu.is_empty() { "an unknown CPU" } else { &host.cpu },
        host.cores,
        host.os,
        host.kernel,
        format_rfc3339_seconds(utc_now()),
    )
}

/// The profile with what a reader has to know of each figure. What is not said stays as it is read.
fn text(fitted: &Fitted) -> String {
    let Fitted { profile, cache, store, .. } = fitted;
    let count = |name| fitted.samples.iter().find(|(of, _)| *of == name).map_or(0, |(_, n)| *n);
    let spread = |spread: &Spread| {
        let p90 = spread.p90.map_or(String::new(), |p90| format!("p90 = \"{p90}\", "));
        format!("{{ p50 = \"{}\", {p90}p99 = \"{}\" }}", spread.p50, spread.p99)
    };
    let unsynced = profile.store.unsynced.as_ref().map_or(String::new(), |times| {
        format!(
            "# The same, which does not wait for the disk here.\nunsynced = {}\n",
            spread(times)
        )
    });
    format!(
        "# How long servers take, for `cacheduel run --simulate --profile`. Each p50 and p99 stands for a\n\
         # log-normal distribution. Measured through the nodes' own connections under a light load.\n\
         # cache: {}\n# store: {}\n\
         source = {}\n\n\
         # What a client's own process adds to a request, its timer's lag included: {} requests.\n\
         client = {}\n\n\
         [cache]\n\
         # There and back, without the command itself: {} calls.\n\
         round-trip = {}\n\
         # CPU time of the saturated server for each GET.\n\
         service = \"{}\"\n\
         # What a script takes beside its commands.\n\
         script = \"{}\"\n\n\
         [store]\n\
         # A row by its key: {} reads.\n\
         read = {}\n\
         # What aggregating a thousand child rows adds to that: {} reads.\n\
         aggregation = {}\n\
         # A row's version: {} reads.\n\
         version = {}\n\
         # A transaction up to its COMMIT: {} writes.\n\
         commit = {}\n\
         {unsynced}\
         # What each further row of a transaction adds to it.\n\
         batch-row = \"{}\"\n",
        server(cache),
        server(store),
        toml::Value::from(profile.source.as_str()),
        count("client"),
        spread(&profile.client),
        count("round-trip"),
        spread(&profile.cache.round_trip),
        profile.cache.service,
        profile.cache.script,
        count("read"),
        spread(&profile.store.read),
        count("aggregation"),
        spread(&profile.store.aggregation),
        count("version"),
        spread(&profile.store.version),
        count("commit"),
        spread(&profile.store.commit),
        profile.store.batch_row,
    )
}

fn server(server: &Server) -> String {
    let settings = server.settings.iter().map(|(name, value)| format!("{name}={value}"));
    let settings: Vec<_> = settings.collect();
    format!("{} {}, {}", server.kind, server.version, settings.join(", ")).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_profile;

    #[test]
    fn a_machine_with_something_else_to_do_is_told_by_its_tails() {
        let mut profile = Profile::default();
        assert_eq!(busy(&profile), []);
        profile.cache.round_trip.p99 = "30ms".parse().unwrap();
        assert_eq!(busy(&profile), [("round-trip", profile.cache.round_trip)]);
    }

    #[test]
    fn a_fitted_profile_reads_back() {
        let source = "a \"quoted\" machine".into();
        let client = Spread::log_normal("31us 7ns".parse().unwrap(), "90us".parse().unwrap());
        let profile = Profile { source, client, ..Profile::default() };
        let samples = vec![("client", 3)];
        let (cache, store) = (Server::default(), Server::default());
        let text = text(&Fitted { profile: profile.clone(), cache, store, samples });
        assert_eq!(parse_profile("fitted.toml", &text).unwrap(), profile);
        assert!(text.contains("3 requests"), "{text}");
    }
}
