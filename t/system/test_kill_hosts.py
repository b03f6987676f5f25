"""Three hosts, an nginx, a Redis and a MongoDB, each a machine of its own (network namespaces):
what is acked is kept, told once and in one order, whatever of it dies. t/kill-hosts does more."""

import json
import subprocess
import sys

import pytest
from burung.server import TOP

SKIPPED = 77
GOES_S = BACK_S = 5
FAULTS = (
    "worker killed at a commit",
    "host killed",
    "two hosts killed",
    "redis killed",
    "redis dropped its subscribers",
    "redis cut off from a host",
    "store killed",
    "store away",
    "nginx reloaded",
)


def kill_hosts(tmp_path, *options) -> object:
    """The figures it wrote."""
    path = tmp_path / "figures.json"
    command = [sys.executable, TOP / "t/kill-hosts", "--json", path, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode == SKIPPED:
        pytest.skip(done.stdout.strip().removeprefix("SKIPPED: "))
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    return json.loads(path.read_text())


def test_whatever_dies_nothing_acked_is_lost_and_all_goes_on(tmp_path):
    chosen = [word for fault in FAULTS for word in ("--fault", fault)]
    figures = kill_hosts(tmp_path, "--times", "1", "--away", "8", *chosen)
    assert not figures["broken"]
    assert not figures["not reached"]
    assert {row["fault"] for row in figures["faults"]} == {"nothing", *FAULTS}
    assert figures["counts"]["messages acked"] > 500, "too little was said to prove much"
    rows = {row["fault"]: row for row in figures["faults"]}
    for row in rows.values():
        assert row["goes on"] <= GOES_S * row["stretch"], row
        assert (row["back max"] or 0) <= BACK_S * row["stretch"], row
    assert rows["store away"]["busy"] > 0, "nobody was told that the store is away"
    assert rows["two hosts killed"]["connections lost"] > 0


def test_crowd_that_loses_its_host_is_back_and_has_missed_nothing(tmp_path):
    for row in kill_hosts(tmp_path, "--devices", "300"):
        assert row["devices that lost their host"] >= 80
        assert row["all back"]
        assert row["back max s"] <= BACK_S * row["stretch"]
        assert row["all heard everything"]
        assert row["holes or repeats"] == 0
        assert row["messages told"] > 0
        assert sum(row["failed attempts"].values()) < row["devices"], "a storm of errors"
