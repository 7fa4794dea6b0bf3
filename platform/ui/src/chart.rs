//! Charts as SVG drawn on the server, each with a title and the same figures as a table.
//!
//! `kit.js` adds the readout under the pointer. Values are whole numbers (cents, visits); `format` writes them.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 6.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 22.0;
/// Most lines across the chart, the one at zero not counted.
const LINES: i64 = 4;

/// What a chart of one or two series shows.
pub struct Chart<'a> {
    /// Unique on the page.
    pub id: &'a str,
    /// What it shows, for those who do not see it.
    pub title: &'a str,
    /// Name of the horizontal axis in the table: "Month".
    pub axis: &'a str,
    /// Labels of the horizontal axis.
    pub labels: &'a [&'a str],
    /// Name and values of the main series; never negative.
    pub series: (&'a str, &'a [i64]),
    /// Name and values to compare with.
    pub compare: Option<(&'a str, &'a [i64])>,
    /// Writes a value.
    pub format: &'a dyn Fn(i64) -> String,
}

/// Step between the lines of an axis that reaches `max`: 1, 2, 2.5 (from 25 on) or 5 times a power of ten, so that at
/// most four steps cover it.
#[must_use]
pub fn axis_step(max: i64) -> i64 {
    let wanted = max.max(1).div_ceil_by(LINES);
    let mut power = 1_i64;
    loop {
        let candidates = [
            Some(power),
            power.checked_mul(2),
            (power >= 10).then_some(power / 10 * 25),
            power.checked_mul(5),
        ];
        if let Some(step) = candidates
            .into_iter()
            .flatten()
            .find(|step| *step >= wanted)
        {
            return step;
        }
        match power.checked_mul(10) {
            Some(next) => power = next,
            None => return i64::MAX / LINES,
        }
    }
}

trait DivCeil {
    fn div_ceil_by(self, divisor: i64) -> i64;
}

impl DivCeil for i64 {
    /// Division of positive numbers, rounded up.
    fn div_ceil_by(self, divisor: i64) -> i64 {
        self / divisor + i64::from(self % divisor != 0)
    }
}

/// Where values and positions lie in the picture.
struct Scale {
    step: i64,
    lines: i64,
    count: usize,
}

impl Scale {
    fn new(chart: &Chart<'_>) -> Self {
        let compare = chart.compare.map_or(&[][..], |(_, values)| values);
        let max = chart
            .series
            .1
            .iter()
            .chain(compare)
            .copied()
            .max()
            .unwrap_or(0)
            .max(1);
        let step = axis_step(max);
        Self {
            step,
            lines: max.div_ceil_by(step),
            count: chart.labels.len(),
        }
    }

    fn y(&self, value: i64) -> f64 {
        let top = float(self.step) * float(self.lines);
        TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - float(value.max(0)) / top)
    }

    /// Position of the n-th point of a line, which begins and ends at the edges.
    fn x(&self, at: usize) -> f64 {
        let steps = self.count.saturating_sub(1).max(1);
        LEFT + (WIDTH - LEFT - RIGHT) * index(at) / index(steps)
    }

    /// Width of one column's share, and the middle of the n-th.
    fn column(&self, at: usize) -> (f64, f64) {
        let share = (WIDTH - LEFT - RIGHT) / index(self.count.max(1));
        (share, LEFT + share * (index(at) + 0.5))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a position in a picture of 720 points needs no more than 53 bits"
)]
fn float(value: i64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "the index of a point is small")]
fn index(value: usize) -> f64 {
    value as f64
}

/// A line with a tinted area, against an earlier period as a dotted line.
#[must_use]
pub fn area(chart: &Chart<'_>) -> Markup {
    let scale = Scale::new(chart);
    let line = smooth_line(&scale, chart.series.1);
    let last = chart.series.1.len().saturating_sub(1);
    let floor = HEIGHT - BOTTOM;
    let fill = format!(
        "{line}L{:.1} {floor:.1}L{:.1} {floor:.1}Z",
        scale.x(last),
        scale.x(0)
    );
    let picture = html! {
        defs {
            linearGradient id={ (chart.id) "-fade" } x1="0" y1="0" x2="0" y2="1" { stop.fade-from offset="0" {} stop.fade-to offset="1" {} }
        }
        (grid(&scale, chart))
        @for (at, label) in chart.labels.iter().enumerate() {
            @if labelled(at, scale.count) { text.axis x=(round(scale.x(at))) y=(HEIGHT - 4.0) text-anchor="middle" { (label) } }
        }
        @if let Some((_, values)) = chart.compare { path.compare d=(smooth_line(&scale, values)) {} }
        path d=(fill) fill={ "url(#" (chart.id) "-fade)" } {}
        path.line d=(line) {}
        @for (at, value) in chart.series.1.iter().enumerate() { (point(&scale, chart, at, scale.x(at), *value)) }
    };
    figure(chart, &picture)
}

/// Columns, against an earlier period as paler columns beside them.
#[must_use]
pub fn bars(chart: &Chart<'_>) -> Markup {
    let scale = Scale::new(chart);
    let floor = HEIGHT - BOTTOM;
    let bar = |class: &str, x: f64, width: f64, value: i64| {
        let y = scale.y(value);
        html! { rect class=(class) x=(round(x)) y=(round(y)) width=(round(width)) height=(round((floor - y).max(0.0))) rx="2" {} }
    };
    let picture = html! {
        (grid(&scale, chart))
        @for (at, label) in chart.labels.iter().enumerate() {
            @let (share, middle) = scale.column(at);
            @let width = (share * 0.62).min(28.0);
            @if labelled(at, scale.count) { text.axis x=(round(middle)) y=(HEIGHT - 4.0) text-anchor="middle" { (label) } }
            @if let Some(value) = chart.compare.and_then(|(_, values)| values.get(at)) {
                (bar("bar-compare", middle - width / 2.0, width / 2.0 - 1.0, *value))
            }
            @if let Some(value) = chart.series.1.get(at) {
                @if chart.compare.is_some() { (bar("bar", middle + 1.0, width / 2.0 - 1.0, *value)) }
                @else { (bar("bar", middle - width / 2.0, width, *value)) }
                (point(&scale, chart, at, middle, *value))
            }
        }
    };
    figure(chart, &picture)
}

/// A small line without axes, beside a figure. Decorative: the figure says it.
#[must_use]
pub fn spark(values: &[i64]) -> Markup {
    const SPARK_WIDTH: f64 = 96.0;
    const SPARK_HEIGHT: f64 = 28.0;
    let (low, high) = (
        values.iter().min().copied().unwrap_or(0),
        values.iter().max().copied().unwrap_or(0),
    );
    let range = float(high.saturating_sub(low)).max(1.0);
    let steps = index(values.len().saturating_sub(1).max(1));
    let mut points = String::new();
    for (at, value) in values.iter().enumerate() {
        let x = SPARK_WIDTH * index(at) / steps;
        let y = 2.0 + (SPARK_HEIGHT - 4.0) * (1.0 - float(value.saturating_sub(low)) / range);
        let _ = write!(points, "{x:.1},{y:.1} ");
    }
    html! {
        svg.spark aria-hidden="true" viewBox={ "0 0 " (SPARK_WIDTH) " " (SPARK_HEIGHT) } width=(SPARK_WIDTH) height=(SPARK_HEIGHT) {
            (PreEscaped(format!("<polyline points=\"{}\"/>", points.trim_end())))
        }
    }
}

/// The names of the two series with the way they are drawn, for the header of a card.
#[must_use]
pub fn legend(series: &str, compare: Option<&str>) -> Markup {
    html! {
        p.legend { span { i {} (series) } @if let Some(compare) = compare { span { i.compare {} (compare) } } }
    }
}

fn round(value: f64) -> String {
    format!("{value:.1}")
}

/// At most about a dozen labels stand below a chart.
fn labelled(at: usize, count: usize) -> bool {
    at.is_multiple_of(count.div_ceil(12).max(1))
}

/// A curve through the points that is level at each of them, so that it never overshoots.
fn smooth_line(scale: &Scale, values: &[i64]) -> String {
    let mut path = String::new();
    let mut previous: Option<(f64, f64)> = None;
    for (at, value) in values.iter().enumerate() {
        let (x, y) = (scale.x(at), scale.y(*value));
        let _ = match previous {
            None => write!(path, "M{x:.1} {y:.1}"),
            Some((from_x, from_y)) => {
                let middle = f64::midpoint(from_x, x);
                write!(
                    path,
                    "C{middle:.1} {from_y:.1} {middle:.1} {y:.1} {x:.1} {y:.1}"
                )
            }
        };
        previous = Some((x, y));
    }
    path
}

fn grid(scale: &Scale, chart: &Chart<'_>) -> Markup {
    html! {
        @for line in 0..=scale.lines {
            @let value = line * scale.step;
            @let y = scale.y(value);
            line.grid-line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(round(y)) y2=(round(y)) {}
            text.axis x=(LEFT - 8.0) y=(round(y + 3.5)) text-anchor="end" { ((chart.format)(value)) }
        }
    }
}

/// What the pointer finds: the script shows its data in the readout.
fn point(scale: &Scale, chart: &Chart<'_>, at: usize, x: f64, value: i64) -> Markup {
    let label = chart.labels.get(at).copied().unwrap_or_default();
    let compare = chart
        .compare
        .and_then(|(name, values)| Some(format!("{name} {}", (chart.format)(*values.get(at)?))));
    html! {
        circle cx=(round(x)) cy=(round(scale.y(value))) r="3.5" data-label=(label) data-value=((chart.format)(value)) data-compare=[compare] {}
    }
}

fn figure(chart: &Chart<'_>, picture: &Markup) -> Markup {
    html! {
        figure.chart data-chart {
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby={ (chart.id) "-title" } {
                title id={ (chart.id) "-title" } { (chart.title) }
                (picture)
            }
            div.readout hidden {}
            details.as-table {
                summary { "Show as table" span.sr { ": " (chart.title) } }
                table {
                    thead {
                        tr {
                            th scope="col" { (chart.axis) }
                            th.number scope="col" { (chart.series.0) }
                            @if let Some((name, _)) = chart.compare { th.number scope="col" { (name) } }
                        }
                    }
                    tbody {
                        @for (at, label) in chart.labels.iter().enumerate() {
                            tr {
                                th scope="row" { (label) }
                                td.number { @if let Some(value) = chart.series.1.get(at) { ((chart.format)(*value)) } }
                                @if let Some((_, values)) = chart.compare {
                                    td.number { @if let Some(value) = values.get(at) { ((chart.format)(*value)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_are_numbers_people_count_in() {
        for (max, step) in [
            (0, 1),
            (1, 1),
            (4, 1),
            (5, 2),
            (9, 5),
            (40, 10),
            (90, 25),
            (18_420, 5_000),
            (6_420, 2_000),
        ] {
            assert_eq!(axis_step(max), step, "for {max}");
        }
    }

    proptest! {
        #[test]
        fn four_steps_always_reach_the_largest_value(max in 0..i64::MAX) {
            let step = axis_step(max);
            prop_assert!(step >= 1);
            prop_assert!(i128::from(step) * i128::from(LINES) >= i128::from(max) - i128::from(LINES));
        }

        #[test]
        fn the_axis_is_never_mostly_empty(max in 4..1_000_000_000_i64) {
            let step = axis_step(max);
            let lines = max.div_ceil_by(step);
            prop_assert!((1..=LINES).contains(&lines), "{lines} lines of {step} for {max}");
            prop_assert!(step * lines < max + step);
        }

        #[test]
        fn every_value_lies_inside_the_picture(values in proptest::collection::vec(0..i64::MAX / 4, 1..40)) {
            let labels: Vec<&str> = values.iter().map(|_| "x").collect();
            let chart = Chart { id: "c", title: "t", axis: "a", labels: &labels, series: ("s", &values), compare: None, format: &|v| v.to_string() };
            let scale = Scale::new(&chart);
            for (at, value) in values.iter().enumerate() {
                prop_assert!((TOP - 0.1..=HEIGHT - BOTTOM + 0.1).contains(&scale.y(*value)));
                prop_assert!((LEFT - 0.1..=WIDTH - RIGHT + 0.1).contains(&scale.x(at)));
            }
        }
    }
}
