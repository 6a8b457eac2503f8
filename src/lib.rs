//! Load-tests caching strategies head to head: the same requests through each of them, on a real Redis
//! and a real store, and every answer judged for staleness.
//!
//! The command line is the usual way in. As a library, an experiment is three steps: read a scenario,
//! run it or simulate it, and look at the Record. Here it is simulated: on in-memory twins, under
//! virtual time, where the same seed gives the same figures on every machine:
//!
//! ```
//! use std::num::NonZeroUsize;
//!
//! use cacheduel::experiment::{Silent, Stop, simulate};
//! use cacheduel::model::Profile;
//! use cacheduel::{report, scenario};
//!
//! let loaded = scenario::parse("example", r#"
//!     question = "How stale does a TTL of two seconds get?"
//!     [dataset]
//!     entity = "product"
//!     keys = 100
//!     [workload]
//!     reads = 0.9
//!     popularity = { zipf = { exponent = 0.99 } }
//!     arrival = { poisson = { rate = 200 } }
//!     warm-up = "4s"
//!     duration = "20s"
//!     [strategies]
//!     no-cache = {}
//!     ttl = { ttl = "2s" }
//! "#)?;
//! let threads = NonZeroUsize::MIN;
//! let record = simulate(&loaded, &Profile::default(), threads, &Silent, &Stop::new())?;
//!
//! let [no_cache, ttl] = record.contenders.as_slice() else { unreachable!() };
//! assert_eq!(no_cache.stale_share(), Some(0.0));
//! assert!(ttl.stale_share() > Some(0.1));
//! println!("{}", report::text::render(&record));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// The modules in reading order: what is asked, what is compared and against what, how it is run and
// judged, and what comes of it.
pub mod model;

pub mod clock;

pub mod scenario;
pub mod workload;

pub mod strategy;

pub mod backend;

pub mod driver;

pub mod judge;
pub mod measure;

pub mod theory;

pub mod experiment;
pub mod record;

pub mod compare;
pub mod history;
pub mod report;

pub mod cli;

/// The version of the tool; of a release build with the revision that it is made from, where that is known.
pub const VERSION: &str = env!("CACHEDUEL_VERSION");
