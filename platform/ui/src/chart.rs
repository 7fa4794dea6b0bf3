//! Charts as SVG drawn on the server, each with a title and the same figures as a table.
//!
//! `kit.js` adds the readout under the pointer. Values are whole numbers (cents, visits); `format` writes them.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

/// The curve is drawn in a square of this size and stretched over the plot, whatever its shape.
const SIDE: f64 = 1000.0;
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
    let wanted = divide_up(max.max(1), LINES);
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

/// Division of numbers above zero, rounded up.
fn divide_up(value: i64, divisor: i64) -> i64 {
    value / divisor + i64::from(value % divisor != 0)
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
            lines: divide_up(max, step),
            count: chart.labels.len(),
        }
    }

    /// Height of a value as a share of the plot, from 0 at the bottom to 1.
    fn y(&self, value: i64) -> f64 {
        float(value.max(0)) / (float(self.step) * float(self.lines))
    }

    /// Position of the n-th point of a line, which begins and ends at the edges: a share of the plot's width.
    fn x(&self, at: usize) -> f64 {
        index(at) / index(self.count.saturating_sub(1).max(1))
    }

    /// Middle of the n-th column.
    fn column(&self, at: usize) -> f64 {
        (index(at) + 0.5) / index(self.count.max(1))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a position on a screen needs far less than 53 bits"
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
    let fill = format!("{line}L{SIDE} {SIDE}L0 {SIDE}Z");
    let picture = html! {
        svg aria-hidden="true" viewBox={ "0 0 " (SIDE) " " (SIDE) } preserveAspectRatio="none" {
            defs {
                linearGradient id={ (chart.id) "-fade" } x1="0" y1="0" x2="0" y2="1" { stop.fade-from offset="0" {} stop.fade-to offset="1" {} }
            }
            @if let Some((_, values)) = chart.compare { path.compare d=(smooth_line(&scale, values)) {} }
            @if !chart.series.1.is_empty() { path d=(fill) fill={ "url(#" (chart.id) "-fade)" } {} path.line d=(line) {} }
        }
    };
    figure(chart, &scale, &Scale::x, &picture)
}

/// Columns, against an earlier period as paler columns beside them.
#[must_use]
pub fn bars(chart: &Chart<'_>) -> Markup {
    let scale = Scale::new(chart);
    let bar = |class: &str, value: i64| html! { i class=(class) style={ "block-size:" (percent(scale.y(value))) } {} };
    let picture = html! {
        div.bars {
            @for at in 0..scale.count {
                span {
                    @if let Some(value) = chart.compare.and_then(|(_, values)| values.get(at)) { (bar("bar-compare", *value)) }
                    @if let Some(value) = chart.series.1.get(at) { (bar("bar", *value)) }
                }
            }
        }
    };
    figure(chart, &scale, &Scale::column, &picture)
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

/// A share as CSS writes it.
fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
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
        let (x, y) = (scale.x(at) * SIDE, (1.0 - scale.y(*value)) * SIDE);
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

/// What the pointer finds: the script shows its data in the readout.
fn point(scale: &Scale, chart: &Chart<'_>, at: usize, x: f64, value: i64) -> Markup {
    let label = chart.labels.get(at).copied().unwrap_or_default();
    let compare = chart
        .compare
        .and_then(|(name, values)| Some(format!("{name} {}", (chart.format)(*values.get(at)?))));
    html! {
        i.point style={ "inset-inline-start:" (percent(x)) ";inset-block-end:" (percent(scale.y(value))) } data-label=(label)
            data-value=((chart.format)(value)) data-compare=[compare] {}
    }
}

/// Axes as text in the page's own size, so that they stay readable on a phone; the picture is stretched between them.
fn figure(
    chart: &Chart<'_>,
    scale: &Scale,
    x: &dyn Fn(&Scale, usize) -> f64,
    picture: &Markup,
) -> Markup {
    html! {
        figure.chart data-chart {
            div.plot role="img" aria-label=(chart.title) {
                @for line in 0..=scale.lines {
                    @let value = line * scale.step;
                    span.axis-y style={ "inset-block-end:" (percent(scale.y(value))) } { span { ((chart.format)(value)) } }
                }
                (picture)
                @for (at, label) in chart.labels.iter().enumerate() {
                    @if labelled(at, scale.count) { span.axis-x style={ "inset-inline-start:" (percent(x(scale, at))) } { (label) } }
                }
                @for (at, value) in chart.series.1.iter().enumerate() { (point(scale, chart, at, x(scale, at), *value)) }
                div.readout hidden {}
            }
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

    #[test]
    fn a_chart_without_values_still_draws_its_axes() {
        let empty = Chart {
            id: "c",
            title: "t",
            axis: "a",
            labels: &[],
            series: ("s", &[]),
            compare: Some(("p", &[])),
            format: &|v| v.to_string(),
        };
        for markup in [area(&empty), bars(&empty)] {
            assert!(markup.0.contains("axis-y"));
            assert!(!markup.0.contains("d=\"L"), "{}", markup.0);
        }
        assert!(!spark(&[]).0.contains("NaN"));
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
            let lines = divide_up(max, step);
            prop_assert!((1..=LINES).contains(&lines), "{lines} lines of {step} for {max}");
            prop_assert!(step * lines < max + step);
        }

        #[test]
        fn every_value_lies_inside_the_picture(values in proptest::collection::vec(0..i64::MAX / 4, 1..40)) {
            let labels: Vec<&str> = values.iter().map(|_| "x").collect();
            let chart = Chart { id: "c", title: "t", axis: "a", labels: &labels, series: ("s", &values), compare: None, format: &|v| v.to_string() };
            let scale = Scale::new(&chart);
            for (at, value) in values.iter().enumerate() {
                for share in [scale.y(*value), scale.x(at), scale.column(at)] {
                    prop_assert!((0.0..=1.0).contains(&share), "{share}");
                }
            }
        }
    }
}
