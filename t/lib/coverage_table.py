"""gcovr's summary as a table: lines by folder of src/, the files with the least, and all."""

import json
import sys
from collections import defaultdict

TARGET = 85  # per cent of the lines of src/


def main() -> int:
    with open(sys.argv[1]) as file:
        summary = json.load(file)
    folders: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for each in summary["files"]:
        folder = each["filename"].rpartition("/")[0]
        folders[folder][0] += each["line_covered"]
        folders[folder][1] += each["line_total"]
    for folder, (covered, total) in sorted(folders.items()):
        print(f"{folder:24} {covered:6} of {total:6} lines {100 * covered / total:6.1f} %")
    print("\nmost lines never run:")
    missed = sorted(summary["files"], key=lambda f: f["line_covered"] - f["line_total"])
    for each in missed[:15]:
        left = each["line_total"] - each["line_covered"]
        print(f"{each['filename']:40} {left:4} of {each['line_total']:4} lines")
    percent = 100 * summary["line_covered"] / summary["line_total"]
    print(f"\nlines: {percent:.1f} % of src/")
    return 0 if percent >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
