"""CLIPS: a fact for each signal of each vehicle; a rule begins where its tests match and it is not
active, and ends where it is active and one of its tests fails."""

from importlib.metadata import version

import clips
import protocol

UNTIL = {">": "<=", "<": ">="}


def make(workload):
    environment = clips.Environment()
    edges, now = [], [0]

    def edge(vehicle, rule, begins):
        edges.append((now[0], vehicle, rule, begins))

    environment.define_function(edge)
    for signal in range(workload.signals):
        environment.build(f"(deftemplate s{signal} (slot vehicle) (slot value))")
    environment.build("(deftemplate active (slot rule) (slot vehicle))")
    for rule, tests in enumerate(workload.rules):
        for construct in constructs(rule, tests):
            environment.build(construct)
    facts = [
        [
            environment.find_template(f"s{signal}").assert_fact(vehicle=vehicle, value=value)
            for signal, value in enumerate(start)
        ]
        for vehicle, start in enumerate(workload.start)
    ]
    environment.run()

    def take(first, events, found):
        edges.clear()
        for time, (vehicle, signal, value) in enumerate(events, first):
            now[0] = time
            facts[vehicle][signal].modify_slots(value=value)
            environment.run()
        found.extend(edges)

    return take


def constructs(rule, tests):
    """The two rules of one scenario."""
    match = " ".join(
        f"(s{signal} (vehicle ?v) (value ?x{signal}&:({comparison} ?x{signal} {point})))"
        for signal, comparison, point in tests
    )
    fails = " ".join(
        f"(s{signal} (vehicle ?v) (value ?x{signal}&:({UNTIL[comparison]} ?x{signal} {point})))"
        for signal, comparison, point in tests
    )
    active = f"(active (rule {rule}) (vehicle ?v))"
    yield f"(defrule b{rule} {match} (not {active}) => (assert {active}) (edge ?v {rule} 1))"
    yield f"(defrule e{rule} ?f <- {active} (or {fails}) => (retract ?f) (edge ?v {rule} 0))"


protocol.main("CLIPS", f"clipspy {version('clipspy')}", make)
