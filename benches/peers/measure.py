"""Runs the engine and its peers on the same workload, compares their edges, writes results.*.

What it needs is installed by `run`, beside this file, which also says where things are."""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tomllib
from pathlib import Path
from statistics import median

import report

HERE = Path(__file__).resolve().parent
WORK = HERE.parent.parent / "target" / "peers"
SIZES = ["300x100", "1000x100", "8000x100"]
SEED = 1

# Rounds of a peer, and how many of them only warm it up: a virtual machine compiles as it goes.
ROUNDS, WARM_UP = 15, 6
ENGINE_ROUNDS, ENGINE_EVENTS = 9, 100_000
TIMEOUT_S = 150


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", action="append", choices=SIZES, help="this size only; may be repeated")
    parser.add_argument("--only", default="", help="peers whose command has this in it")
    parser.add_argument("--out", type=Path, default=HERE, help="the folder of results.*")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    peers = tomllib.loads((HERE / "peers.toml").read_text())["peer"]
    peers = [peer for peer in peers if arguments.only in " ".join(peer["command"])]
    results = {"machine": machine(), "seed": SEED, "sizes": []}
    results["load_before"] = os.getloadavg()[0]
    for size in arguments.size or SIZES:
        results["sizes"].append(measure(size, peers))
    results["load_after"] = os.getloadavg()[0]
    report.write(results, arguments.out)
    if any("wrong" in row for size in results["sizes"] for row in size["rows"]):
        sys.exit("peers and engine found different edges: see results.md")


def measure(size, peers):
    """All rows of one size: the engine before the peers and after them, since a machine changes."""
    place = SIZES.index(size)
    events = max((peer["events"][place] * ROUNDS for peer in peers), default=ROUNDS)
    path = WORK / f"{size}.json"
    export = ["bench", "export", "--size", size, "--events", str(events), "--seed", str(SEED)]
    path.write_bytes(subprocess.run([piccolo(), *export], check=True, capture_output=True).stdout)
    edges = [tuple(map(int, edge)) for edge in json.loads(path.read_bytes())["edges"]]
    engine = [engine_rows(size)]
    rows = [peer_row(peer, path, peer["events"][place], edges) for peer in peers]
    engine.append(engine_rows(size))
    return {"size": size, "rows": [*map(between, *engine), *rows]}


def between(one, other):
    """Two measurements as one: the mean of their medians, and all of their range."""
    (low, high), (least, most) = one["range_ns"], other["range_ns"]
    middle = (one["median_ns"] + other["median_ns"]) / 2
    return {**one, "median_ns": middle, "range_ns": [min(low, least), max(high, most)]}


def engine_rows(size):
    """The engine alone, and with policies and arbitration. `piccolo bench engine` compares the
    edges of both with the loop's that the export has, and fails on a difference."""
    return [engine_row(size, [], "PICCOLO"), engine_row(size, ["--governed"], "PICCOLO, with policies")]


def engine_row(size, more, name):
    say(f"{size}: {name}")
    plan = ["--rounds", str(ENGINE_ROUNDS), "--samples", str(ENGINE_EVENTS), "--seed", str(SEED)]
    command = [piccolo(), "bench", "engine", "--size", size, *plan, *more, "-o", "json"]
    row = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)[0]
    low, high = row["engine_range_ns"]
    edges = round(row["decisions_per_event"] * ENGINE_ROUNDS * ENGINE_EVENTS)
    version = subprocess.run([piccolo(), "--version"], check=True, capture_output=True, text=True)
    return {
        "peer": name,
        "version": version.stdout.split()[-1],
        "events": ENGINE_EVENTS,
        "edges": edges,
        "median_ns": row["engine_ns"],
        "range_ns": [low, high],
    }


def peer_row(peer, path, events, edges):
    """A peer's row; where it gives no result, why."""
    say(f"{path.stem}: {' '.join(peer['command'])}")
    program, own = split(peer["command"])
    command = [*program, str(path), str(events * ROUNDS), str(ROUNDS), *own]
    name = " ".join(Path(word).stem for word in peer["command"][1:])
    try:
        done = subprocess.run(command, cwd=HERE, timeout=TIMEOUT_S, capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        return {"peer": name, "failed": f"no result within {TIMEOUT_S} s"}
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        return {"peer": name, "failed": reason[0][:200]}
    found = json.loads(done.stdout.strip().splitlines()[-1])
    expected = [edge for edge in edges if edge[0] < found["events"]]
    times = [seconds * 1e9 / events for seconds in found["seconds"][WARM_UP:]]
    row = {
        "peer": found["peer"],
        "version": found["version"],
        "events": events,
        "edges": found["edges"]["count"],
        "median_ns": median(times),
        "range_ns": [min(times), max(times)],
        "rounds_ns": times,
    }
    if found["edges"] != {"count": len(expected), "hash": digest(expected)} or not expected:
        row["wrong"] = f"{len(expected)} edges were expected"
    return row


def digest(edges):
    text = "".join("%d %d %d %d\n" % edge for edge in edges)
    return hashlib.sha256(text.encode()).hexdigest()


def split(words):
    """The program and the peer's own arguments; those that all peers take come in between."""
    drools, flink = jars("drools/jars"), jars("pyflink/lib")
    known = {
        "{python}": [sys.executable],
        "{node}": ["node"],
        "{java}": java(drools),
        # All peers in Java read the workload with what the jar of Drools has for that.
        "{flink}": java([*flink, *drools]),
        "{crates}": [str(WORK / "rust" / "release" / "piccolo-peers")],
    }
    program = known[words[0]]
    if words[0] == "{crates}":
        return program, words[1:]
    return [*program, words[1]], words[2:]


def jars(folder):
    return sorted(WORK.glob(f"venv/lib/python*/site-packages/{folder}/*.jar"))


def java(libraries):
    return ["java", "-Xmx8g", "-cp", os.pathsep.join(map(str, [*libraries, WORK / "java"]))]


def piccolo():
    return str(WORK.parent / "release" / "piccolo")


def machine():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]}"


def say(text):
    print(f"{text} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
