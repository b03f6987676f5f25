"""bench/run measures, and writes and draws what it measured: on a small scale, of which the figures
themselves say nothing."""

import json
import subprocess
import sys
import xml.etree.ElementTree as xml

import pytest
from burung.server import TOP
from burung.starve import RELEASE

sys.path.insert(0, str(TOP / "bench"))

BUILD = TOP / "build/release"
SCENARIOS = ("A", "C", "E", "F", "start")
# On a machine that is busy no rate may be good enough, few clients use little CPU, and fit into
# memory that is free already.
MAYBE_NONE = ("deliveries", "p99", "own", "others", "cpu", "closed loop cpu", "private")

pytestmark = pytest.mark.skipif(
    RELEASE != BUILD / "burungd" or not RELEASE.exists(), reason="no release build (build/release)"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What it wrote."""
    folder = tmp_path_factory.mktemp("bench")
    done = subprocess.run(
        [sys.executable, TOP / "bench/run", *SCENARIOS, "--peers", "burung,raw", "--rounds", "1",
         "--seconds", "0.3", "--scale", "0.02", "--data", folder / "data",
         "--json", folder / "all.json", "--plot", "--doc", folder],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_figure_of_every_scenario_is_measured(folder):
    from scenarios import SCENARIOS as KNOWN

    report = json.loads((folder / "all.json").read_text())
    assert report["missing"] == {}
    assert report["results"].keys() == set(SCENARIOS)
    for scenario in KNOWN:
        for peer in {"burung", "raw"} & set(scenario.peers):
            figures = report["results"].get(scenario.name, {}).get(peer)
            if figures is None:
                assert scenario.name not in SCENARIOS, (scenario.name, peer)
                continue
            # those of services are told where there are services
            assert figures.keys() == {f for f in scenario.figures if not f.startswith("cpu of")}
            for name, figure in figures.items():
                assert figure["min"] <= figure["median"] <= figure["max"]
                assert figure["median"] > 0 or name in MAYBE_NONE, (scenario.name, peer, name)


def test_what_is_written_for_the_documents_has_all_of_it(folder):
    report = json.loads((folder / "bench.json").read_text())
    assert {"when", "machine", "rounds", "seconds", "scale", "results"} <= report.keys()
    assert {"cpu", "kernel", "load", "fsync_ms"} <= report["machine"].keys()
    assert report["results"]["A"]["burung"]["deliveries"].keys() == {
        "median", "min", "max", "rounds",
    }  # fmt: skip
    from report import number

    texts = [each.text for each in xml.parse(folder / "bench.svg").iter() if each.text]
    heads = [text for text in texts if text.split(":")[0] in SCENARIOS]
    assert [head.split(":")[0] for head in heads] == ["A", "C", "E", "F", "start"]
    deliveries = report["results"]["A"]["burung"]["deliveries"]["median"]
    assert number(deliveries) in texts
