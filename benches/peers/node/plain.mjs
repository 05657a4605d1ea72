// Plain JavaScript: each rule a function, and for each signal the rules that read it.

import { dependents, holds, main } from "./protocol.mjs";

function make(workload) {
  const readers = dependents(workload).map((rules) =>
    rules.map((rule) => ({ rule, holds: written(workload.rules[rule]) })));
  const values = workload.start.map((start) => Float64Array.from(start));
  const active = values.map((known) =>
    Uint8Array.from(workload.rules, (tests) => Number(holds(tests, known))));
  return (first, events, edges) => {
    for (let place = 0; place < events.length; place++) {
      const [vehicle, signal, value] = events[place];
      const known = values[vehicle];
      if (known[signal] === value) continue;
      known[signal] = value;
      const ofVehicle = active[vehicle];
      for (const reader of readers[signal]) {
        const now = reader.holds(known) ? 1 : 0;
        if (now !== ofVehicle[reader.rule]) {
          ofVehicle[reader.rule] = now;
          edges.push([first + place, vehicle, reader.rule, now]);
        }
      }
    }
  };
}

// The rule as its author would write it.
function written(tests) {
  const text = tests.map(([signal, comparison, point]) => `v[${signal}] ${comparison} ${point}`);
  return new Function("v", `return ${text.join(" && ")};`);
}

await main("JavaScript, dependency index", process.versions.node, make);
