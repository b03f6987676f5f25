"""Prometheus' text format 0.0.4, read strictly: what `promtool check metrics` would refuse, this
refuses too."""

import re
from dataclasses import dataclass, field

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
TYPES = {"counter", "gauge", "histogram"}

Labels = frozenset[tuple[str, str]]


@dataclass
class Family:
    name: str
    kind: str
    help: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def values(self, **labels: str) -> list[float]:
        want = set(labels.items())
        return [value for (_, have), value in self.samples.items() if want <= have]

    def sum(self, **labels: str) -> float:
        return sum(self.values(**labels))


def labels_of(text: str) -> Labels:
    found = LABEL.findall(text)
    assert "".join(f'{k}="{v}",' for k, v in found) == text.rstrip(",") + ("," if text else ""), (
        text
    )
    assert len(dict(found)) == len(found), f"a label twice: {text}"
    return frozenset(found)


def parse(text: str) -> dict[str, Family]:
    """Families by name; an AssertionError says what is wrong with the text."""
    families: dict[str, Family] = {}
    family = None
    told_help = None
    assert text.endswith("\n"), "the last line must end"
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, _, words = line[7:].partition(" ")
            assert NAME.fullmatch(name), line
            assert name not in families, f"{name} is told in two places"
            assert words.endswith("."), f"no sentence: {line}"
            told_help = (name, words)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert told_help and told_help[0] == name, f"no help before: {line}"
            assert kind in TYPES, line
            family = families[name] = Family(name, kind, told_help[1])
        else:
            add_sample(family, line)
    for one in families.values():
        check_family(one)
    return families


def add_sample(family: Family | None, line: str) -> None:
    match = SAMPLE.fullmatch(line)
    assert match, f"no sample: {line!r}"
    name, labels, value = match[1], labels_of(match[2] or ""), float(match[3])
    assert family is not None, f"a sample without a type: {line}"
    if family.kind == "histogram":
        assert name in {f"{family.name}_{end}" for end in ("bucket", "sum", "count")}, line
    else:
        assert name == family.name, f"{line} stands under {family.name}"
    assert (name, labels) not in family.samples, f"twice: {line}"
    family.samples[(name, labels)] = value


def check_family(family: Family) -> None:
    assert family.samples, f"{family.name} has no sample"
    if family.kind == "counter":
        assert family.name.endswith("_total"), f"{family.name}: a counter's name ends in _total"
        assert all(value >= 0 for value in family.samples.values())
    if family.kind == "histogram":
        check_histogram(family)


def check_histogram(family: Family) -> None:
    series: dict[Labels, list[tuple[float, float]]] = {}
    for (name, labels), value in family.samples.items():
        if name.endswith("_bucket"):
            bound = float(dict(labels)["le"])
            rest = frozenset(label for label in labels if label[0] != "le")
            series.setdefault(rest, []).append((bound, value))
    assert series, f"{family.name} has no buckets"
    for labels, buckets in series.items():
        assert buckets == sorted(buckets), f"{family.name}: bounds do not rise"
        counts = [count for _, count in buckets]
        assert counts == sorted(counts), f"{family.name}: buckets are not cumulative"
        assert buckets[-1][0] == float("inf"), f"{family.name}: no +Inf"
        assert family.samples[(f"{family.name}_count", labels)] == counts[-1]
        assert family.samples[(f"{family.name}_sum", labels)] >= 0
