"""Pathway: changes of value joined with tests on their signal, and for each rule of each vehicle a
function over its changes in order of time. A commit has a time of whole milliseconds and gives only
what it changed in all, so times are data; a commit for each sample loses samples."""

import math
import threading
from importlib.metadata import version

import pathway as pw
import protocol

# Changes that are committed at once, as many as the other dataflows take at once.
BATCH = 1_000

# The vehicle of the row that counts changes, which is no vehicle.
PROGRESS = -1


class Change(pw.Schema):
    time: int
    vehicle: int
    signal: int
    before: float
    value: float


class Test(pw.Schema):
    signal: int
    rule: int
    above: bool
    point: float


class Source(pw.io.python.ConnectorSubject):
    """Changes come from the main thread, and end when that ends."""

    def run(self):
        threading.main_thread().join()


class Sink:
    """Keeps edges, and knows how many changes have gone all the way through."""

    def __init__(self):
        self.edges = []
        self.counted = 0
        self.through = threading.Condition()

    def on_change(self, key, row, time, is_addition):
        if not is_addition:
            return
        if row["vehicle"] == PROGRESS:
            self.counted = row["edge"][0]
        else:
            self.edges.append((row["edge"][0], row["vehicle"], row["rule"], row["edge"][1]))

    def on_time_end(self, time):
        with self.through:
            self.through.notify()

    def wait(self, changes):
        with self.through:
            self.through.wait_for(lambda: self.counted == changes)


def make(workload):
    source, sink = Source(), Sink()
    changes = pw.io.python.read(source, schema=Change, autocommit_duration_ms=None)
    rows = pw.Table.concat_reindex(edges_of(workload, changes), progress_of(changes))
    pw.io.subscribe(rows, on_change=sink.on_change, on_time_end=sink.on_time_end)
    threading.Thread(target=pw.run, kwargs={"monitoring_level": pw.MonitoringLevel.NONE}).start()
    values = workload.start
    for vehicle, of_vehicle in enumerate(values):
        for signal, value in enumerate(of_vehicle):
            source.next(time=-1, vehicle=vehicle, signal=signal, before=math.nan, value=float(value))
    source.commit()
    sent = workload.vehicles * workload.signals
    sink.wait(sent)

    def take(first, events, found):
        nonlocal sent
        for time, (vehicle, signal, value) in enumerate(events, first):
            before = values[vehicle][signal]
            if value != before:
                values[vehicle][signal] = value
                source.next(time=time, vehicle=vehicle, signal=signal, before=float(before), value=float(value))
                sent += 1
            if (time + 1 - first) % BATCH == 0:
                source.commit()
        source.commit()
        sink.wait(sent)
        found.extend(sink.edges)
        sink.edges.clear()

    return take


def edges_of(workload, changes):
    """Each edge as its vehicle, its rule, and as `edge` its time and whether the rule begins."""
    rows = [
        (signal, rule, comparison == ">", float(point))
        for rule, of_rule in enumerate(workload.rules)
        for signal, comparison, point in of_rule
    ]
    tests = pw.debug.table_from_rows(Test, rows)
    passed = (changes.time >= 0) & ((changes.before > tests.point) == tests.above)
    passes = (changes.value > tests.point) == tests.above
    turn = pw.if_else(passes, 1, 0) - pw.if_else(passed, 1, 0)
    turns = changes.join(tests, changes.signal == tests.signal).select(
        changes.time, changes.vehicle, tests.rule, turn=turn
    )
    turns = turns.filter(turns.turn != 0)
    histories = turns.groupby(turns.vehicle, turns.rule).reduce(
        turns.vehicle, turns.rule, turns=pw.reducers.sorted_tuple(pw.make_tuple(turns.time, turns.turn))
    )
    edge = pw.apply_with_type(
        edges_in, tuple[tuple[int, bool], ...], histories.turns, len(workload.rules[0])
    )
    return histories.select(histories.vehicle, histories.rule, edge=edge).flatten(pw.this.edge)


def edges_in(turns, tests_by_rule):
    """When a rule began and ended, from when its tests began to pass or to fail."""
    passing, edges = 0, []
    for time, turn in turns:
        active = passing == tests_by_rule
        passing += turn
        if time >= 0 and active != (passing == tests_by_rule):
            edges.append((time, not active))
    return tuple(edges)


def progress_of(changes):
    """How many changes there have been. A time without changes of its rows ends unheard."""
    return changes.reduce(vehicle=PROGRESS, rule=0, edge=pw.make_tuple(pw.reducers.count(), False))


protocol.main("Pathway, join and reduce", version("pathway"), make)
