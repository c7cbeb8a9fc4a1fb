"""The one look of what is shown as HTML: a small stylesheet, and cards, tiles, tables, notes.

An output lives alone: in JupyterLab, in a page of nbconvert, in a frame of Colab. So each brings
the stylesheet, and reads in good order, with all its words, where a front end takes that away.
"""

from collections.abc import Iterable, Sequence
from itertools import starmap, zip_longest

from nb_banana._text import as_html

NO_MATHS = "mathjax_ignore tex2jax_ignore"
"""MathJax, of whatever version, would take what is between two amounts for mathematics."""
LEFT = ' style="text-align:left"'  # JupyterLab's own tables are to the right

THEME = """
.nbb,.nbb-out{
--text:var(--jp-ui-font-color1,var(--vscode-foreground,var(--colab-primary-text-color,currentColor)));
--ground:var(--jp-layout-color0,var(--vscode-editor-background,var(--colab-primary-surface-color,
var(--background,Canvas))));
--accent:var(--jp-brand-color1,var(--vscode-focusBorder,light-dark(#1967d2,#8ab4f8)));
--bad:light-dark(#b3261e,#f2a19b);
--good:light-dark(#1b6e33,#86d19a);
--dim:color-mix(in srgb,var(--text) 72%,transparent);
--edge:color-mix(in srgb,var(--text) 18%,transparent);
--raised:color-mix(in srgb,var(--text) 5%,transparent);
--tint:color-mix(in srgb,var(--accent) 12%,transparent)}
:is(body[data-jp-theme-light="false"],.vscode-dark,.vscode-high-contrast,html[theme="dark"],.dark)
:is(.nbb,.nbb-out){color-scheme:dark}
"""
"""The colours of the front end's theme, for the panel (``.nbb``) and for outputs (``.nbb-out``);
where it has none the page's own text colour, and what is mixed from it."""

STYLES = {
    "": """
.nbb-out{container-type:inline-size;contain-intrinsic-inline-size:60em;color:var(--text);
line-height:1.4}
.nbb-out *{box-sizing:border-box}
.nbb-out p{margin:0 0 .5em}
.nbb-out small,.nbb-out figcaption{color:var(--dim);font-size:.92em}
.nbb-out figcaption{padding-top:.4em;overflow-wrap:anywhere}
.nbb-out .nbb-good{color:var(--good)}
.nbb-out .nbb-hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
""",
    "<table": """
.nbb-out table{border-collapse:collapse;border:0;margin:0;font-size:inherit}
.nbb-out tr{background:none!important}
.nbb-out.nbb-out :is(tr,th,td){text-align:left;vertical-align:top;white-space:nowrap}
.nbb-out.nbb-out :is(th,td){padding:.4em 1em .4em 0;border:0;border-bottom:1px solid var(--edge)}
.nbb-out td small{display:block}
.nbb-out td img{max-width:none;border-radius:4px}
.nbb-out.nbb-out td code{white-space:inherit}
.nbb-out th{color:var(--dim);font-weight:600}
.nbb-out.nbb-out .nbb-words{white-space:normal;overflow-wrap:anywhere;min-width:5em}
@container(max-width:30em){.nbb-out.nbb-out tbody th{white-space:normal}}
.nbb-out.nbb-out td:has(img)+.nbb-words{min-width:12em}
""",
    "nbb-list": """
@container(max-width:60em){.nbb-out.nbb-out .nbb-list{
&,& tbody{display:block}
& thead{position:absolute;overflow:hidden;width:1px;height:1px;clip-path:inset(50%)}
& tr{display:block;white-space:normal;position:relative;padding:.6em 0;
border-bottom:1px solid var(--edge)}
& tr:has(img){padding-left:110px;min-height:112px}
& td{display:inline-block;padding:0 1em 0 0;border:0;line-height:1.6}
& small{display:inline}
& :is(tbody th,.nbb-words){display:block;padding:0;min-width:0;border:0}
& td:has(+td img){float:right;padding:0 0 0 1em}
& td:has(img){position:absolute;left:0;top:.6em}
& td[data-head]:before{content:attr(data-head)": ";color:var(--dim)}}}
""",
    "nbb-row": """
.nbb-row{display:flex;gap:.8em;align-items:center;padding:.3em 0;overflow-wrap:anywhere}
.nbb-row img{flex:none;border-radius:4px}
.nbb-row>span{min-width:0}
""",
    "<pre": """
.nbb-out.nbb-out pre{font-family:var(--jp-code-font-family,monospace);white-space:pre-wrap;
overflow-wrap:anywhere;margin:.2em 0 1em;padding:.6em .8em;border-radius:6px;
color:var(--text);background:var(--raised)}
""",
    "nbb-card": """
.nbb-cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(12.5em,1fr));gap:.6em;
margin:.4em 0 .8em}
.nbb-card{border:1px solid var(--edge);border-radius:8px;padding:.5em .8em;
background:var(--raised)}
.nbb-card>*{display:block}
.nbb-card b{font-size:1.35em;font-variant-numeric:tabular-nums}
.nbb-card progress{width:100%;height:.5em;accent-color:var(--accent)}
.nbb-full progress{accent-color:var(--bad)}
""",
    "nbb-tile": """
.nbb-tile{min-width:0}
.nbb-tile b{color:var(--text);font-weight:500}
.nbb-tile summary{display:block;cursor:zoom-in;border-radius:6px}
.nbb-out :is(.nbb-tile img,.nbb-frame){display:block;width:100%;aspect-ratio:var(--r);margin:0;
object-fit:scale-down;background:var(--raised);border-radius:6px}
.nbb-frame{outline:1px solid var(--edge);outline-offset:-1px;padding:.7em;overflow-wrap:anywhere;
font-size:.92em}
.nbb-frame b{color:var(--bad)}
.nbb-tiles+figcaption{padding-top:1em}
.nbb-tile small{display:block;width:0;min-width:100%;padding-top:.3em}
.nbb-tile:has([open]){grid-column:1/-1}
.nbb-tile [open] summary{cursor:zoom-out}
.nbb-out .nbb-tile [open] img{width:auto;min-width:min(22em,100%);aspect-ratio:auto}
.nbb-grid{max-height:max(50em,85vh);scroll-padding:3em 8em}
.nbb-grid .nbb-tile:not(:has([open])){width:var(--w)}
.nbb-grid [open] img{max-width:calc(100cqi - 2em)!important}
.nbb-out.nbb-out .nbb-grid :is(th,td){padding:.5em .8em .8em 0;border:0;white-space:normal}
.nbb-out.nbb-out .nbb-grid th{position:sticky;top:0;z-index:1;width:var(--w);
padding-bottom:.5em;background:var(--ground);color:var(--text);overflow-wrap:anywhere}
.nbb-out.nbb-out .nbb-grid th:first-child{left:0;width:var(--h);min-width:var(--h);
padding-right:.4em}
.nbb-grid thead th{box-shadow:inset 0 -1px var(--edge)}
.nbb-out.nbb-out .nbb-grid thead th:first-child{z-index:2}
.nbb-out.nbb-out .nbb-grid tbody th{top:auto}
@media print{.nbb-grid{max-height:none;--w:auto!important;--h:auto!important}}
""",
    "nbb-note": """
.nbb-note{border-left:3px solid var(--accent);background:var(--tint);padding:.4em .8em;
margin:.4em 0;overflow-wrap:anywhere}
.nbb-out .nbb-bad{--accent:var(--bad);--tint:color-mix(in srgb,var(--bad) 10%,transparent)}
""",
}
"""The rules by what of an output they are for: an output brings those that it has a use for."""

WAIT = """
.nbb-pending{margin:0;position:relative}
.jp-OutputArea-child:has(.nbb-soon):has(~.jp-OutputArea-child :is(.nb-banana,.nbb-soon)){
display:none}
.nbb-pending figcaption,.nbb-place+*+i{font-size:90%;opacity:.75}
.nbb-place+figcaption{position:absolute;inset:.6em .8em auto;max-height:calc(100% - 2.8em);
overflow:hidden;overflow-wrap:anywhere}
.nbb-place+*+i{display:block}
.nbb-place{background:color-mix(in srgb,currentColor 9%,transparent);outline:1px solid transparent}
.nbb-now[data-now]::before{content:attr(data-now)}
.nbb-now[data-now]{display:block;animation:nbb-now 0s 10s both}
.nbb-late{display:block;animation:nbb-late 0s 10s both}
@keyframes nbb-now{from{visibility:visible}to{visibility:hidden;height:0}}
@keyframes nbb-late{from{visibility:hidden;height:0;overflow:hidden}to{visibility:visible}}
@media(prefers-reduced-motion:no-preference){
.nbb-place{animation:nbb-pulse 2.4s ease-in-out 4}
@keyframes nbb-pulse{50%{opacity:.45}}}
@media print{.nbb-now[data-now]{display:none}.nbb-late{animation:none}}
"""
"""While something is on its way its output is put out anew each second. One that is not any more,
because it was saved or its kernel has died, says so after ten: no number of seconds stays in it.
A frame makes way for the picture that comes below it, or for the frame of the cell's next one."""

PULSE = 2.4  # seconds, see `WAIT`
FADE_IN = (
    "<style>@media(prefers-reduced-motion:no-preference){@keyframes nbb-in{from{opacity:0}}}"
    "</style>"
)
FADING = "animation:nbb-in .4s"


class Words(str):
    """Text for a cell, which stands to the left and may break."""

    __slots__ = ()


class Name(str):
    """What a row is of: the head of the row."""

    __slots__ = ()


def styled(*parts: str, kind: str, style: str = "") -> str:
    """An output in our look, in a class ``nb-banana-KIND``: its parts one below the other."""
    inside = "".join(parts)
    # In one line: where a page is made of Markdown, HTML ends at the first blank one.
    rules = style or "".join(rules for of, rules in STYLES.items() if of in inside)
    sheet = f"<style>{' '.join(f'{THEME}{rules}'.split())}</style>"
    names = f"nbb-out nb-banana-{kind} {NO_MATHS}"
    return f'{sheet}<div class="{names}">{inside}</div>'


def paragraph(text: str) -> str:
    """A paragraph of words; nothing where there are none."""
    return f"<p>{as_html(text)}</p>" if text else ""


def note(text: str, *, bad: bool = False) -> str:
    """A sentence that is seen: what is to be known, or what is wrong."""
    return f'<p class="nbb-note{" nbb-bad" if bad else ""}">{as_html(text)}</p>'


def waiting(
    now: str, late: str, seconds: float, size: tuple[int, int] | None = None, *, makes_way: bool
) -> str:
    """What stands where something will be: a frame of its size in pixels, and what is done now.

    What is said ``late`` is all that is read where this is not put out anew, or has no CSS.
    """
    place = line = sized = ""
    if size:
        width, height = size
        sized = f' style="width:{width}px;max-width:100%"'
        phase = f"animation-delay:-{seconds % PULSE:.1f}s"  # the pulse goes on where it was
        place = f'<div class="nbb-place" style="aspect-ratio:{width}/{height};{phase}"></div>'
        line = "<i>&nbsp;</i>"  # there the caption will be
    names = f"nb-banana-pending nbb-pending{' nbb-soon' if makes_way else ''} {NO_MATHS}"
    return (
        f'<style>{WAIT}</style><figure class="{names}"{sized}>{place}<figcaption>'
        f'<span class="nbb-now" data-now="{as_html(now)}"></span>'
        f'<span class="nbb-late">{as_html(late)}</span></figcaption>{line}</figure>'
    )


def card(label: str, value: str, below: str = "", *, share: float | None = None) -> str:
    """A figure with its name above and what is to be said of it below; a share (0 to 1) as bar."""
    bar = ""
    if share is not None:
        bar = f'<progress value="{share:.3f}" max="1" aria-label="{as_html(label)}"></progress>'
    said = f"<small>{as_html(below)}</small>" if below else ""
    return (
        f'<div class="nbb-card{" nbb-full" if share == 1 else ""}"><span>{as_html(label)}</span> '
        f"<b>{as_html(value)}</b> {bar}{said}"
        "</div>"
    )


def hidden(text: str) -> str:
    """Words that only those hear who do not see the page, and all where there is no stylesheet."""
    return f'<span class="nbb-hidden">{as_html(text)}</span>'


def cards(*shown: str) -> str:
    """Cards side by side, as many as there is room for."""
    return f'<div class="nbb-cards">{"".join(shown)}</div>'


def table(
    rows: Iterable[Sequence[str]],
    head: Sequence[str] = (),
    *,
    is_list: bool = False,
    is_told: bool = False,
) -> str:
    """A table of cells, with names above the columns where there are any.

    A cell is HTML of one line, `Words`, or the `Name` of its row. Of a list each row is a tile
    where there is little room; if ``is_told``, the column's name is before its words.
    """
    names = "".join(f'<th scope="col"{LEFT}>{name}</th>' for name in head)
    top = f"<thead><tr>{names}</tr></thead>" if head else ""
    told = head if is_told else ()
    body = "".join(f"<tr>{''.join(starmap(_cell, zip_longest(row, told)))}</tr>" for row in rows)
    start = '<table class="nbb-list">' if is_list or is_told else "<table>"
    return f"{start}{top}<tbody>{body}</tbody></table>"


def _cell(value: str, told: str | None) -> str:
    name = f' data-head="{told}"' if told else ""
    if isinstance(value, Name):
        return f'<th scope="row"{LEFT}>{as_html(value)}</th>'
    if isinstance(value, Words):
        return f'<td class="nbb-words"{LEFT}{name}>{as_html(value)}</td>'
    return f"<td{name}>{value}</td>"
