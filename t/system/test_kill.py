"""Nothing acked is lost, nothing told twice and nothing left out, whatever is killed.

t/kill runs the same for hours."""

import os

from burung.kill import FAILPOINTS, Plan, run

SECONDS = float(os.environ.get("KILL_SECONDS", "30"))


async def one(make_server, fault: str, **more):
    server = make_server(workers=4, log_level="warn")
    this, report = await run(server, Plan(fault=fault, seconds=SECONDS, **more))
    assert report.ok, report.text()
    assert not this.not_consumed, f"armed, but nobody passed: {this.not_consumed}"
    assert report.counts["messages acked"] > 20 * SECONDS, "too little was said to prove much"
    assert report.outages, "nothing was done to the server"
    return this, report


async def test_workers_killed_at_any_moment_lose_nothing(make_server):
    this, report = await one(make_server, "kill")
    assert {f"{point}.kill" for point in FAILPOINTS} <= set(this.armed)
    assert any(outage.to_ack for outage in report.outages)
    assert any(outage.to_delivery for outage in report.outages)


async def test_stopped_workers_lose_nothing(make_server):
    this, _ = await one(make_server, "stop", patience=2)
    assert this.armed, "nobody was stopped at a failpoint"


async def test_killed_master_takes_its_workers_and_loses_nothing(make_server):
    _, report = await one(make_server, "master", period=5)
    assert any(outage.to_ack for outage in report.outages)


async def test_reloads_in_a_row_lose_nothing(make_server):
    _, report = await one(make_server, "reload", period=3)
    assert any(outage.to_ack for outage in report.outages)
