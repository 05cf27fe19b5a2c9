"""The tables of the page in HTML, and any text that others have written."""

from __future__ import annotations

from collections import defaultdict
from html import escape

from handlers.pages.tables import Row, Table
from handlers.pages.words import plain

WIDTHS = {
    "Recovery point": 5.2,
    "Age": 4.9,
    "Behind": 4.5,
    "Next due": 7.2,
    "Too old before": 5.2,
    "What to do": 16,
}
"""How narrow these columns may become, in characters: a time breaks into two lines, and not into more."""


def as_text(text: str) -> str:
    """Any text, as it may stand in the page or in the quotes of an attribute."""
    return escape(plain(text))


def _id(table: Table) -> str:
    return table.title.lower().replace(" ", "-")


def table_style(table: Table) -> str:
    """The style of a table's columns, so that no cell has to carry it."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(table.columns, 1):
        if name in table.numbers:
            found["text-align:right"].append(number)
        if name in WIDTHS:
            found[f"min-width:{WIDTHS[name]:g}em"].append(number)
    return "".join(
        f"{','.join(f'#{_id(table)} tr>:nth-child({number})' for number in columns)}{{{style}}}\n"
        for style, columns in found.items()
    )


def draw_table(table: Table) -> str:
    """The section with a table; nothing where it has no rows."""
    if not table.rows:
        return ""
    head = "".join(f'<th scope="col">{as_text(each)}</th>' for each in table.columns)
    body = "".join(_table_row(each, table) for each in table.rows)
    text = f'<p class="dim">{as_text(table.text)}</p>' if table.text else ""
    return (
        f'<section id="{_id(table)}"><h2>{as_text(table.title)}</h2>{text}'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{as_text(table.title)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div></section>\n"
    )


def _table_row(row: Row, table: Table) -> str:
    first, *others = row.cells
    cells = "".join(_cell(name, text) for name, text in zip(table.columns[1:], others, strict=True))
    css_class = f' class="{row.standing}"' if row.standing else ""
    return f'<tr{css_class}><th scope="row">{as_text(first)}</th>{cells}</tr>\n'


def _cell(column: str, text: str) -> str:
    css_class = {"OCID": ' class="ocid"', "Standing": ' class="standing"'}.get(column, "")
    return f"<td{css_class}>{as_text(text)}</td>"
