"""Plain Python: each rule a function, and for each signal the rules that read it."""

import platform

import protocol


def make(workload):
    rules = [function(tests) for tests in workload.rules]
    dependents = [[] for _ in range(workload.signals)]
    for rule, tests in enumerate(workload.rules):
        for signal, _, _ in tests:
            dependents[signal].append((rule, rules[rule]))
    values = workload.start
    active = [bytearray(rule(values[vehicle]) for rule in rules) for vehicle in range(workload.vehicles)]

    def take(first, events, edges):
        for time, (vehicle, signal, value) in enumerate(events, first):
            known = values[vehicle]
            if known[signal] == value:
                continue
            known[signal] = value
            of_vehicle = active[vehicle]
            for rule, holds in dependents[signal]:
                now = holds(known)
                if now != of_vehicle[rule]:
                    of_vehicle[rule] = now
                    edges.append((time, vehicle, rule, now))

    return take


def function(tests):
    """The rule as its author would write it."""
    text = " and ".join(f"v[{signal}] {comparison} {point!r}" for signal, comparison, point in tests)
    return eval(f"lambda v: {text}")


protocol.main("Python, dependency index", platform.python_version(), make)
