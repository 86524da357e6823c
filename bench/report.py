"""Writes docs/benchmarks.md with its plot, and tables of other pages, from bench/results.

`make bench` runs it after the benchmarks. The other systems' promises are from their documentation.
"""

import argparse
import json
import re
import statistics
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

HERE = Path(__file__).parent
NODES = "<!-- nodes: from bench/results -->", "<!-- /nodes -->"
ATTACKS = "<!-- attacks: from bench/results -->", "<!-- /attacks -->"

GUARANTEES = {
    "tocsin": (
        "Committed and synced before the answer. At least once: seconds after a node dies, another "
        "one calls again. Retries, dead letters, and a record of each attempt."
    ),
    "apscheduler": (
        "Committed before `add_job` returns. At most once: a job leaves the store when it starts, "
        "so a crash loses what is under way. No retries. One scheduler a store."
    ),
    "procrastinate": (
        "Committed before `defer` returns. A worker that dies leaves its jobs `doing`; you write a "
        "task that finds and retries them. Retries by task."
    ),
    "dbos": (
        "Committed before `enqueue` returns. After a crash, workflows resume at the first step "
        "that is not recorded, which runs at least once. It records each step, more than this "
        "work needs."
    ),
}
NAMES = {
    "tocsin": "Tocsin",
    "apscheduler": "APScheduler",
    "procrastinate": "Procrastinate",
    "dbos": "DBOS Transact",
}
STORES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--docs", type=Path, default=HERE.parent / "docs")
    options = parser.parse_args()
    results = {
        name: json.loads((options.results / f"{name}.json").read_text())
        for name in (
            *("calls", "firing", "timers", "schedules", "large", "executions", "sources", "peers"),
            "attacks",
        )
    }
    draw(results["peers"], options.docs / "benchmarks.svg")
    (options.docs / "benchmarks.md").write_text(page(results))
    scaling = options.docs / "scaling.md"
    scaling.write_text(with_nodes(scaling.read_text(), results["firing"]))
    security = options.docs / "security.md"
    security.write_text(with_attacks(security.read_text(), results["attacks"]))


def page(results: dict[str, Any]) -> str:
    parts = (INTRODUCTION, *map(str, sections(results)))
    return "\n".join(part.strip() + "\n" for part in parts)


def sections(results: dict[str, Any]) -> list[str]:
    calls, firing, timers, sources, peers = (
        results[name] for name in ("calls", "firing", "timers", "sources", "peers")
    )
    return [
        "## Calls",
        CALLS,
        calls_table(calls["calls"]),
        run_on(calls),
        CALLS_REST,
        "## Firing",
        FIRING,
        firing_table([run for run in firing["runs"] if run["nodes"] == 1]),
        run_on(firing) + " More nodes: [scaling](scaling.md).",
        FIRING_REST,
        "## Many timers",
        TIMERS,
        waiting_table(timers["waiting"]),
        "And due at the same instant:",
        due_table(timers["due"]),
        run_on(timers),
        "## Many executions",
        SCHEDULES.format(batch=f"{results['schedules']['batch']:,}"),
        schedules_table(results["schedules"]["runs"]),
        run_on(results["schedules"]),
        "## Large inputs",
        LARGE.format(**results["large"]),
        large_table(results["large"]),
        run_on(results["large"]),
        "## Lists of executions",
        EXECUTIONS.format(count=f"{results['executions']['executions']:,}"),
        executions_table(results["executions"]["lists"]),
        run_on(results["executions"]),
        "## Sources",
        SOURCES,
        sources_table(sources["runs"]),
        IDLE_SOURCES.format(**sources["idle"]),
        idle_table(sources["idle"]),
        run_on(sources),
        "## Beside other systems",
        PEERS.format(jobs=f"{peers['jobs']:,}"),
        "![Calls a second](benchmarks.svg)",
        peers_table(peers["systems"]),
        run_on(peers) + f" A bare client made {peers['raw_rate']:,} calls a second.",
        guarantees(peers["systems"]),
    ]


def table(head: list[str], rows: list[list[str]], *, words: int = 1) -> str:
    """Writes a table whose first columns are words and whose others are numbers."""
    rule = ["---"] * words + ["---:"] * (len(head) - words)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def run_on(result: dict[str, Any]) -> str:
    told = result["machine"]
    load = f", load average {told['load_average']} at its end" if "load_average" in told else ""
    return f"{told['cores']} cores ({told['machine']}), Python {told['python']}{load}."


def micros(run: dict[str, Any], name: str) -> str:
    """Writes a time; it is empty in the results of a run that did not measure it yet."""
    return f"{run[name]:.0f} µs" if name in run else ""


def firing_table(runs: list[dict[str, Any]]) -> str:
    head = ["Store", "Node's CPU for one", "Of bare", "PostgreSQL's", "Bare client's"]
    head += ["At a steady rate", "Of many at once", "Of steady"]
    head += ["Fired /s", "Bare /s", "Lag p50", "p99"]
    rows = [
        [
            STORES[run["store"]],
            f"{run['cpu_us']:.0f} µs",
            f"{run['cpu_of_raw']:.1f}" if "cpu_of_raw" in run else "",
            micros(run, "store_cpu_us") if run["store"] == "postgresql" else "",
            micros(run, "raw_cpu_us"),
            micros(run, "lag_cpu_us"),
            micros(run, "many_cpu_us"),
            f"{run['many_of_steady']:.2f}" if "many_of_steady" in run else "",
            f"{run['rate']:,}",
            f"{run['raw_rate']:,}",
            f"{run['lag_p50_ms']:.1f} ms",
            f"{run['lag_p99_ms']:.1f} ms",
        ]
        for run in runs
    ]
    return table(head, rows)


def large_table(large: dict[str, Any]) -> str:
    head = ["The inputs", "List triggers, p50 / p99", "List invocations, p50 / p99"]
    rows = []
    for words, seen in (("wait", large["before"]), ("are due", large["due"])):
        lists = [
            f"{seen['list_p50_ms'][name]:.1f} / {seen['list_p99_ms'][name]:.1f} ms"
            for name in ("triggers", "invocations")
        ]
        memory, read = f"{seen['memory_mib']:.0f} MiB", f"{seen['read_mib_a_second']:.1f} MiB"
        rows.append([words, *lists, memory, f"{seen['cpu_percent']:.0f} %", read])
    return table([*head, "Memory", "CPU", "Read a second"], rows)


def executions_table(lists: list[dict[str, Any]]) -> str:
    rows = [
        [each["by"], f"{each['p50_ms']:.1f} ms", f"{each['p99_ms']:.1f} ms", str(each["found"])]
        for each in lists
    ]
    return table(["Narrowed by", "p50", "p99", "Found"], rows)


def waiting_table(nodes: list[dict[str, Any]]) -> str:
    head = ["Armed timers", "Start", "Memory", "CPU, idle", "CPU for a Get", "for a Create"]
    rows = []
    for node in nodes:
        costs = [
            f"{statistics.median(node[name]):.0f} µs" if node[name] else ""
            for name in ("get_us", "create_us")
        ]
        rows.append(
            [
                f"{node['timers']:,}",
                f"{node['start_seconds']:.1f} s",
                f"{node['memory_mib']:.0f} MiB",
                f"{node['idle_percent']:.2f} %",
                *costs,
            ]
        )
    return table(head, rows, words=0)


def due_table(runs: list[dict[str, Any]]) -> str:
    head = ["Store", "Timers", "Node's CPU for one", "At a steady rate", "PostgreSQL's"]
    head += ["Bare client's", "Fired /s", "Bare /s", "First call after", "Lag p50", "p99"]
    head.append("Get meanwhile, p50 / p99")
    rows = [
        [
            STORES[run["store"]],
            f"{run['timers']:,}",
            f"{run['cpu_us']:.0f} µs",
            micros(run, "steady_cpu_us"),
            micros(run, "store_cpu_us") if run["store"] == "postgresql" else "",
            micros(run, "raw_cpu_us"),
            f"{run['rate']:,}",
            f"{run['raw_rate']:,}",
            f"{run['first_ms']:.0f} ms",
            f"{run['lag_p50_s']:.1f} s",
            f"{run['lag_p99_s']:.1f} s",
            f"{run['get_p50_ms']:.0f} / {run['get_p99_ms']:.0f} ms",
        ]
        for run in runs
    ]
    return table(head, rows)


def schedules_table(runs: list[dict[str, Any]]) -> str:
    head = ["Store", "Scheduled in", "Node's CPU for one", "PostgreSQL's", "Scheduled /s"]
    rows = [
        [
            STORES[run["store"]],
            run["way"],
            f"{run['cpu_us']:.0f} µs",
            micros(run, "store_cpu_us") if run["store"] == "postgresql" else "",
            f"{run['rate']:,}",
        ]
        for run in runs
    ]
    return table(head, rows, words=2)


def sources_table(runs: list[dict[str, Any]]) -> str:
    head = ["Source", "Without Tocsin", "In a call", "Accepted /s", "Delivered /s", "Without /s"]
    head += ["Of that", "Node's CPU for one"]
    rows = [
        [
            run["source"],
            run["plain"],
            str(run["size"]),
            f"{run['accepted']:,}",
            f"{run['delivered']:,}",
            f"{run['plain_rate']:,}",
            f"{run['of_plain']:.2f}",
            f"{run['cpu_us']:,.0f} µs",
        ]
        for run in runs
    ]
    return table(head, rows, words=2)


def idle_table(idle: dict[str, Any]) -> str:
    nodes = (("without triggers", "empty_"), (f"with {idle['triggers']:,}", ""))
    rows = [
        [name, f"{idle[f'{which}cpu_percent']:.2f} %", f"{idle[f'{which}memory_mib']:.0f} MiB"]
        for name, which in nodes
    ]
    more = idle["cpu_percent"] - idle["empty_cpu_percent"]
    memory = idle["memory_mib"] - idle["empty_memory_mib"]
    rows.append(["more", f"{more:.2f} %", f"{memory:.0f} MiB"])
    return table(["A node", "Of a core", "Memory"], rows)


def peers_table(systems: list[dict[str, Any]]) -> str:
    ours = {row["store"]: row for row in systems if row["system"] == "tocsin"}
    rows = [
        [
            named(row),
            STORES[row["store"]],
            f"{row['added']:,}",
            f"{row['fired']:,}",
            f"{row['of_raw']:.3f}",
            f"{row['cpu_us']:,.0f} µs",
            f"{ours[row['store']]['fired'] / row['fired']:.1f} times that",
        ]
        for row in systems
    ]
    head = [
        "System",
        "Store",
        "Added /s",
        "Fired /s",
        "Of bare",
        "CPU for one",
        "Tocsin fires",
    ]
    return table(head, rows, words=2)


def guarantees(systems: list[dict[str, Any]]) -> str:
    names = dict.fromkeys(row["system"] for row in systems)
    return table(
        ["System", "What it promises"], [[NAMES[name], GUARANTEES[name]] for name in names], words=2
    )


def named(row: dict[str, Any]) -> str:
    name = NAMES[row["system"]]
    return name if row["system"] == "tocsin" else f"{name} {row['version']}"


def calls_table(calls: list[dict[str, Any]]) -> str:
    rows = [
        [
            row["call"],
            STORES.get(row["store"], ""),
            f"{row['server_us']:.0f} µs",
            f"{row['envoy_us']:.0f} µs" if row["call"].startswith("REST") else "",
            f"{row['store_us']:.0f} µs" if row["store"] == "postgresql" else "",
            f"{row['of_echo']:.2f}",
            f"{row['rate']:,}",
            f"{row['p50_us'] / 1000:.1f} ms",
            f"{row['p99_us'] / 1000:.1f} ms",
        ]
        for row in calls
    ]
    head = ["Call", "Store", "Server's CPU", "Envoy's", "PostgreSQL's", "Of echo", "Calls /s"]
    return table([*head, "p50", "p99"], rows, words=2)


def with_nodes(text: str, firing: dict[str, Any]) -> str:
    """Puts the rates of one and more nodes where scaling.md has its marks."""
    runs = [run for run in firing["runs"] if run["store"] == "postgresql"]
    head = [
        "Nodes",
        "Fired /s",
        "Of a bare client",
        "CPU of all nodes for one",
        "of PostgreSQL",
        "Lag p50",
        "p99",
    ]
    rows = [
        [
            str(run["nodes"]),
            f"{run['rate']:,}",
            f"{run['of_raw']:.2f}",
            f"{run['cpu_us']:.0f} µs",
            f"{run['store_cpu_us']:.0f} µs",
            f"{run['lag_p50_ms']:.1f} ms",
            f"{run['lag_p99_ms']:.1f} ms",
        ]
        for run in runs
    ]
    return between(NODES, text, f"{table(head, rows, words=0)}\n\n{run_on(firing)}")


def with_attacks(text: str, attacks: dict[str, Any]) -> str:
    """Puts what an innocent caller saw of each attack where security.md has its marks."""
    head = ["Attack", "REST p50 / p99 ms", "beside it", "gRPC p50 / p99 ms", "beside it"]
    head += ["Failed", "Server MiB", "Envoy MiB", "Attacker's CPU"]
    rows = [
        [
            row["attack"],
            *(
                f"{milliseconds(row[when][f'{wire}_p50_ms'])} / "
                f"{milliseconds(row[when][f'{wire}_p99_ms'])}"
                for wire in ("rest", "grpc")
                for when in ("alone", "beside")
            ),
            f"{row['beside']['errors']} of {calls_made(row['beside'])}",
            *(
                f"{row['memory_mib']['before'][name]} → {row['memory_mib']['peak'][name]}"
                for name in ("server", "envoy")
            ),
            f"{row['attacker_cpu_percent']} %",
        ]
        for row in attacks["attacks"]
    ]
    load = f"Each {attacks['seconds']:g} s; load average {attacks['load_average_before']} before."
    return between(ATTACKS, text, f"{table(head, rows)}\n\n{run_on(attacks)} {load}")


def milliseconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def calls_made(seen: dict[str, Any]) -> int:
    made: int = seen["rest_calls"] + seen["grpc_calls"] + seen["errors"]
    return made


def between(marks: tuple[str, str], text: str, told: str) -> str:
    """Puts what is told between two marks of a page."""
    start, end = marks
    whole = f"{start}\n{told}\n{end}"
    return re.sub(f"{re.escape(start)}.*?{re.escape(end)}", lambda _: whole, text, flags=re.DOTALL)


def draw(peers: dict[str, Any], path: Path) -> None:
    """Draws the rates of all systems as bars, the best at the top."""
    mpl.rcParams["svg.hashsalt"] = "benchmarks"  # the same picture for the same numbers
    rows = sorted(peers["systems"], key=lambda row: row["fired"])
    figure = Figure(figsize=(8, 0.7 + 0.5 * len(rows)), layout="constrained")
    axes = figure.subplots()
    labels = [f"{named(row)}, {STORES[row['store']]}" for row in rows]
    colours = ["#b5482a" if row["system"] == "tocsin" else "#8a8f98" for row in rows]
    bars = axes.barh(labels, [row["fired"] for row in rows], color=colours)
    axes.bar_label(bars, [f"{row['fired']:,}" for row in rows], padding=4)
    axes.set_xlabel("calls a second, all due at once (more is better)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.1)
    figure.savefig(path, metadata={"Date": None})


INTRODUCTION = """
# Benchmarks

Compare Tocsin's speed with plain clients and servers, and with other schedulers; `make bench`
measures it where you are.

This page is made from `bench/results/*.json`. Machines differ and are never quite idle, so compare
the ratios: each is to a reference that ran on the same machine in the same run, beside the same
target. Processor time (CPU) is what a process really used, however many others wanted the cores;
rates and latencies depend on those others. Node, target, client and PostgreSQL share the cores.
SQLite and PostgreSQL sync each commit.
"""
FIRING = """
Invocations wait in the store, all due at one instant, for one function; at most 50 calls of it are
under way. The target is a bare server in a process of its own; the bare client is aiohttp with 50
calls under way, and stores nothing. The rate is from the first call to the last. The lag, from an
invocation's instant to its arrival at the target, is measured at a steady 1,000 a second, and so is
the CPU beside it. Many at once are 100,000.
"""
SCHEDULES = """
Executions with two parameters each, due in years, so nothing is delivered meanwhile: by
`BatchSchedule`, {batch} in a call and two calls at a time, and by a `ScheduleIntegrations` for
each, all under way at once. Every answer comes after the commit is synced. On SQLite more than half
of the time writes the row and its ten indexes.
"""
LARGE = """
{executions} executions with inputs of {mebibytes:g} MiB each are due at once, at a target that
takes connections and reads nothing; `make bench-large` measures it. Meanwhile another caller lists
triggers and invocations on the same node, on SQLite. CPU is of one core. The node's memory was
{most_memory_mib} MiB at most, while the executions were scheduled or later.
"""
EXECUTIONS = """
A page of 100 executions among {count}, spread over ten integrations with five triggers each, on
SQLite; `make bench-executions` measures it. The first ones are found by an index. For others, such
as a type of parameter, a page looks at so many executions at most, and may be empty and not the
last. Of a page of 100, most of the time is spent on making its messages.
"""
TIMERS = """
Three nodes on SQLite ran side by side. Get asks for triggers all over the store. A call's cost is
the node's processor time, of one call after the other; of many under way each costs less.
"""
SOURCES = """
How many events a second a node on SQLite takes from each source and delivers, next to the plain
client or server that reads the same, keeps nothing and delivers nothing. Sources that must be
asked (queue, stream, broker) are filled first, with the same for both; the same client sends the
same to the others. An accepted event is durable. The ratio uses the lower of both rates. With 100
events in a call the calls are few, so what is left is the cost of taking an event. moto limits its
queues: it looks through all messages for each request.
"""
IDLE_SOURCES = """
{triggers:,} triggers with silent sources, half of them on {mqtt_brokers} MQTT brokers (mosquitto),
half with a queue each at {queue_services} queue services (moto), cost this much. A queue is asked
every 20 seconds, the longest poll that the protocol allows; a broker has one connection.
"""
PEERS = """
50 callers add {jobs} jobs one by one, each committed (APScheduler: one caller, because it allows
one scheduler). Then each job POSTs to the same target, at most 50 at a time (APScheduler: all at
once). Tocsin is called over gRPC, the others within their own process. CPU is that of the process
that fires. Rates are from the first call to the last; APScheduler's first call comes when all due
jobs have left its store, and that time does not count. These are jobs of milliseconds: with jobs
of minutes you will see no difference.
"""
CALLS = """
`h2load` keeps 64 calls under way, each durable before it is answered. The CPU is what one call took
of the server, of Envoy and of PostgreSQL; SQLite's is the server's. The ratio is that of server and
Envoy together to a gRPC server in Python that only echoes, called in turn with the others in many
short rounds. To hold another version against this one, give its checkout:
`.venv/bin/python bench/calls.py --beside DIRECTORY`.
"""


CALLS_REST = """
Where it goes, by profiles (`perf`, `py-spy`, and calls without a network). Nearly all of an echo is
gRPC's: its core, sockets, and the hand-over of each event from a thread of gRPC to the event loop,
which is work of the kernel. Without a network a Get takes 9 µs, for metadata, the deadline of its
message, parsing, the checks of the contract, and the row; within the server it adds 35 to 40 to an
echo. The read of a row alone adds 10 to 19 there, with two system calls that lock SQLite's log and
unlock it. A Create has 80 µs of its own beside gRPC: a quarter checks the request, a sixth compiles
the plan and makes ids, and over a third writes three rows and commits them. Through Envoy the
server pays less for a call, because one connection carries them all, and Envoy takes as much again.

What could be saved is in gRPC, in Envoy, or in a read that stays open between calls. That would
keep SQLite's log from being emptied, so we leave it.
"""
FIRING_REST = """
SQLite's row is of a later run, on the same machine while others kept it busy (load average 13): its
rates and lags say little, its CPU counts. Empty cells are of runs before these times were measured.

Where a delivery's time on SQLite goes, by a profile: a third is aiohttp and the kernel, as in the
bare client; a quarter is the store, half of it for the claim and half for the ending; the rest is
the task and its time limit, the headers of a call, the limits of targets, the log, and the event
loop. Claims and endings are written in groups, so each costs little while much is due. At a steady
1,000 a second the groups are small, and a delivery costs more of a processor that has time for it.
"""


if __name__ == "__main__":
    main()
