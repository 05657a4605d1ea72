//! Mutated YAML: it is read within all bounds, nothing panics, and what is read and written again
//! is the same.

use crate::body::check;
use crate::mutation::{Mutation, corpus, files, kept};
use crate::pullpiri::samples;

const WORDS: [&str; 40] = [
    "apiVersion: v1\n",
    "kind: Scenario\n",
    "kind: Package\n",
    "kind: Model\n",
    "kind: Policy\n",
    "kind: Node\n",
    "metadata:\n",
    "  name: a\n",
    "spec:\n",
    "---\n",
    "...\n",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "!!str ",
    "|\n",
    ">-\n",
    "\"",
    "'",
    "#",
    "\t",
    "\n",
    "  ",
    "null",
    "~",
    "true",
    "0x7f",
    "1e308",
    "-1",
    "9223372036854775808",
    "500m",
    "1Gi",
    "%",
    "\u{feff}",
    "ä\u{202e}",
];

/// One resource of some kinds, for machines without the shared data.
const OWN: &str = "apiVersion: v1
kind: Policy
metadata: {name: p}
spec: {placement: {availableNodes: [hpc, zone]}}
---
apiVersion: v1
kind: Network
metadata:
  name: n
---
apiVersion: v1
kind: Scenario
metadata:
  name: s
spec:
  condition:
  action: launch
  target: s
";

#[test]
fn inputs_that_were_wrong_once_are_right() {
    let found = kept(&[".yaml"]);
    assert!(!found.is_empty());
    found.iter().for_each(|bytes| {
        check(bytes);
    });
}

#[test]
fn inputs_that_fuzzing_found_worth_keeping() {
    let resources: usize = corpus("resource").iter().map(|bytes| check(bytes)).sum();
    assert!(resources > 10, "only {resources} resources");
}

#[test]
fn mutated_resources() {
    let mut inputs = kept(&[".yaml"]);
    inputs.push(OWN.into());
    inputs.extend(samples().iter().flat_map(|folder| files(folder, &[".yaml"])));
    for bytes in &inputs {
        check(bytes);
    }
    let resources = Mutation::new(41, inputs, &WORDS).run(20_000, check);
    assert!(resources > 500, "only {resources} resources were read");
}
