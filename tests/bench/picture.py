"""A picture of where the time of a cold start goes: bars, one below the other, as SVG.

Its colours are legible on white and on black: it has no background of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape

from tests.bench.subject import Subject

TITLE = "What a cold start imports for its first copy, in milliseconds"
SMALLEST = 0.05
WIDTH, MARGIN, NAMES, FIGURES = 840, 16, 150, 76
TOP, BAR, GAP = 84, 13, 12
TEXT, COLOURS = "#7a828e", ("#9aa2ad", "#d9730d", "#2f81f7", "#3fa45b")
FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"


def draw(times: Mapping[Subject, Mapping[str, float]]) -> str:
    """By subject and by package, in milliseconds; what takes none is left out."""
    subjects = list(times)
    packages = {name: [times[subject][name] for subject in subjects] for name in times[subjects[0]]}
    shown = {name: each for name, each in packages.items() if max(each) >= SMALLEST}
    rows = sorted(shown.items(), key=lambda row: -max(row[1]))
    height = TOP + len(rows) * (len(subjects) * BAR + GAP) + MARGIN
    scale = (WIDTH - 2 * MARGIN - NAMES - FIGURES) / max(max(each) for _, each in rows)
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    style = f'font-family="{FONT}" font-size="13" fill="{TEXT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {style}>',
        f"<title>{TITLE}</title>",
        f'<text x="{MARGIN}" y="26" font-size="16" font-weight="600">{TITLE}</text>',
        *_legend({subject: sum(times[subject].values()) for subject in subjects}),
    ]
    for number, (name, each) in enumerate(rows):
        parts += _row(name, each, TOP + number * (len(subjects) * BAR + GAP), scale)
    return "\n".join([*parts, "</svg>", ""])


def _legend(sums: Mapping[Subject, float]) -> Iterator[str]:
    for number, (subject, total) in enumerate(sums.items()):
        x = MARGIN + number * 250
        yield f'<rect x="{x}" y="45" width="{BAR}" height="{BAR}" rx="2" fill="{COLOURS[number]}"/>'
        yield f'<text x="{x + BAR + 8}" y="56">{escape(subject)}: {total:.0f} ms in all</text>'


def _row(name: str, figures: list[float], y: float, scale: float) -> Iterator[str]:
    middle = y + len(figures) * BAR / 2
    start = MARGIN + NAMES
    yield f'<text x="{start - 10}" y="{middle + 4.5}" text-anchor="end">{escape(name)}</text>'
    for number, figure in enumerate(figures):
        if figure < SMALLEST:
            continue
        top, width = y + number * BAR, figure * scale
        yield f'<rect x="{start}" y="{top + 1}" width="{width:.1f}" height="{BAR - 2}" fill="{COLOURS[number]}"/>'
        yield f'<text x="{start + width + 6:.1f}" y="{top + BAR - 2.5}" font-size="11">{figure:.1f}</text>'
