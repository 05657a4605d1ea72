// Plain JavaScript: the tests in typed arrays, and for each signal the rules that read it. Measured,
// this takes a third of the time that a function for each rule takes.

import { dependents, holds, main } from "./protocol.mjs";

function make(workload) {
  const width = workload.rules[0].length;
  const readers = dependents(workload).map((rules) => Int32Array.from(rules));
  const tests = workload.rules.flat();
  const signals = Int32Array.from(tests, (test) => test[0]);
  const above = Uint8Array.from(tests, (test) => Number(test[1] === ">"));
  const points = Float64Array.from(tests, (test) => test[2]);
  const values = workload.start.map((start) => Float64Array.from(start));
  const active = values.map((known) =>
    Uint8Array.from(workload.rules, (tests) => Number(holds(tests, known))));
  const passes = (known, rule) => {
    for (let at = rule * width; at < (rule + 1) * width; at++) {
      const value = known[signals[at]];
      if (above[at] ? value <= points[at] : value >= points[at]) return 0;
    }
    return 1;
  };
  return (first, events, edges) => {
    for (let place = 0; place < events.length; place++) {
      const [vehicle, signal, value] = events[place];
      const known = values[vehicle];
      if (known[signal] === value) continue;
      known[signal] = value;
      const ofVehicle = active[vehicle];
      const rules = readers[signal];
      for (let at = 0; at < rules.length; at++) {
        const rule = rules[at];
        const now = passes(known, rule);
        if (now !== ofVehicle[rule]) {
          ofVehicle[rule] = now;
          edges.push([first + place, vehicle, rule, now]);
        }
      }
    }
  };
}

await main("JavaScript, dependency index", process.versions.node, make);
