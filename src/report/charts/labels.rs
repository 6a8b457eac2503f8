//! Labels beside marks that stand close together: none covers a mark or another label, and the
//! line from a label to its mark crosses as little as can be.

use super::canvas::SCALE;

/// A rectangle in units: left, top, right, bottom.
pub type Spot = (i32, i32, i32, i32);

/// The radius of a mark in pixels.
pub const MARKER: i32 = 7;

/// The height of a label in pixels.
pub const HEIGHT: i32 = 18;

/// How much further away a label may be, if its line then crosses one mark less.
const CROSSING: i32 = 100;

/// Where a label goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    pub spot: Spot,
    /// The line to its mark, where it does not stand right beside it.
    pub line: Option<[(i32, i32); 2]>,
}

/// Finds a place within `bounds` for a label of each width; `None` where there is no room at all.
///
/// Labels are placed one after the other, as near as there is room. As the first takes room from
/// the last, several orders are tried, and the best is taken.
pub fn place(marks: &[(i32, i32)], widths: &[i32], bounds: Spot) -> Vec<Option<Label>> {
    let count = marks.len();
    let orders = (0..count).flat_map(|first| {
        let forward: Vec<usize> = (0..count).map(|step| (first + step) % count).collect();
        let backward: Vec<usize> = forward.iter().rev().copied().collect();
        [forward, backward]
    });
    let arranged = orders.map(|order| arrange(marks, widths, bounds, &order));
    arranged.min_by_key(|(cost, _)| *cost).map(|(_, labels)| labels).unwrap_or_default()
}

/// Places labels in this order, and tells how far from ideal the outcome is.
fn arrange(
    marks: &[(i32, i32)],
    widths: &[i32],
    bounds: Spot,
    order: &[usize],
) -> (i32, Vec<Option<Label>>) {
    let reach = (MARKER + 2) * SCALE;
    let around = |&(x, y): &(i32, i32)| (x - reach, y - reach, x + reach, y + reach);
    let mut taken: Vec<Spot> = marks.iter().map(around).collect();
    let mut labels = vec![None; marks.len()];
    let mut cost = 0;
    for &index in order {
        let (mark, size) = (marks[index], (widths[index], HEIGHT * SCALE));
        let free = candidates(mark, size).filter(|(_, spot)| {
            is_inside(*spot, bounds) && !taken.iter().any(|other| overlap(*spot, *other))
        });
        let judged = free.map(|(distance, spot)| {
            let crossed = if distance == 0 { 0 } else { crossings(mark, spot, &taken, index) };
            (distance + CROSSING * crossed, distance, spot)
        });
        let Some((own_cost, distance, spot)) = judged.min_by_key(|(cost, ..)| *cost) else {
            cost += 100 * CROSSING;
            continue;
        };
        cost += own_cost;
        taken.push(spot);
        if distance > 0 {
            taken.extend(steps(mark, spot));
        }
        labels[index] = Some(Label { spot, line: (distance > 0).then(|| ends(mark, spot)) });
    }
    (cost, labels)
}

/// How many marks and labels the line would cross; a label counts three times, for a line through
/// words makes them hard to read.
fn crossings(mark: (i32, i32), spot: Spot, taken: &[Spot], own: usize) -> i32 {
    let way = steps(mark, spot);
    let others = taken.iter().enumerate().filter(|(index, _)| *index != own);
    let crossed = others.filter(|(_, other)| way.iter().any(|step| overlap(*step, **other)));
    let is_label = |spot: &Spot| spot.2 - spot.0 > 4 * MARKER * SCALE;
    crossed.map(|(_, other)| if is_label(other) { 3 } else { 1 }).sum()
}

/// Places for a label around a mark with their distance, 0 where it stands right beside it.
fn candidates(
    (x, y): (i32, i32),
    (width, height): (i32, i32),
) -> impl Iterator<Item = (i32, Spot)> {
    (0..16).flat_map(move |distance| {
        let gap = (MARKER + 5) * SCALE;
        let (away, aside) = (distance * 10 * SCALE, distance * 5 * SCALE);
        let at = move |left: i32, middle: i32| {
            (distance, (left, middle - height / 2, left + width, middle + height / 2))
        };
        [
            at(x + gap, y - away),
            at(x - gap - width, y - away),
            at(x + gap, y + away),
            at(x - gap - width, y + away),
            at(x - width / 2, y - gap - away - height / 2),
            at(x - width / 2, y + gap + away + height / 2),
            at(x + gap + aside, y - away),
            at(x - gap - width - aside, y - away),
            at(x + gap + aside, y + away),
            at(x - gap - width - aside, y + away),
        ]
    })
}

/// The line from a mark's outline to the nearest edge of its label.
fn ends((x, y): (i32, i32), spot: Spot) -> [(i32, i32); 2] {
    let end = (x.clamp(spot.0, spot.2), if (spot.1 + spot.3) / 2 < y { spot.3 } else { spot.1 });
    let (across, down) = (f64::from(end.0 - x), f64::from(end.1 - y));
    let part = f64::from(MARKER * SCALE) / across.hypot(down).max(1.0);
    [(x + (across * part).round() as i32, y + (down * part).round() as i32), end]
}

/// The same line in small steps, to see what it crosses.
fn steps(mark: (i32, i32), spot: Spot) -> Vec<Spot> {
    const STEPS: i32 = 12;
    let [from, to] = ends(mark, spot);
    let step = |index: i32| {
        let x = from.0 + (to.0 - from.0) * index / STEPS;
        let y = from.1 + (to.1 - from.1) * index / STEPS;
        (x - 1, y - 1, x + 1, y + 1)
    };
    (0..STEPS).map(step).collect()
}

const fn is_inside(spot: Spot, bounds: Spot) -> bool {
    spot.0 >= bounds.0 && spot.1 >= bounds.1 && spot.2 <= bounds.2 && spot.3 <= bounds.3
}

const fn overlap(a: Spot, b: Spot) -> bool {
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Spot = (0, 0, 480 * SCALE, 240 * SCALE);

    proptest! {
        #[test]
        fn labels_never_cover_each_other_or_leave_the_plot(
            marks in proptest::collection::vec((0..480i32, 0..240i32), 1..10),
        ) {
            let marks: Vec<_> = marks.iter().map(|(x, y)| (x * SCALE, y * SCALE)).collect();
            let widths = vec![120 * SCALE; marks.len()];
            let placed: Vec<_> = place(&marks, &widths, BOUNDS).into_iter().flatten().collect();
            for (index, label) in placed.iter().enumerate() {
                prop_assert!(is_inside(label.spot, BOUNDS));
                for other in &placed[index + 1..] {
                    prop_assert!(!overlap(label.spot, other.spot));
                }
            }
        }
    }
}
