//! A soak as a picture: memory, times of steps, and what went in and out, over its seconds.

use std::fmt::Write as _;

use super::{Report, Second};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 130.0;
const PANEL: f64 = 170.0;
const GAP: f64 = 50.0;
const TOP: f64 = 60.0;

/// One line of a panel.
struct Line {
    name: &'static str,
    color: &'static str,
    values: Vec<f64>,
}

/// Lines over one axis, which begins at zero or is logarithmic.
struct Panel {
    title: &'static str,
    logarithmic: bool,
    lines: Vec<Line>,
}

/// Draws a report as SVG, with a background of its own.
pub fn plot(report: &Report) -> String {
    let panels = panels(report);
    let height = TOP + panels.len() as f64 * (PANEL + GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    let Report { rules, vehicles, rate, changes_a_second, .. } = report;
    let title = format!(
        "{rules} rules, {vehicles} vehicles, {rate} samples and {changes_a_second} changes of \
         rules a second"
    );
    text(&mut svg, (LEFT, 28.0), "start", "#222", &title);
    for (place, panel) in panels.iter().enumerate() {
        draw(&mut svg, panel, TOP + place as f64 * (PANEL + GAP), report.seconds.len());
    }
    svg.push_str("</svg>\n");
    svg
}

fn panels(report: &Report) -> Vec<Panel> {
    let line = |name, color, of: &dyn Fn(&Second) -> f64| Line {
        name,
        color,
        values: report.seconds.iter().map(of).collect(),
    };
    let us = |nanoseconds: u64| nanoseconds as f64 / 1e3;
    let memory = |second: &Second| second.resident_bytes.unwrap_or_default() as f64 / 1e6;
    vec![
        Panel {
            title: "memory of the process, MB",
            logarithmic: false,
            lines: vec![line("resident", "#1b6ca8", &memory)],
        },
        Panel {
            title: "time of a step, us",
            logarithmic: true,
            lines: vec![
                line("max", "#c0392b", &|second| us(second.max_ns)),
                line("p99", "#d98e04", &|second| us(second.p99_ns)),
                line("p50", "#1b6ca8", &|second| us(second.p50_ns)),
            ],
        },
        Panel {
            title: "a second, thousands",
            logarithmic: false,
            lines: vec![
                line("samples in", "#1b6ca8", &|second| second.samples as f64 / 1e3),
                line("decisions", "#2e8b57", &|second| second.decisions as f64 / 1e3),
                line("lost", "#c0392b", &|second| second.late_samples as f64 / 1e3),
            ],
        },
    ]
}

fn draw(svg: &mut String, panel: &Panel, top: f64, seconds: usize) {
    let (low, high) = range(panel);
    let scale = |value: f64| if panel.logarithmic { value.max(low).log10() } else { value };
    let (from, to) = (scale(low), scale(high));
    let y = |value: f64| top + PANEL - (scale(value) - from) / (to - from) * PANEL;
    let width = WIDTH - LEFT - RIGHT;
    let x = |place: usize| LEFT + width * (place + 1) as f64 / seconds.max(1) as f64;
    text(svg, (LEFT, top - 8.0), "start", "#222", panel.title);
    for mark in marks(low, high, panel.logarithmic) {
        let at = y(mark);
        let _ =
            writeln!(svg, "<path d=\"M{LEFT} {at:.1}h{width}\" stroke=\"#ddd\" fill=\"none\"/>");
        text(svg, (LEFT - 8.0, at + 4.0), "end", "#555", &format!("{mark}"));
    }
    for (place, line) in panel.lines.iter().enumerate() {
        let points: Vec<String> = line
            .values
            .iter()
            .enumerate()
            .map(|(second, value)| format!("{:.1},{:.1}", x(second), y(*value)))
            .collect();
        let (points, color) = (points.join(" "), line.color);
        let _ = writeln!(
            svg,
            "<polyline points=\"{points}\" stroke=\"{color}\" stroke-width=\"1.5\" fill=\"none\"/>"
        );
        let at = (WIDTH - RIGHT + 12.0, top + 14.0 + 18.0 * place as f64);
        text(svg, at, "start", color, line.name);
    }
    let below = top + PANEL + 17.0;
    text(svg, (LEFT, below), "start", "#555", "0 s");
    text(svg, (WIDTH - RIGHT, below), "end", "#555", &format!("{seconds} s"));
}

/// The lowest and the highest value of the axis; a little room is above.
fn range(panel: &Panel) -> (f64, f64) {
    let values = || panel.lines.iter().flat_map(|line| line.values.iter().copied());
    let high = values().fold(0.0, f64::max);
    if !panel.logarithmic {
        return (0.0, if high > 0.0 { high * 1.1 } else { 1.0 });
    }
    let low = values().filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
    let low = if low.is_finite() { low } else { 1.0 };
    (10f64.powf(low.log10().floor()), 10f64.powf(high.max(low * 1.1).log10().ceil()))
}

/// Round values between two others: powers of ten, or about four steps of 1, 2 or 5.
fn marks(low: f64, high: f64, logarithmic: bool) -> Vec<f64> {
    if logarithmic {
        let (from, to) = (low.log10().round() as i32, high.log10().round() as i32);
        return (from..=to).map(|power| 10f64.powi(power)).collect();
    }
    let rough = high / 4.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = step.into_iter().find(|step| *step >= rough).unwrap_or(rough);
    (0..=(high / step) as u32).map(|place| f64::from(place) * step).collect()
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, color: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{color}\">{text}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_within() {
        assert_eq!(marks(0.0, 110.0, false), [0.0, 50.0, 100.0]);
        assert_eq!(marks(0.0, 80.0, false), [0.0, 20.0, 40.0, 60.0, 80.0]);
        assert_eq!(marks(10.0, 1000.0, true), [10.0, 100.0, 1000.0]);
    }

    #[test]
    fn an_axis_holds_all_values() {
        let panel = |logarithmic, values: &[f64]| Panel {
            title: "",
            logarithmic,
            lines: vec![Line { name: "", color: "", values: values.to_vec() }],
        };
        assert_eq!(range(&panel(false, &[1.0, 10.0])), (0.0, 11.0));
        assert_eq!(range(&panel(false, &[0.0])), (0.0, 1.0));
        assert_eq!(range(&panel(true, &[0.0, 12.0, 950.0])), (10.0, 1000.0));
        assert_eq!(range(&panel(true, &[])), (1.0, 10.0));
    }
}
