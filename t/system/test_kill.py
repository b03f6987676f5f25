"""Nothing acked is lost, nothing told twice and nothing left out, whatever is killed.

t/kill runs the same for hours."""

import os
import subprocess
import sys

from burung.checker import quantile
from burung.kill import FAILPOINTS, Plan, run
from burung.load import Load
from burung.server import TOP

SECONDS = float(os.environ.get("KILL_SECONDS", "30"))


async def one(make_server, fault: str, **more):
    server = make_server(workers=4, log_level="warn")
    with Load() as load:
        this, report = await run(server, Plan(fault=fault, seconds=SECONDS, **more))
    assert report.ok, report.text()
    assert not this.not_consumed, f"armed, but nobody passed: {this.not_consumed}"
    sent = report.counts["messages sent"]
    assert sent > 20 * SECONDS, "too little was said to prove much"
    assert report.counts["messages acked"] > sent / 2, "most was not acked"
    assert report.outages, "nothing was done to the server"
    changes = report.counts["changes done"], report.counts["changes refused"]
    assert sum(changes) > SECONDS, "too little was changed to prove much"
    assert changes[0] > changes[1], "most changes were refused"
    return this, report, load.stretch


def recovered_in_seconds(report, stretch):
    """For those whose worker died: it is a matter of reconnecting, not of any time-out."""
    times = [seconds for outage in report.outages for seconds in outage.to_ack]
    assert times, "nobody lost a connection"
    assert quantile(times, 0.5) < 3 * stretch, report.text()
    assert max(times) < 20 * stretch, report.text()


async def test_workers_killed_at_any_moment_lose_nothing(make_server):
    this, report, stretch = await one(make_server, "kill", points=len(FAILPOINTS))
    assert {f"{point}.kill" for point in FAILPOINTS} <= set(this.armed)
    assert any(outage.to_delivery for outage in report.outages)
    recovered_in_seconds(report, stretch)


async def test_stopped_workers_lose_nothing(make_server):
    this, *_ = await one(make_server, "stop", patience=2, points=1)
    assert this.armed, "nobody was stopped at a failpoint"


async def test_killed_master_takes_its_workers_and_loses_nothing(make_server):
    _, report, stretch = await one(make_server, "master", period=5)
    recovered_in_seconds(report, stretch)


async def test_reloads_in_a_row_lose_nothing(make_server):
    _, report, stretch = await one(make_server, "reload", period=3)
    recovered_in_seconds(report, stretch)


def test_command_for_long_runs_runs():
    options = ("--seconds", "5", "--clients", "6", "--fault", "kill")
    command = [sys.executable, TOP / "t/kill", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 rounds, nothing broken" in done.stdout
