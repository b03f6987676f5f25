"""Counts what a test run left behind, for t/run.

tally.py junit FILE, or tally.py trs FOLDER NAME…: first `passed failed skipped`, then a line
per failure and skip: `F name: why` or `S name: why`."""

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def first_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return lines[0][:200] if lines else "no reason given"


def junit(path: Path) -> list[tuple[str, str, str]]:
    """(P, F or S; name; why) of each test case."""
    cases = []
    for case in ET.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname', '')} {case.get('name', '')}".strip()
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        if bad is not None:
            cases.append(("F", name, first_line(bad.get("message") or bad.text)))
        elif skipped is not None:
            cases.append(("S", name, first_line(skipped.get("message") or skipped.text)))
        else:
            cases.append(("P", name, ""))
    return cases


KINDS = {"PASS": "P", "XFAIL": "P", "SKIP": "S", "FAIL": "F", "XPASS": "F", "ERROR": "F"}


def trs(folder: Path, name: str) -> list[tuple[str, str, str]]:
    """The cases of one program run by automake's TAP driver."""
    path = folder / f"{name}.trs"
    if not path.exists():
        return [("F", name, "did not build or did not run")]
    found = re.findall(r"^:test-result: (\w+) ?(.*)$", path.read_text(), re.M)
    cases = [(KINDS[kind], f"{name} {what}", kind.lower()) for kind, what in found]
    return cases or [("F", name, "ran no checks")]


def main() -> int:
    if sys.argv[1] == "junit":
        path = Path(sys.argv[2])
        cases = junit(path) if path.exists() else [("F", path.stem, "left no report")]
        cases = cases or [("F", path.stem, "ran no tests")]
    else:
        cases = [case for name in sys.argv[3:] for case in trs(Path(sys.argv[2]), name)]
    print(*(sum(kind == k for kind, _, _ in cases) for k in "PFS"))
    for kind, name, why in cases:
        if kind != "P":
            print(f"{kind} {name}: {why}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
