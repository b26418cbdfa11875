"""Draws results.json: bars for each row, and the memory of a worker over time.

python plots.py OUT
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from table import number

mpl.use("Agg")
OURS, OTHERS, LIMIT, INK = "#2563eb", "#b8c0cc", "#e5e7eb", "#1f2937"
LEFT_OUT = ("lazy-wait", "start-plan", "command-help", "command-import", "memory")
WIDTH, BAR, HEAD, FOOT = 11.0, 0.26, 0.75, 0.15  # inches
STYLE = {
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.bottom": False,
}


def bars(results: dict[str, Any], path: Path) -> None:
    """A panel for each row, two side by side."""
    rows = [row for row in results["rows"] if row["name"] not in LEFT_OUT]
    if not rows:
        return
    columns = _columns(rows)
    heights = [sum(_height(row) for row in column) for column in columns]
    whole = max(heights) + FOOT
    figure = plt.figure(figsize=(WIDTH, whole))
    for place, column in enumerate(columns):
        top = 1.0
        for row in column:
            share = _height(row) / whole
            head = HEAD / whole
            left, width = 0.5 * place + 0.235, 0.245 if len(columns) > 1 else 0.7
            _panel(figure.add_axes((left, top - share, width, share - head * 0.8)), row, title_at=-0.228 / width)
            top -= share
    figure.savefig(path, dpi=150, facecolor="white")


def memory(results: dict[str, Any], path: Path) -> None:
    """A line for each candidate."""
    entries = [
        entry for row in results["rows"] if row["name"] == "memory" for entry in row["entries"] if "curve" in entry
    ]
    if not entries:
        return
    figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
    shades = {True: [OURS, "#60a5fa"], False: ["#6b7280", OTHERS]}
    for entry in entries:
        seconds, held = zip(*entry["curve"], strict=True)
        label = ", ".join(filter(None, (entry["name"], entry["note"])))
        axes.plot(seconds, held, color=shades[entry["ours"]].pop(0), label=label, linewidth=2)
    axes.set(xlabel="seconds of an epoch", ylabel="MB of a worker", ylim=(0, None), xlim=(0, None))
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    figure.savefig(path, dpi=150, facecolor="white")


def _columns(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    if len(rows) == 1:
        return [rows]
    half = sum(map(_height, rows)) / 2
    cut = min(range(1, len(rows)), key=lambda at: abs(sum(map(_height, rows[:at])) - half))
    return [rows[:cut], rows[cut:]]


def _height(row: dict[str, Any]) -> float:
    return len(row["entries"]) * BAR + HEAD


def _panel(axes: Any, row: dict[str, Any], title_at: float) -> None:
    entries = row["entries"][::-1]
    values = [entry.get("rate", 0) for entry in entries]
    axes.barh(range(len(entries)), values, height=0.72, color=[_color(entry) for entry in entries])
    for place, entry in enumerate(entries):
        axes.text(max(values) * 0.012 + values[place], place, _label(entry), va="center", fontsize=8.5)
    axes.set_yticks(range(len(entries)), [entry["name"] for entry in entries], fontsize=8.5)
    for tick, entry in zip(axes.get_yticklabels(), entries, strict=True):
        tick.set_fontweight("bold" if entry["ours"] else "normal")
    axes.set_xlim(0, max(values) * 1.36 or 1)
    axes.set_ylim(-0.5, len(entries) - 0.5)
    axes.set_xticks([])
    axes.tick_params(length=0)
    better = ", s, less is better" if row["unit"] == "s" else f", {row['unit']}"
    axes.set_title(
        row["title"] + better,
        loc="left",
        fontsize=10,
        fontweight="bold",
        x=title_at,
    )


def _label(entry: dict[str, Any]) -> str:
    if "rate" not in entry:
        return entry["why_not"].partition(":")[0]
    ratio = entry.get("ratio")
    return number(entry["rate"]) + (f"  ({number(ratio)}x)" if ratio and ratio != 1 else "")


def _color(entry: dict[str, Any]) -> str:
    if entry["ours"]:
        return OURS
    return LIMIT if "a limit" in entry["note"] or "a mere list" in entry["note"] else OTHERS


if __name__ == "__main__":
    mpl.rcParams |= STYLE
    out = Path(sys.argv[1])
    measured = json.loads((out / "results.json").read_text())
    bars(measured, out / "bench.png")
    memory(measured, out / "memory.png")
