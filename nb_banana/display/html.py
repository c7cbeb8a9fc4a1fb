"""Tables as HTML that any front end shows; a cell is HTML, or words that are made so."""

from collections.abc import Iterable, Sequence

from nb_banana._text import as_html

LEFT = ' style="text-align:left"'  # JupyterLab's own tables are to the right


class Words(str):
    """Text for a cell, which stands to the left."""

    __slots__ = ()


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    """A table of cells, with names above the columns where there are any."""
    names = "".join(f"<th{LEFT}>{name}</th>" for name in head)
    top = f"<thead><tr>{names}</tr></thead>" if head else ""
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table>{top}<tbody>{body}</tbody></table>"


def _cell(value: str) -> str:
    return f"<td{LEFT}>{as_html(value)}</td>" if isinstance(value, Words) else f"<td>{value}</td>"
