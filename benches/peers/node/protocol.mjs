// What every peer in JavaScript does alike: read the workload, time rounds, print what was found.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

// Runs a peer. `make(workload)` does what is not measured, up to the start's values, and returns
// `take(first, events, edges)`, which may be async: it takes events in, the first of which has the
// number `first`, and appends edges as [time, vehicle, rule, begins].
export async function main(peer, version, make) {
  const [path, events, rounds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
  const workload = JSON.parse(readFileSync(path, "utf8"));
  const take = await make(workload);
  const size = Math.floor(events / rounds);
  const seconds = [];
  const edges = [];
  for (let first = 0; first < size * rounds; first += size) {
    const part = workload.events.slice(first, first + size);
    const began = process.hrtime.bigint();
    await take(first, part, edges);
    seconds.push(Number(process.hrtime.bigint() - began) / 1e9);
  }
  const numbers = edges.map((edge) => edge.map(Number)).sort(compare);
  const text = numbers.map((edge) => edge.join(" ") + "\n").join("");
  const found = {
    peer,
    version,
    rules: workload.rules.length,
    vehicles: workload.vehicles,
    events: size * rounds,
    seconds,
    edges: { count: edges.length, hash: createHash("sha256").update(text).digest("hex") },
  };
  console.log(JSON.stringify(found));
}

function compare(one, other) {
  const place = one.findIndex((number, at) => number !== other[at]);
  return place < 0 ? 0 : one[place] - other[place];
}

// For each signal the numbers of the rules that read it.
export function dependents(workload) {
  const found = Array.from({ length: workload.signals }, () => []);
  workload.rules.forEach((tests, rule) => tests.forEach(([signal]) => found[signal].push(rule)));
  return found;
}

// Whether a rule holds for a vehicle's values: for the start, which nobody measures.
export function holds(tests, values) {
  return tests.every(([signal, comparison, point]) =>
    comparison === ">" ? values[signal] > point : values[signal] < point);
}
