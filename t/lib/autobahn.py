"""Runs cases of Autobahn|Testsuite against a WebSocket server; for the Python that has kosoku,
which carries those cases and a runner for them.

autobahn.py PORT: a case's number per line of standard input, its verdict per line of output, as
JSON. First, in one line, the numbers of all cases there are."""

import asyncio
import json
import sys

import kosoku
from kosoku.cases import CASES

LONGEST_S = 60


async def verdict(url: str, case: str) -> dict:
    try:
        results = await asyncio.wait_for(kosoku.run_fuzzingclient(url, [case]), LONGEST_S)
    except kosoku.FailureError as failure:
        results = failure.results
    except TimeoutError:
        return {"behavior": f"no end within {LONGEST_S} s"}
    (one,) = results
    return {
        "case": one.case_id,
        "behavior": one.behavior.value,
        "close": one.behavior_close.value,
        "why": f"{one.result} {one.result_close}",
        "expectation": one.expectation,
        "pings": one.rx_frame_stats.get(9, 0),
    }


def main() -> None:
    print(json.dumps(list(CASES)), flush=True)
    for line in sys.stdin:
        one = asyncio.run(verdict(f"ws://127.0.0.1:{sys.argv[1]}/", line.strip()))
        print(json.dumps(one), flush=True)


main()
