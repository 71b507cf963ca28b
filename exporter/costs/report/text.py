"""A report as Markdown, and as a self-contained HTML page."""

from collections.abc import Iterator
from html import escape

from exporter.costs.report.blocks import Block, Heading, Paragraph, TableBlock, blocks_of
from exporter.costs.report.report import Report

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #8884; }}
.figure {{ text-align: right; }}
</style></head>
<body>
{content}
</body></html>
"""


def as_markdown(report: Report) -> str:
    """Return a report as Markdown."""
    return "\n\n".join(map(_markdown, blocks_of(report))) + "\n"


def as_html(report: Report) -> str:
    """Return a report as HTML."""
    blocks = list(blocks_of(report))
    title = next(block.text for block in blocks if isinstance(block, Heading))
    return _PAGE.format(title=escape(title), content="\n".join(map(_html, blocks)))


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {_plain(text)}"
        case Paragraph(text):
            return _plain(text)
        case TableBlock(columns, rows, words):
            rule = ["---" if number < words else "---:" for number in range(len(columns))]
            return "\n".join(f"| {' | '.join(map(_plain, cells))} |" for cells in (columns, rule, *rows))


def _plain(text: str) -> str:
    """Escape names, so that they are not taken for Markdown."""
    for sign in "\\`*_|<":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case TableBlock(columns, rows, words):
            head = "".join(_cells("th", columns, words))
            body = "\n".join(f"<tr>{''.join(_cells('td', row, words))}</tr>" for row in rows)
            return f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"


def _cells(tag: str, cells: tuple[str, ...], words: int) -> Iterator[str]:
    for number, cell in enumerate(cells):
        kind = "" if number < words else ' class="figure"'
        yield f"<{tag}{kind}>{escape(cell)}</{tag}>"
