//! Values of facts that tell apart all that atoms test of them.

use piccolo_catalogue::Value;
use piccolo_script::Comparison;

use super::Group;
use crate::coverage::subject::{SubjectAtom, Test};

/// A value of a fact, standing for all values that the atoms cannot tell from it.
#[derive(Clone, Debug, PartialEq)]
enum Point {
    Is(Value),
    /// A value that no atom names.
    Other,
    Unknown,
}

/// The atoms of each fact with the truths that they can have together. Computed atoms have
/// every truth, each by itself.
pub(super) fn groups(atoms: &[SubjectAtom]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, atom) in atoms.iter().enumerate() {
        let Some(fact) = atom.test.fact() else {
            let truths = vec![vec![Some(true)], vec![Some(false)], vec![None]];
            groups.push(Group { atoms: vec![index], truths });
            continue;
        };
        let same = |group: &&mut Group| {
            group.atoms.first().is_some_and(|first| atoms[*first].test.fact() == Some(fact))
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.atoms.push(index),
            None => groups.push(Group { atoms: vec![index], truths: Vec::new() }),
        }
    }
    for group in groups.iter_mut().filter(|group| group.truths.is_empty()) {
        let tests: Vec<&Test> = group.atoms.iter().map(|atom| &atoms[*atom].test).collect();
        for point in points(&tests) {
            let truths: Vec<Option<bool>> = tests.iter().map(|test| truth(test, &point)).collect();
            if !group.truths.contains(&truths) {
                group.truths.push(truths);
            }
        }
    }
    groups
}

/// Values of one fact from every region that its tests divide its values into; unknown last.
fn points(tests: &[&Test]) -> Vec<Point> {
    let mut points = Vec::new();
    for test in tests {
        match test {
            Test::Number { integer: Some((least, greatest)), constant, .. } => {
                // Between two constants there is the integer after the lower one, or none.
                let floor = constant.floor() as i64;
                let numbers = [*least, floor, floor.saturating_add(1)];
                let fitting = numbers.into_iter().filter(|n| (*least..=*greatest).contains(n));
                points.extend(fitting.map(|number| Point::Is(Value::Int(number))));
            }
            Test::Number { constant, .. } => {
                let numbers = [constant.next_down(), *constant, constant.next_up()];
                let finite = numbers.into_iter().filter(|number| number.is_finite());
                points.extend(finite.map(|number| Point::Is(Value::Float(number))));
            }
            Test::Equals { constant: Value::Bool(_), .. } => {
                points.extend([true, false].map(|value| Point::Is(Value::Bool(value))));
            }
            Test::Equals { constant, .. } => {
                points.extend([Point::Is(constant.clone()), Point::Other]);
            }
            Test::Known { .. } | Test::Free => {}
        }
    }
    if points.is_empty() {
        points.push(Point::Other);
    }
    points.push(Point::Unknown);
    points
}

fn truth(test: &Test, point: &Point) -> Option<bool> {
    match (test, point) {
        (Test::Known { .. }, point) => Some(*point != Point::Unknown),
        (Test::Number { comparison, constant, .. }, Point::Is(value)) => {
            comparison.compare(value, &Value::Float(*constant))
        }
        (Test::Equals { constant, .. }, Point::Is(value)) => {
            Some(Comparison::Equal.compare(value, constant) == Some(true))
        }
        (Test::Equals { .. }, Point::Other) => Some(false),
        _ => None,
    }
}
