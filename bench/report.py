"""Medians, the table, and the plot."""

import platform
import statistics
from pathlib import Path

BAR, ROW, LEFT, WIDTH = 14, 20, 250, 760
COLOURS = {"burung": "#0b7a75", "raw": "#9aa5b1", "batch": "#9aa5b1"}


def summary(values: list[float]) -> dict:
    return {
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "rounds": values,
    }


def number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def rounded(values):
    """The same with all numbers to four digits."""
    if isinstance(values, dict):
        return {key: rounded(value) for key, value in values.items()}
    if isinstance(values, list):
        return [rounded(value) for value in values]
    return float(f"{values:.4g}") if isinstance(values, float) else values


def wanted(figure: tuple[str, float | None, bool]) -> str:
    """What is good, and what we want."""
    _, target, more = figure
    aim = "" if target is None else f"; {'at least' if more else 'at most'} {number(target)} wanted"
    return f"{'more' if more else 'less'} is better{aim}"


def verdict(figure: tuple[str, float | None, bool], value: float) -> str:
    _, target, more = figure
    if target is None:
        return ""
    reached = value >= target if more else value <= target
    return f"{'reached' if reached else 'NOT reached'} ({'≥' if more else '≤'} {number(target)})"


def table(scenario, results: dict, missing: dict[str, str]) -> str:
    lines = [f"\n{scenario.name}: {scenario.title}"]
    for peer in scenario.peers:
        if peer in missing:
            lines.append(f"  {peer:<12}{missing[peer]}")
        for name, figure in scenario.figures.items():
            if name not in results.get(peer, {}):
                continue
            s = results[peer][name]
            spread = f"{number(s['min'])} to {number(s['max'])}"
            said = verdict(figure, s["median"]) if peer == "burung" else ""
            lines.append(
                f"  {peer:<12}{name:<17}{number(s['median']):>11} {figure[0]:<28}{spread:<24}{said}"
            )
    return "\n".join(lines)


def machine() -> dict:
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {"cpu": model, "kernel": platform.release(), "load": Path("/proc/loadavg").read_text()}


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def bars(
    title: str, remark: str, rows: list[tuple[str, str, dict]], y: int
) -> tuple[list[str], int]:
    """One group of bars with their spread; the next free y."""
    out = [f'<text x="10" y="{y}" class="head">{escape(title)}</text>']
    y += ROW - 4
    out += [f'<text x="10" y="{y}" class="remark">{escape(remark)}</text>']
    y -= ROW / 2
    top = max(s["max"] for _, _, s in rows) or 1
    room = WIDTH - LEFT - 130
    for peer, label, s in rows:
        y += ROW
        width, low, high = (max(1, room * s[k] / top) for k in ("median", "min", "max"))
        out += [
            f'<text x="{LEFT - 8}" y="{y + 11}" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" '
            f'fill="{COLOURS.get(peer, "#c98b2b")}"/>',
            f'<path d="M{LEFT + low:.1f} {y + BAR / 2}H{LEFT + high:.1f}" class="spread"/>',
            f'<text x="{LEFT + high + 8:.1f}" y="{y + 11}">{number(s["median"])}</text>',
        ]
    return out, y + 2 * ROW + 8


def plot(path: Path, groups: list[tuple[str, str, list[tuple[str, str, dict]]]]) -> None:
    """groups: (title, remark, [(peer, label, summary)])."""
    body: list[str] = []
    y = 24
    for title, remark, rows in groups:
        more, y = bars(title, remark, rows, y)
        body += more
    style = (
        "text{font:12px sans-serif;fill:#1f2933}.head{font-weight:bold}.remark{fill:#616e7c}"
        ".spread{stroke:#1f2933;stroke-width:2}"
    )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
        f'viewBox="0 0 {WIDTH} {y}">\n<style>{style}</style>\n'
        f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )
