"""RFC 6455 by the cases of Autobahn|Testsuite, against t/helpers/ws_echo.

They are Autobahn's own (25.10.1), put into Python 3 and run by kosoku, which t/run installs.
Left out are sections 12 and 13: compression, which we do not offer."""

import json
import subprocess
import threading

import pytest
from burung.echo import running
from burung.server import TOP

PYTHON = TOP / "build/test/autobahn/bin/python"

# How many cases each group has.
GROUPS = {
    **{"1.1": 8, "1.2": 8, "2": 11, "3": 7, "4.1": 5, "4.2": 5, "5": 20, "6.1": 3, "6.2": 4},
    **{"6.3": 2, "6.4": 4, "6.5": 5, "6.6": 11, "6.7": 4, "6.8": 2, "6.9": 4, "6.10": 3},
    **{"6.11": 5, "6.12": 8, "6.13": 5, "6.14": 10, "6.15": 1, "6.16": 3, "6.17": 5, "6.18": 5},
    **{"6.19": 5, "6.20": 7, "6.21": 8, "6.22": 34, "6.23": 7, "7.1": 6, "7.3": 6, "7.5": 1},
    **{"7.7": 13, "7.9": 9, "7.13": 2, "9.1": 6, "9.2": 6, "9.3": 9, "9.4": 9, "9.5": 6},
    **{"9.6": 6, "9.7": 6, "9.8": 6, "10.1": 1},
}
CASES = [f"{group}.{i + 1}" for group, count in GROUPS.items() for i in range(count)]
TRIES = 5


class Suite:
    """The suite's process, which runs a case when it is named to it."""

    def __init__(self, port: int) -> None:
        self.process = subprocess.Popen(
            [PYTHON, TOP / "t/lib/autobahn.py", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.all = json.loads(self.process.stdout.readline())

    def run(self, case: str) -> dict:
        self.process.stdin.write(case + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        """When it is told no more cases it ends by itself."""
        late = threading.Timer(20, self.process.kill)
        late.start()
        self.process.communicate()
        late.cancel()
        assert self.process.returncode == 0


@pytest.fixture(scope="module")
def suite():
    if not PYTHON.exists():
        pytest.skip("the cases of Autobahn are not installed (kosoku, from PyPI)")
    with running() as port:
        one = Suite(port)
        try:
            yield one
            one.end()
        finally:
            one.process.kill()


def test_no_case_is_left_out(suite):
    left_out = ("12.", "13.")
    assert sorted(CASES) == sorted(case for case in suite.all if not case.startswith(left_out))


@pytest.mark.parametrize("case", CASES if PYTHON.exists() else ["all"])
def test_case(suite, case):
    """Passed is what Autobahn counts so. Our server sends each connection a ping once in 25 s,
    which is none of the events that a case expects: then it is tried again."""
    for _ in range(TRIES):
        verdict = suite.run(case)
        if not verdict.get("pings"):
            break
    assert verdict.get("case") == case, verdict
    assert verdict["pings"] == 0, verdict
    assert verdict["behavior"] in ("OK", "NON-STRICT", "INFORMATIONAL"), verdict
    assert verdict["close"] in ("OK", "INFORMATIONAL"), verdict
