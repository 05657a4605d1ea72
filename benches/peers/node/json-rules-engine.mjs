// json-rules-engine, which keeps nothing between two runs. With the argument `index` there is an
// engine for each signal, with the rules that read it and no other facts; without it one engine has
// all rules and sees all of a vehicle, as its documentation does.

import { createRequire } from "node:module";

import { dependents, holds, main } from "./protocol.mjs";

const require = createRequire(process.env.PEERS_NODE + "/");
const { Engine } = require("json-rules-engine");
const { version } = require("json-rules-engine/package.json");
const INDEX = process.argv[5] === "index";

function make(workload) {
  const all = workload.rules.map((_, rule) => rule);
  const whole = INDEX ? null : watcher(workload, all);
  const watchers = dependents(workload).map((rules) => whole ?? watcher(workload, rules));
  const values = workload.start.map((start) =>
    Object.fromEntries(start.map((value, signal) => [`s${signal}`, value])));
  const active = workload.start.map((start) =>
    workload.rules.map((tests) => holds(tests, start)));
  return async (first, events, edges) => {
    for (let place = 0; place < events.length; place++) {
      const [vehicle, signal, value] = events[place];
      const known = values[vehicle];
      if (known[`s${signal}`] === value) continue;
      known[`s${signal}`] = value;
      const { engine, rules, facts } = watchers[signal];
      const { events: found } = await engine.run(facts ? pick(known, facts) : known);
      const now = new Set(found.map((event) => event.params.rule));
      for (const rule of rules) {
        if (now.has(rule) !== active[vehicle][rule]) {
          active[vehicle][rule] = !active[vehicle][rule];
          edges.push([first + place, vehicle, rule, active[vehicle][rule]]);
        }
      }
    }
  };
}

function watcher(workload, rules) {
  const engine = new Engine();
  for (const rule of rules) engine.addRule({ conditions: { all: workload.rules[rule].map(condition) }, event: { type: "holds", params: { rule } } });
  const facts = new Set(rules.flatMap((rule) => workload.rules[rule].map(([signal]) => `s${signal}`)));
  return { engine, rules, facts: INDEX ? [...facts] : null };
}

function condition([signal, comparison, value]) {
  return { fact: `s${signal}`, operator: comparison === ">" ? "greaterThan" : "lessThan", value };
}

function pick(known, facts) {
  const picked = {};
  for (const fact of facts) picked[fact] = known[fact];
  return picked;
}

await main(`json-rules-engine, ${INDEX ? "dependency index" : "as documented"}`, version, make);
