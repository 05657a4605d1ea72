"""Counts how often conditions begin on a recording, with nothing of the project's.

Usage: count_begins.py RECORDING.csv.gz "SIGNAL OP THRESHOLD"...
Prints for each condition the number of begins and the time of the first.
A value of an integer signal that is no integer does not fit it and is passed over.
"""

import csv
import gzip
import operator
import sys

OPERATORS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
INTEGERS = {
    "Vehicle.Chassis.Accelerator.PedalPosition": (0, 255),
    "Vehicle.Powertrain.CombustionEngine.MAP": (0, 65535),
}


def fits(signal, text):
    if signal not in INTEGERS:
        return True
    low, high = INTEGERS[signal]
    value = float(text)
    return value.is_integer() and low <= value <= high


def main():
    path, *conditions = sys.argv[1:]
    by_signal = {}
    for index, condition in enumerate(conditions):
        signal, symbol, threshold = condition.split()
        by_signal.setdefault(signal, []).append((index, OPERATORS[symbol], float(threshold)))
    holds = [False] * len(conditions)
    begins = [[] for _ in conditions]
    with gzip.open(path, "rt", newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        for time_us, signal, text in rows:
            if signal not in by_signal or not fits(signal, text):
                continue
            value = float(text)
            for index, compare, threshold in by_signal[signal]:
                now = compare(value, threshold)
                if now and not holds[index]:
                    begins[index].append(time_us)
                holds[index] = now
    for times in begins:
        print(len(times), times[0] if times else "-")


main()
