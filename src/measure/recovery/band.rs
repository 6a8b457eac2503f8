//! How far from what it was before a figure may be and still be the same.

/// How much of what was before is no change.
const SHARE: f64 = 0.1;
/// By how many standard deviations chance alone may be off. So many intervals are looked at that
/// three would be passed now and then.
const DEVIATIONS: f64 = 4.0;

/// Events, and of how many: requests, or seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub events: f64,
    pub of: f64,
}

/// What the events are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of requests, each of which is one event or none.
    Share,
    /// Of seconds.
    Rate,
}

/// The band around a mean of the past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    pub mean: f64,
    /// How far from the mean it is no change, whatever the counts.
    tolerance: f64,
    /// The variance of one event's worth, with what the past varied by beyond that.
    variance: f64,
    /// Of how many the mean is.
    of: f64,
    more_is_worse: bool,
}

impl Point {
    pub fn sum<'a>(points: impl IntoIterator<Item = &'a Self>) -> Self {
        points.into_iter().fold(Self::default(), |sum, point| Self {
            events: sum.events + point.events,
            of: sum.of + point.of,
        })
    }
}

impl Band {
    /// The band around what these came to; `None` if they are of nothing.
    pub fn around(points: &[Point], kind: Kind, more_is_worse: bool) -> Option<Self> {
        let all = Point::sum(points);
        if all.of <= 0.0 {
            return None;
        }
        let mean = all.events / all.of;
        // No event so far does not mean that there can be none: one more is always thinkable.
        let variance = match kind {
            Kind::Share => {
                let share = (all.events + 1.0) / (all.of + 2.0);
                share * (1.0 - share)
            }
            Kind::Rate => (all.events + 1.0) / all.of,
        };
        let telling = points.iter().filter(|point| point.of > 0.0);
        let deviations =
            telling.clone().map(|point| (point.events - mean * point.of).powi(2) / point.of);
        let freedom = telling.count().max(2) - 1;
        let observed = deviations.sum::<f64>() / freedom as f64;
        Some(Self {
            mean,
            tolerance: SHARE * mean,
            // Where the past varied by more than independent events would, so may what follows.
            variance: variance.max(observed),
            of: all.of,
            more_is_worse,
        })
    }

    /// The same, but up to `limit` it is no change either.
    pub fn or_up_to(self, limit: f64) -> Self {
        Self { tolerance: (limit - self.mean).max(0.0), ..self }
    }

    /// Whether this is worse than what was before; `None` if it is of nothing.
    pub fn is_worse(&self, point: Point) -> Option<bool> {
        if point.of <= 0.0 {
            return None;
        }
        let deviation = (self.variance * (1.0 / point.of + 1.0 / self.of)).sqrt();
        // Counts are whole: the one event that takes a count past its bound may be chance as well.
        let chance = DEVIATIONS * deviation + 1.0 / point.of;
        let change = point.events / point.of - self.mean;
        let worse_by = if self.more_is_worse { change } else { -change };
        Some(worse_by > self.tolerance.max(chance) * (1.0 + 1e-9))
    }
}
