"""The one look of what is shown as HTML: a small stylesheet, and cards, tiles, tables, notes.

An output lives alone: in JupyterLab, in a page of nbconvert, in a frame of Colab. So each brings
the stylesheet, and reads in good order, with all its words, where a front end takes that away.
"""

from collections.abc import Iterable, Sequence

from nb_banana._text import as_html

LEFT = ' style="text-align:left"'  # JupyterLab's own tables are to the right

THEME = """
.nbb,.nbb-out{
--text:var(--jp-ui-font-color1,var(--vscode-foreground,var(--colab-primary-text-color,currentColor)));
--ground:var(--jp-layout-color0,var(--vscode-editor-background,var(--colab-primary-surface-color,Canvas)));
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

STYLE = """
.nbb-out{container-type:inline-size;contain-intrinsic-inline-size:60em;color:var(--text);
line-height:1.4}
.nbb-out *{box-sizing:border-box}
.nbb-out p{margin:0 0 .5em}
.nbb-out small,.nbb-out figcaption{color:var(--dim);font-size:.92em}
.nbb-out .nbb-hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.nbb-out table{border-collapse:collapse;border:0;margin:0;font-size:inherit}
.nbb-out tr{background:none!important}
.nbb-out :is(th,td){padding:.4em 1em .4em 0;text-align:left;vertical-align:top;white-space:nowrap;
border:0;border-bottom:1px solid var(--edge)}
.nbb-out th{color:var(--dim);font-weight:600}
.nbb-out .nbb-words{white-space:normal;overflow-wrap:anywhere;min-width:12em}
.nbb-cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(10em,1fr));gap:.6em;
margin:.4em 0 .8em}
.nbb-card{border:1px solid var(--edge);border-radius:8px;padding:.5em .8em;
background:var(--raised)}
.nbb-card>*{display:block}
.nbb-card b{font-size:1.35em;font-variant-numeric:tabular-nums}
.nbb-card progress{width:100%;height:.5em;accent-color:var(--accent)}
.nbb-tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(11em,100%),1fr));
gap:.8em}
.nbb-tile{margin:0;min-width:0}
.nbb-tile img{display:block;width:100%;height:auto;border-radius:6px}
.nbb-tile figcaption{padding-top:.3em;overflow-wrap:anywhere}
.nbb-note{border-left:3px solid var(--accent);background:var(--tint);padding:.4em .8em;
margin:.4em 0;overflow-wrap:anywhere}
.nbb-out .nbb-bad{--accent:var(--bad);--tint:color-mix(in srgb,var(--bad) 10%,transparent)}
"""

WAIT = """
.nbb-wait{margin:0}
.nbb-wait figcaption{font-size:90%;opacity:.75}
.nbb-place{max-width:100%;background:color-mix(in srgb,currentColor 9%,transparent)}
.nbb-now::before{content:attr(data-now)}
.nbb-now{display:block;animation:nbb-now 0s 10s both}
.nbb-late{display:block;animation:nbb-late 0s 10s both}
@keyframes nbb-now{from{visibility:visible}to{visibility:hidden;height:0}}
@keyframes nbb-late{from{visibility:hidden;height:0;overflow:hidden}to{visibility:visible}}
@media(prefers-reduced-motion:no-preference){
.nbb-place{animation:nbb-pulse 2.4s ease-in-out infinite}
@keyframes nbb-pulse{50%{opacity:.45}}}
"""
"""While something is on its way its output is put out anew each second. One that is not any more,
because it was saved or its kernel has died, says so after ten: no number of seconds stays in it."""

FADE_IN = (
    "<style>@media(prefers-reduced-motion:no-preference){@keyframes nbb-in{from{opacity:0}}}"
    "</style>"
)
FADING = "animation:nbb-in .4s"


class Words(str):
    """Text for a cell, which stands to the left and may break."""

    __slots__ = ()


def styled(*parts: str, kind: str) -> str:
    """An output in our look: its parts one below the other, in a class ``nb-banana-KIND``."""
    inside = "".join(parts)
    style = f"<style>{THEME}{STYLE}</style>"
    return f'{style}<div class="nbb-out nb-banana-{kind}">{inside}</div>'


def paragraph(text: str) -> str:
    """A paragraph of words; nothing where there are none."""
    return f"<p>{as_html(text)}</p>" if text else ""


def note(text: str, *, bad: bool = False) -> str:
    """A sentence that is seen: what is to be known, or what is wrong."""
    return f'<p class="nbb-note{" nbb-bad" if bad else ""}">{as_html(text)}</p>'


def waiting(now: str, late: str, seconds: float, size: tuple[int, int] | None = None) -> str:
    """What stands where something will be: a frame of its size in pixels, and what is done now.

    What is said ``late`` is all that is read where this is not put out anew, or has no CSS.
    """
    place = ""
    if size:  # the pulse goes on where it was a second ago
        place = (
            f'<div class="nbb-place" style="width:{size[0]}px;aspect-ratio:{size[0]}/{size[1]};'
            f'animation-delay:-{seconds:.1f}s"></div>'
        )
    return (
        f'<style>{WAIT}</style><figure class="nb-banana-pending nbb-wait">{place}<figcaption>'
        f'<span class="nbb-now" data-now="{as_html(now)}"></span>'
        f'<span class="nbb-late">{as_html(late)}</span></figcaption></figure>'
    )


def card(label: str, value: str, below: str = "", *, share: float | None = None) -> str:
    """A figure with its name above and what is to be said of it below; a share (0 to 1) as bar."""
    bar = ""
    if share is not None:
        bar = f'<progress value="{share:.3f}" max="1" aria-label="{as_html(label)}"></progress>'
    said = f"<small>{as_html(below)}</small>" if below else ""
    return (
        f'<div class="nbb-card"><span>{as_html(label)}</span> <b>{as_html(value)}</b> {bar}{said}'
        "</div>"
    )


def cards(*shown: str) -> str:
    """Cards side by side, as many as there is room for."""
    return f'<div class="nbb-cards">{"".join(shown)}</div>'


def tile(picture: str, lines: Iterable[str]) -> str:
    """A picture, which is HTML, with lines of words below it."""
    words = "<br>".join(map(as_html, lines))
    return f'<figure class="nbb-tile">{picture}<figcaption>{words}</figcaption></figure>'


def tiles(shown: Iterable[str]) -> str:
    """Tiles side by side, as many as there is room for."""
    return f'<div class="nbb-tiles">{"".join(shown)}</div>'


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    """A table of cells, with names above the columns where there are any.

    A cell is HTML of one line, or `Words`.
    """
    names = "".join(f'<th scope="col"{LEFT}>{name}</th>' for name in head)
    top = f"<thead><tr>{names}</tr></thead>" if head else ""
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table>{top}<tbody>{body}</tbody></table>"


def _cell(value: str) -> str:
    if isinstance(value, Words):
        return f'<td class="nbb-words"{LEFT}>{as_html(value)}</td>'
    return f"<td>{value}</td>"
