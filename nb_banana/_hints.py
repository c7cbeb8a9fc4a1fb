"""A name that is not there: what may have been meant by it, by its letters or by its sense."""

import functools
import inspect
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

ELSEWHERE = {
    "MODELS": "list_models models",
    "__array__": "array as_array ndarray numpy pixels to_array to_numpy values",
    "again": "force redo regenerate remake repeat rerun resend",
    "agenerate": "acreate async_generate generate_async",
    "alt": "alt_text description title",
    "ask": "assume_yes confirm force yes",
    "bytes": "b64 b64_json base64 blob content data image_bytes raw read to_bytes tobytes",
    "columns": "cols n_columns ncols",
    "compare": "diff slider",
    "configure": "config options set set_options",
    "contact_sheet": "collage grid montage mosaic sheet",
    "cost": "balance billing costs credits fee price spent total usage usd",
    "count": "n num_images number",
    "doctor": "check diagnose health status",
    "dry_run": "plan preview",
    "edit": "image_to_image img2img inpaint modify remix upscale variation variations vary",
    "embed": "metadata",
    "estimate": "cost price quote",
    "failures": "error errors exceptions failed failure rejected",
    "folder": "dest destination dir directory out output output_dir path",
    "forget": "clean cleanup clear delete purge remove",
    "generate": "create draw generate_image generate_images image imagine make picture run",
    "generate_many": "batch generate_batch many map",
    "history": "find images last latest recent search",
    "images": "output pictures results",
    "limit": "n num number size top",
    "load": "find get open read",
    "lint": "a11y accessibility audit validate",
    "login": "api_key auth authenticate key set_key token",
    "mime": "content_type format media_type mime_type mimetype type",
    "pack": "export share zip",
    "panel": "gui ui widget",
    "parents": "parent references source sources",
    "path": "file file_path filename filepath fname format fp location output uri url",
    "pending": "jobs queue",
    "pil": "as_pil convert copy crop draft filter getpixel im image img paste pil_image resize "
    "rotate thumbnail to_image to_pil transpose",
    "prompt": "revised_prompt text",
    "receipt": "created created_at credits date id inference_id meta request_id seconds usage",
    "recover": "restore resume",
    "request": "parameters params resolution",
    "save": "download export save_all save_as save_images to_file write",
    "show": "display imshow open plot view",
    "size": "dimensions resolution shape",
    "spending": "balance bill billing cost costs money spent usage",
    "sweep": "grid variations",
    "take": "seed",
    "to_frame": "dataframe df frame table to_dataframe to_df to_pandas",
    "tree": "ancestors family lineage",
    "usd": "amount cost credits dollars price",
    "where": "filter find loc query select",
}
"""What it is called here, and what Pillow, pandas, diffusers and the clients of other services call
it. A word may stand in several lines: what the value in question does not have is left out."""
SPELLED = {"__array__": "numpy.asarray(…)"}


def meant_by(word: str, known: Iterable[str]) -> list[str]:
    """What was meant by a word: what is called so elsewhere, else what is written nearly so.

    >>> meant_by("failed", ["failures", "save"]), meant_by("savee", ["failures", "save"])
    (['failures'], ['save'])
    """
    from difflib import get_close_matches  # only after a mistake

    known, word = list(known), word.lower()
    same = [ours for ours, words in ELSEWHERE.items() if ours in known and word in words.split()]
    lowered = {each.lower(): each for each in known if not each.startswith("_")}
    return same or [lowered[each] for each in get_close_matches(word, lowered, n=3, cutoff=0.7)]


def absent(value: object, name: str) -> AttributeError:
    """The error of an attribute that a value does not have. Private names are probes: no search."""
    module = value.__name__ if isinstance(value, ModuleType) else ""
    whose = f"module {module!r}" if module else f"{type(value).__name__!r} object"
    said = f"{whose} has no attribute {name!r}"
    if name.startswith("_"):
        return AttributeError(said, name=name, obj=value)
    kinds = () if module else type(value).__mro__
    known = {*dir(value), *(each for kind in kinds for each in inspect.get_annotations(kind))}
    found = [_spelled(value, module, each) for each in meant_by(name, known)]
    # Where we say what was meant, Python's own traceback has nothing to add.
    return AttributeError(said + _question(found), name=name, obj=None if found else value)


def _spelled(value: object, module: str, name: str) -> str:
    if module:
        return f"{module}.{name}"
    call = "()" if inspect.isfunction(getattr(type(value), name, None)) else ""
    return SPELLED.get(name, f".{name}{call}")


def _question(found: list[str]) -> str:
    return f". Did you mean {' or '.join(found)}?" if found else ""


class Hinted:
    """A value that says what may have been meant by an attribute that it does not have."""

    if not TYPE_CHECKING:  # where types are checked, nothing is there that is not declared

        def __getattr__(self, name: str) -> Any:
            if not name.startswith("_") and hasattr(type(self), name):
                return object.__getattribute__(self, name)  # a property's own error, once more
            raise absent(self, name)


def hinted(call: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """A function that says which arguments it takes where it is given another one by name."""
    taken = [each for each in inspect.signature(call).parameters if each != "self"]

    @functools.wraps(call)
    def told(*args: Arguments.args, **options: Arguments.kwargs) -> Result:
        try:
            return call(*args, **options)
        except TypeError as error:
            unknown = [each for each in options if each not in taken]
            trace = error.__traceback__
            if not unknown or trace is None or trace.tb_next is not None:  # an error from inside
                raise
            name = call.__qualname__
        near = _question([each for word in unknown[:1] for each in meant_by(word, taken)])
        takes = f"It takes {', '.join(taken)}." if taken else "It takes none."
        raise TypeError(f"{name}() has no argument {unknown[0]!r}{near or '.'} {takes}")

    return told
