//! What a scenario can say about its data and its load: independent axes, each its own type.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::profile::{Profile, Step};
use crate::model::{Nanos, Share, Size, Span};

/// The rows that exist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DatasetOptions {
    /// What kind of thing a row is; decides the shape of its JSON.
    pub entity: Entity,
    /// How a key is named in the cache: `product:{id}`. Defaults to the entity's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// How many keys there are. A trace brings its own number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<u64>,
    /// The size of a row's JSON: one size, or a range from which each key draws its own.
    #[serde(default)]
    pub size: BodySize,
    /// The share of the keys that have no row when the run begins. They are those with the highest
    /// numbers, which lie at all ranks of a popularity; of a trace, those that it asks for last.
    #[serde(default, skip_serializing_if = "Share::is_zero")]
    pub absent: Share,
}

impl DatasetOptions {
    /// How many of `keys` keys have a row when the run begins: `0 .. loaded`.
    pub fn loaded(&self, keys: u64) -> u64 {
        keys - ((keys as f64 * self.absent.0).round() as u64).min(keys)
    }

    /// The template of a key's name in the cache, with `{id}` where its number goes.
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or(self.entity.namespace())
    }
}

/// A kind of row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Entity {
    Product,
    UserProfile,
    /// What a user may do: roles, and permissions on resources.
    Permissions,
    /// A page of a category, with its products.
    ProductListing,
    Dashboard,
    Counter,
    ApiResponse,
    Page,
}

impl Entity {
    /// How keys of this kind are named unless the dataset says otherwise.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Product => "product:{id}",
            Self::UserProfile => "user:{id}",
            Self::Permissions => "permissions:{id}",
            Self::ProductListing => "listing:{id}",
            Self::Dashboard => "dashboard:{id}:stats",
            Self::Counter => "counter:{id}",
            Self::ApiResponse => "api:{id}",
            Self::Page => "page:{id}",
        }
    }

    /// More bytes than the fields of such a row ever take by themselves, without what fills it up.
    pub const fn fields_max(self) -> usize {
        match self {
            Self::Product | Self::UserProfile | Self::Permissions | Self::ProductListing => 360,
            Self::Dashboard | Self::ApiResponse | Self::Page => 240,
            Self::Counter => 130,
        }
    }
}

/// How large the JSON of a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "expected a size such as \"1KiB\", or a range such as { min = \"512B\", max = \"4KiB\" }"
)]
pub enum BodySize {
    Fixed(Size),
    Uniform { min: Size, max: Size },
}

impl BodySize {
    /// The size of the smallest row.
    pub const fn min(self) -> Size {
        match self {
            Self::Fixed(size) | Self::Uniform { min: size, .. } => size,
        }
    }

    /// The size of the largest row.
    pub const fn max(self) -> Size {
        match self {
            Self::Fixed(size) | Self::Uniform { max: size, .. } => size,
        }
    }
}

impl Default for BodySize {
    fn default() -> Self {
        Self::Fixed(Size(1024))
    }
}

/// What is asked, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WorkloadOptions {
    /// Decides everything that is left to chance.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// The share of requests that read. What neither reads, inserts, deletes nor does a
    /// read-modify-write updates: it writes the row, whether or not there is one.
    pub reads: Share,
    /// The share of requests that write a row under a key that had none when the run began.
    #[serde(default, skip_serializing_if = "Share::is_zero")]
    pub inserts: Share,
    /// The share of requests that delete a row.
    #[serde(default, skip_serializing_if = "Share::is_zero")]
    pub deletes: Share,
    /// The share of requests that read a row and then write it.
    #[serde(default, skip_serializing_if = "Share::is_zero")]
    pub read_modify_writes: Share,
    /// Clients that look at what they have written. Their reads take the place of other requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_reads: Option<OwnReads>,
    pub popularity: Popularity,
    pub arrival: Arrival,
    /// Every loaded key is read once before the load starts, so that all entries are filled, and
    /// expire, together.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prefill: bool,
    /// Runs before the measured window, under the same load.
    #[serde(default)]
    pub warm_up: Span,
    /// The measured window.
    pub duration: Span,
    /// Application processes, each with connections of its own.
    #[serde(default = "default_nodes")]
    pub nodes: u32,
    /// Users of an open loop, to whom requests are dealt out. A closed loop says its own.
    #[serde(default = "default_clients")]
    pub clients: u32,
    /// After this long a client gives a request up.
    #[serde(default = "default_timeout")]
    pub timeout: Span,
}

impl WorkloadOptions {
    /// The share of requests that update: what the other kinds leave.
    pub fn updates(&self) -> f64 {
        let rest = 1.0 - self.reads.0 - self.inserts.0 - self.deletes.0 - self.read_modify_writes.0;
        // Shares such as 0.7 and 0.3 add up to 1 but for the last digit.
        if rest.abs() < 1e-9 { 0.0 } else { rest }
    }

    /// Whether rows are only read and updated, with nothing else about the requests: what the closed
    /// forms assume.
    pub fn only_reads_and_updates(&self) -> bool {
        let others = [self.inserts, self.deletes, self.read_modify_writes];
        others.iter().all(Share::is_zero) && self.own_reads.is_none()
    }

    /// The rate that an open loop asks for from the start of the plan on; `None` for a closed one.
    pub fn curve(&self) -> Option<Curve> {
        let profile = self.arrival.profile()?;
        Some(profile.curve(self.warm_up.nanos(), self.duration.nanos(), self.seed))
    }

    /// When the measured window opens and closes, from the start of the plan.
    pub fn window(&self) -> (Nanos, Nanos) {
        let opens = self.warm_up.nanos();
        (opens, opens + self.duration.nanos())
    }

    /// The rate of an open loop, where it never changes.
    pub fn steady_rate(&self) -> Option<f64> {
        self.arrival.profile()?.steady()
    }

    /// The highest rate that an open loop ever asks for.
    pub fn peak_rate(&self) -> Option<f64> {
        self.arrival.profile().map(Profile::peak)
    }

    /// The steps of a staircase in the order in which they come, from the opening of the window.
    /// Empty for any other load.
    pub fn steps(&self) -> Vec<Step> {
        match self.arrival.profile() {
            Some(Profile::Staircase(staircase)) => {
                staircase.steps(self.duration.nanos(), self.seed)
            }
            _ => Vec::new(),
        }
    }
}

const fn default_seed() -> u64 {
    1
}

const fn default_nodes() -> u32 {
    1
}

const fn default_clients() -> u32 {
    100
}

const fn default_timeout() -> Span {
    Span::from_secs(10)
}

/// A client's reads of its own writes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OwnReads {
    /// The chance that a write is followed by such a read.
    pub share: Share,
    /// How many requests later it comes: of all clients in an open loop, of its own in a closed one.
    pub after: u64,
}

/// Which keys are asked for, and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Popularity {
    Uniform,
    /// The k-th most popular key is asked for in proportion to `1 / k^exponent`.
    Zipf(Zipf),
    /// A share of the keys gets a share of the requests, uniformly within each part.
    Hotspot(Hotspot),
    /// Zipf over how lately a key came up; a new key becomes the latest every `every` requests.
    Latest(Latest),
    /// Keys in the order in which a recorded trace asked for them.
    Trace(TraceFiles),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Zipf {
    /// 0 is uniform; 0.99 is the usual figure for web traffic.
    pub exponent: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Hotspot {
    /// The share of the keys that is hot.
    pub keys: Share,
    /// The share of the requests that goes to hot keys.
    pub requests: Share,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Latest {
    pub exponent: f64,
    /// Requests between one new key and the next.
    pub every: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TraceFiles {
    /// Played one after the other; a name is relative to the scenario's file. `.trc.bin` holds
    /// 32-bit big-endian numbers, `.txt` one key a line; either may end in `.gz`.
    pub files: Vec<PathBuf>,
}

/// When requests start: of an open loop how they are spread, and at which rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Arrival {
    /// Open loop: evenly spaced.
    Even(Profile),
    /// Open loop: independent of each other, as the requests of many users are.
    Poisson(Profile),
    /// Each client asks again when it has its answer.
    Closed(Closed),
}

impl Arrival {
    /// The rate of an open loop; `None` for a closed one.
    pub const fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Even(profile) | Self::Poisson(profile) => Some(profile),
            Self::Closed(_) => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Closed {
    pub clients: u32,
    /// How long a client waits between an answer and its next request.
    #[serde(default)]
    pub think: Span,
}
