"""What every peer in Python does alike: read the workload, time rounds, print what was found."""

import hashlib
import json
import sys
import time


class Workload:
    """The document of `piccolo bench export`, as far as this run uses it."""

    def __init__(self, path, events, rounds):
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        self.vehicles = document["vehicles"]
        self.signals = document["signals"]
        self.rules = document["rules"]
        self.start = document["start"]
        self.events = document["events"][:events]
        self.rounds = rounds

    def holds(self, rule, values):
        """Whether a rule holds for a vehicle's values: for the start, which nobody measures."""
        tests = ((values[signal], above, point) for signal, above, point in self.rules[rule])
        return all(value > point if above == ">" else value < point for value, above, point in tests)


def main(peer, version, make):
    """Runs a peer. `make(workload)` does what is not measured, up to the start's values, and
    returns `take(first, events, edges)`: it takes events in, the first of which has the number
    `first`, and appends edges as (time, vehicle, rule, begins)."""
    path, events, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    workload = Workload(path, events, rounds)
    take = make(workload)
    size = events // rounds
    seconds, edges = [], []
    for first in range(0, size * rounds, size):
        part = workload.events[first : first + size]
        began = time.perf_counter()
        take(first, part, edges)
        seconds.append(time.perf_counter() - began)
    lines = sorted((time, vehicle, rule, int(begins)) for time, vehicle, rule, begins in edges)
    text = "".join("%d %d %d %d\n" % line for line in lines)
    found = {
        "peer": peer,
        "version": version,
        "rules": len(workload.rules),
        "vehicles": workload.vehicles,
        "events": size * rounds,
        "seconds": seconds,
        "edges": {"count": len(lines), "hash": hashlib.sha256(text.encode()).hexdigest()},
    }
    print(json.dumps(found))
