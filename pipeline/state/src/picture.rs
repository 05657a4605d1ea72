//! A machine's table as a picture and as text, for the documentation.

use std::f64::consts::TAU;
use std::fmt::Write;

use crate::Machine;

/// Width and height of a picture.
const SIZE: (f64, f64) = (640.0, 440.0);
/// The ellipse on which the states stand.
const RING: (f64, f64) = (230.0, 165.0);
/// Half of the width and height of a state.
const BOX: (f64, f64) = (54.0, 19.0);
/// How far the middle of an arrow stands aside from the straight line, as a part of its length:
/// there and back are two arrows.
const BEND: f64 = 0.10;
/// How many pieces of an arrow are looked at to find where it leaves a state.
const PIECES: u32 = 200;

const STYLE: &str = "\
text{font:14px sans-serif;fill:#222;text-anchor:middle}\
rect{fill:#eef4fb;stroke:#3b6ea5;stroke-width:1.5}\
path.to{fill:none;stroke:#667;stroke-width:1.3;marker-end:url(#tip)}\
path.to:hover{stroke:#c33;stroke-width:2.5}\
circle{fill:#3b6ea5}#tip path{fill:#667}\
@media(prefers-color-scheme:dark){text{fill:#dde}rect{fill:#243447;stroke:#7fb2e5}\
path.to{stroke:#99a}#tip path{fill:#99a}circle{fill:#7fb2e5}}";

#[derive(Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
}

/// The machine as an SVG: a box for each state, an arrow for each pair of states with a
/// transition; the events are the titles of the arrows.
pub fn svg<S: Machine>() -> String {
    let (width, height) = SIZE;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>States of a {}</title>\n<style>{STYLE}</style>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" \
         markerHeight=\"8\" orient=\"auto-start-reverse\"><path d=\"M0 0 8 4 0 8z\"/></marker></defs>\n",
        S::KIND
    );
    for (from, to, events) in arrows::<S>() {
        let path = match from {
            Some(from) => bent(place::<S>(from), place::<S>(to)),
            None => straight(entrance::<S>(to), place::<S>(to)),
        };
        // A String takes all that is written.
        let _ = writeln!(out, "<path class=\"to\" d=\"{path}\"><title>{events}</title></path>");
        if from.is_none() {
            let Point { x, y } = entrance::<S>(to);
            let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\"/>");
        }
    }
    for state in S::STATES {
        let Point { x, y } = place::<S>(*state);
        let (left, top, baseline) = (x - BOX.0, y - BOX.1, y + 5.0);
        let (wide, high) = (2.0 * BOX.0, 2.0 * BOX.1);
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide}\" height=\"{high}\" rx=\"9\"/>\
             <text x=\"{x:.1}\" y=\"{baseline:.1}\">{state}</text>"
        );
    }
    out + "</svg>\n"
}

/// The machine as a table of Markdown: from, event, to.
pub fn table<S: Machine>() -> String {
    let mut out = "| from | event | to |\n|---|---|---|\n".to_owned();
    for row in S::TABLE {
        let from = row.from.map_or_else(|| "(none)".to_owned(), |state| state.to_string());
        let _ = writeln!(out, "| {from} | {} | {} |", row.event, row.to);
    }
    out
}

/// Each pair of states with a transition, and the events between them.
fn arrows<S: Machine>() -> Vec<(Option<S>, S, String)> {
    let mut arrows: Vec<(Option<S>, S, String)> = Vec::new();
    for row in S::TABLE {
        match arrows.iter_mut().find(|(from, to, _)| (*from, *to) == (row.from, row.to)) {
            Some((_, _, events)) => {
                events.push_str(", ");
                events.push_str(row.event.name());
            }
            None => arrows.push((row.from, row.to, row.event.to_string())),
        }
    }
    arrows
}

/// Where a state stands: the first at the left, the others clockwise.
fn place<S: Machine>(state: S) -> Point {
    let number = S::STATES.iter().position(|other| *other == state).unwrap_or_default();
    let angle = TAU * (0.5 + number as f64 / S::STATES.len() as f64);
    Point { x: SIZE.0 / 2.0 + RING.0 * angle.cos(), y: SIZE.1 / 2.0 + RING.1 * angle.sin() }
}

/// Where the dot stands from which a thing comes into existence.
fn entrance<S: Machine>(to: S) -> Point {
    let Point { x, y } = place::<S>(to);
    Point { x: x - BOX.0 + 10.0, y: y - 2.0 * BOX.1 - 22.0 }
}

fn straight(from: Point, to: Point) -> String {
    let end = Point { x: from.x, y: to.y - BOX.1 - 1.0 };
    format!("M{:.1} {:.1} {:.1} {:.1}", from.x, from.y, end.x, end.y)
}

/// A curve from the border of one box to that of another, to the right of the straight line.
fn bent(from: Point, to: Point) -> String {
    let (along, across) = (to.x - from.x, to.y - from.y);
    let middle =
        Point { x: (from.x + to.x) / 2.0 - across * BEND, y: (from.y + to.y) / 2.0 + along * BEND };
    let at = |part: f64| {
        let rest = 1.0 - part;
        let curve =
            |a: f64, b: f64, c: f64| rest * rest * a + 2.0 * rest * part * b + part * part * c;
        Point { x: curve(from.x, middle.x, to.x), y: curve(from.y, middle.y, to.y) }
    };
    let inside = |point: Point, home: Point| {
        (point.x - home.x).abs() < BOX.0 + 2.0 && (point.y - home.y).abs() < BOX.1 + 2.0
    };
    let parts = (0..=PIECES).map(|piece| at(f64::from(piece) / f64::from(PIECES)));
    let outside: Vec<Point> =
        parts.filter(|point| !inside(*point, from) && !inside(*point, to)).collect();
    let [start, .., end] = outside.as_slice() else { return String::new() };
    // The curve between two of its points bends by the same control point, moved along.
    let control = Point {
        x: middle.x + ((start.x - from.x) + (end.x - to.x)) / 2.0,
        y: middle.y + ((start.y - from.y) + (end.y - to.y)) / 2.0,
    };
    format!(
        "M{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}",
        start.x, start.y, control.x, control.y, end.x, end.y
    )
}
