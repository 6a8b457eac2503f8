//! What a server says about itself.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::backend::{CacheCounters, Server};
use crate::model::{Nanos, PoolWaits};

/// The first version with everything that is needed: XAUTOCLAIM is the last to have come.
const VERSION_MIN: (u32, u32) = (6, 2);

/// The answer to INFO: fields by name.
pub(super) struct Info(HashMap<String, String>);

impl Info {
    /// Reads the answers for one or more sections.
    pub fn parse(sections: &[String]) -> Self {
        let lines = sections.iter().flat_map(|section| section.lines());
        let fields = lines.filter_map(|line| line.trim_end().split_once(':'));
        Self(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    pub fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    pub fn number(&self, field: &str) -> u64 {
        self.text(field).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// Why this server will not do, if it will not.
    pub fn unsuitable(&self) -> Option<String> {
        let version = self.text("redis_version").unwrap_or("of unknown version");
        let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
        let version_is = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if version_is < VERSION_MIN {
            let (major, minor) = VERSION_MIN;
            return Some(format!("it is Redis {version}, and {major}.{minor} is the least"));
        }
        match self.text("redis_mode") {
            Some("cluster") => Some("it is a node of a cluster, which is not supported".into()),
            Some("sentinel") => Some("it is a sentinel, which holds no data".into()),
            _ if self.text("role") == Some("slave") => {
                let [host, port] = ["master_host", "master_port"]
                    .map(|field| self.text(field).unwrap_or("unknown"));
                Some(format!("it is a replica: use the server that it follows, {host}:{port}"))
            }
            _ => None,
        }
    }

    /// What the server is, but for its settings.
    pub fn server(&self, address: String, managed: bool) -> Server {
        // Valkey calls itself Redis 7.2.4 to clients that know only that name.
        let (kind, version) = match self.text("valkey_version") {
            Some(version) => ("valkey", version),
            None => ("redis", self.text("redis_version").unwrap_or("unknown")),
        };
        Server {
            kind: kind.into(),
            version: version.into(),
            managed,
            address,
            settings: BTreeMap::new(),
        }
    }

    pub fn counters(&self) -> CacheCounters {
        CacheCounters {
            process: self.text("run_id").unwrap_or_default().to_owned(),
            restarted: false,
            keyspace_hits: self.number("keyspace_hits"),
            keyspace_misses: self.number("keyspace_misses"),
            evicted_keys: self.number("evicted_keys"),
            expired_keys: self.number("expired_keys"),
            used_memory: self.number("used_memory"),
            network_in: self.number("total_net_input_bytes"),
            network_out: self.number("total_net_output_bytes"),
            cpu: self.seconds("used_cpu_user") + self.seconds("used_cpu_sys"),
            commands: self.commands(),
            pool: PoolWaits::default(),
        }
    }

    /// Calls by command: `cmdstat_get:calls=3,usec=...` is three of `get`.
    fn commands(&self) -> BTreeMap<String, u64> {
        let calls = |statistics: &str| {
            statistics.split(',').find_map(|field| field.strip_prefix("calls=")?.parse().ok())
        };
        self.0
            .iter()
            .filter_map(|(name, statistics)| {
                let command = name.strip_prefix("cmdstat_")?;
                Some((command.to_lowercase(), calls(statistics)?))
            })
            .collect()
    }

    fn seconds(&self, field: &str) -> Nanos {
        let seconds = self.text(field).and_then(|text| text.parse().ok());
        Nanos::from_secs_f64(seconds.unwrap_or(0.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_a_server_says_of_itself_is_read(
            text in "((redis_version|redis_mode|run_id|used_cpu_sys|keyspace_hits|cmdstat_[a-z|]{0,5})\
                     :([0-9.e-]{0,25}|[ -~]{0,12}|calls=[0-9]{0,22},x)\r?\n|.{0,9}\n){0,12}"
        ) {
            let info = Info::parse(&[text]);
            let _ = (info.unsuitable(), info.server(String::new(), true), info.counters());
        }
    }

    fn info(text: &str) -> Info {
        Info::parse(&[text.replace('\n', "\r\n")])
    }

    #[test]
    fn counters_are_read_from_their_fields() {
        let counters = info(
            "# Stats\nkeyspace_hits:3\nexpired_keys:2\n# CPU\nused_cpu_sys:0.25\nused_cpu_user:1.5\n\
             # Commandstats\ncmdstat_config|get:calls=7,usec=1,usec_per_call=0.1\n",
        )
        .counters();
        assert_eq!((counters.keyspace_hits, counters.expired_keys), (3, 2));
        assert_eq!(counters.cpu, Nanos::from_millis(1750));
        assert_eq!(counters.commands, BTreeMap::from([("config|get".into(), 7)]));
    }

    #[test]
    fn a_server_that_lacks_what_is_needed_is_told_apart() {
        for version in ["6.2.0", "7.0.15", "10.0"] {
            assert_eq!(info(&format!("redis_version:{version}\n")).unsuitable(), None);
        }
        for version in ["6.0.16", "5.0.14", "nonsense"] {
            let reason = info(&format!("redis_version:{version}\n")).unsuitable();
            assert!(reason.unwrap().contains("6.2 is the least"));
        }
        let cluster = info("redis_version:7.0.0\nredis_mode:cluster\n").unsuitable();
        assert!(cluster.unwrap().contains("cluster"));
        let replica = "redis_version:7.0.0\nredis_mode:standalone\nrole:slave\nmaster_host:db\n\
                       master_port:6380\n";
        assert!(info(replica).unsuitable().unwrap().contains("db:6380"));
    }

    #[test]
    fn valkey_goes_by_its_own_name_and_version() {
        let server =
            info("redis_version:7.2.4\nvalkey_version:8.1.0\n").server(String::new(), false);
        assert_eq!((server.kind.as_str(), server.version.as_str()), ("valkey", "8.1.0"));
    }
}
