"""The report as text in Markdown, with tables: the facts of the page, where no page can be shown."""

from __future__ import annotations

from handlers.core.fleet import FleetReport
from handlers.pages.notices import Notice, counts, headline, notices, of_the_source_region
from handlers.pages.tables import Table, figures_table, regions_table
from handlers.pages.terms import TERMS
from handlers.pages.troubles import troubles_table
from handlers.pages.words import TONES, counted, full_moment, plain

# As entities, so that no table, code, HTML, link or mention can begin in what somebody else has written.
_ESCAPED = str.maketrans(
    {
        **{each: f"&#{ord(each)};" for each in "|`@"},
        **{each: f"\\{each}" for each in "\\*_[]~#!"},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
    }
)


def markdown_page(report: FleetReport) -> str:
    """The whole text. The same report always gives the same text."""
    said = headline(report)
    looked_at = counted(len(report.compartments), "compartment")
    parts = [
        *map(_notice, of_the_source_region(report)),
        f"# {TONES[said.tone]} {_text(said.title)}",
        _text(said.text),
        f"Recovery points of {_text(report.source_region)}, in {looked_at}, at {full_moment(report.generated_at)}.",
        "\n".join(f"- {sign} {number:,} {_text(what)}" for sign, _, number, what in counts(report)),
        *map(_notice, notices(report)),
        *map(_table, (regions_table(report), troubles_table(report), figures_table(report))),
        "## What the words mean",
        "\n".join(f"- **{_text(term)}**: {_text(meaning)}" for term, meaning in TERMS.items()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _text(text: str) -> str:
    """Any text, as it may stand in a line or a cell."""
    return plain(text).translate(_ESCAPED).replace("://", "&#58;//").replace("www.", "www&#46;")


def _notice(notice: Notice) -> str:
    lines = [f"**{TONES[notice.tone]} {_text(notice.title)}**", *([_text(notice.text)] if notice.text else [])]
    return "\n".join(f"> {line}" for line in (*lines, *(f"- {_text(each)}" for each in notice.items)))


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    rule = ["---:" if each in table.numbers else "---" for each in table.columns]
    rows = [[_text(cell) for cell in row.cells] for row in table.rows]
    lines = [f"| {' | '.join(cells)} |" for cells in (list(map(_text, table.columns)), rule, *rows)]
    title = f"## {_text(table.title)}"
    return "\n\n".join(part for part in (title, _text(table.text), "\n".join(lines)) if part)
