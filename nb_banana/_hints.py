"""A name that is not there: what may have been meant by it, by its letters or by its sense."""

import functools
from collections.abc import Callable, Iterable
from types import FunctionType, ModuleType
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
    "aspect_ratio": "aspect ratio",
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
    "fine": "good healthy ok passed",
    "folder": "dest destination dir directory out output output_dir path",
    "forget": "clean cleanup clear delete purge remove",
    "generate": "create draw generate_image generate_images image imagine make picture run",
    "generate_many": "batch generate_batch many map",
    "history": "find images last latest recent search",
    "images": "ok output pictures results succeeded successes successful",
    "limit": "n num number size top",
    "load": "find get open read",
    "lines": "by_day by_model by_month month rows to_frame today total",
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
    "usd": "amount cost credits dollars price spent total",
    "where": "filter find loc query select",
}
"""What it is called here, and what Pillow, pandas, diffusers and the clients of other services call
it. A word may stand in several lines: what the value in question does not have is left out."""
SPELLED = {"__array__": "numpy.asarray(…)"}


OTHERWISE = {
    "BananaImage": {
        "nb_banana.forget(picture)": "delete forget remove",
        ".provenance or .receipt": "exif info metadata",
        ".credit": "attribution license",
        ".receipt.created or .receipt.seconds": "created created_at date time timestamp",
        ".again()": "retry",
        ".request.take": "seed",
        ".pil.mode": "mode",
        ".save() and .alt": "html markdown to_html to_markdown",
    },
    "BananaImage.save": {
        'save("fox.jpg"), whose suffix is the format, or picture.pil.save(…)': "format",
        "picture.pil.save(…)": "compress_level dpi icc_profile lossless optimize quality",
    },
    "Gallery": {
        "gallery[0]": "iloc",
        ".to_frame().to_csv(…)": "csv to_csv",
        ".to_frame().to_html()": "html to_html",
        "nb_banana.forget(gallery)": "delete forget remove",
        "[each.path for each in gallery.images]": "files path paths",
        "[each.caption for each in gallery.images]": "caption captions",
    },
    "History": {
        "history[0]": "iloc",
        ".to_frame().to_csv(…)": "csv to_csv",
        ".to_frame().to_html()": "html to_html",
        "nb_banana.forget(history)": "clear delete forget remove",
        "nb_banana.Gallery(history).contact_sheet()": "contact_sheet grid montage sheet show",
        "nb_banana.Gallery(history).where(…)": "filter query where",
        ".to_frame().usd.sum() or nb_banana.spending()": "cost price spent total usd",
        "[each.path for each in history]": "files path paths",
        "[each.caption for each in history]": "caption captions",
        "list(history)": "images ok pictures successes",
    },
    "ModelTable": {"[each.short[0] for each in MODELS]": "ids items keys names values"},
}
"""What a value does not have and is done in another way: whose it is, and how, by what was typed.
A function goes by its qualified name."""


def meant_by(word: str, known: Iterable[str]) -> list[str]:
    """What was meant by a word: what is called so elsewhere, else what is written nearly so.

    >>> meant_by("failed", ["failures", "save"]), meant_by("savee", ["failures", "save"])
    (['failures'], ['save'])
    """
    from nb_banana._text import near_words  # only after a mistake

    known, word = list(known), word.lower()
    same = [ours for ours, words in ELSEWHERE.items() if ours in known and word in words.split()]
    lowered = {each.lower(): each for each in known if not each.startswith("_")}
    return same or [lowered[each] for each in near_words(word, lowered, cutoff=0.7)]


def _otherwise(kinds: Iterable[str], word: str) -> list[str]:
    tables = (OTHERWISE.get(kind, {}) for kind in kinds)
    return [how for each in tables for how, words in each.items() if word.lower() in words.split()]


def out_of_range(place: Any, count: int) -> IndexError:
    """The error of a place that a sequence of pictures does not have."""
    there = f"there are {count:,}, from [0] to [{count - 1}]" if count else "there are none"
    from nb_banana._text import shown  # only after a mistake

    return IndexError(f"There is no picture [{shown(place)}]: {there}.")


def absent(value: object, name: str) -> AttributeError:
    """The error of an attribute that a value does not have. Private names are probes: no search."""
    module = value.__name__ if isinstance(value, ModuleType) else ""
    whose = f"module {module!r}" if module else f"{type(value).__name__!r} object"
    said = f"{whose} has no attribute {name!r}"
    if name.startswith("_"):
        return AttributeError(said, name=name, obj=value)
    import inspect  # only after a mistake

    kinds = () if module else type(value).__mro__
    known = {*dir(value), *(each for kind in kinds for each in inspect.get_annotations(kind))}
    found = _otherwise((kind.__name__ for kind in kinds), name)
    found = found or [_spelled(value, module, each) for each in meant_by(name, known)]
    # Where we say what was meant, Python's own traceback has nothing to add.
    return AttributeError(said + _question(found), name=name, obj=None if found else value)


def _spelled(value: object, module: str, name: str) -> str:
    if module:
        return f"{module}.{name}"
    call = "()" if isinstance(getattr(type(value), name, None), FunctionType) else ""
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
    """A function that says which arguments it takes where it is given others."""

    @functools.wraps(call)
    def told(*args: Arguments.args, **options: Arguments.kwargs) -> Result:
        try:
            return call(*args, **options)
        except TypeError as error:
            trace = error.__traceback__
            if trace is None or trace.tb_next is not None:  # an error from inside
                raise
            names, said = list(options), str(error)
        finally:
            options.clear()  # a key may be among them, and a traceback shows them
        raise TypeError(_not_taken(call, names, said))

    return told


def _not_taken(call: Callable[..., Any], given: list[str], said: str) -> str:
    """What is wrong with a call by these names, and what it takes."""
    import inspect  # only after a mistake

    ours = [each for each in inspect.signature(call).parameters.values() if each.name != "self"]
    taken = [each.name for each in ours]
    named = [each.name for each in ours if each.kind is each.KEYWORD_ONLY]
    further = [each.name for each in ours if each.kind is each.VAR_KEYWORD]
    unknown = next((each for each in given if not further and each not in taken), None)
    if unknown is None:
        in_order = ", ".join(each for each in taken if each not in named + further)
        by_name = f", and by its name {', '.join(named)}" if named else ""
        return f"{said}. It takes {in_order or 'none'}{by_name}."
    near = _question(_otherwise([call.__qualname__], unknown) or meant_by(unknown, taken))
    takes = f"It takes {', '.join(taken)}." if taken else "It takes none."
    return f"{call.__qualname__}() has no argument {unknown!r}{near or '.'} {takes}"


_KEY = " The key is no setting: Client(key=…), or nb_banana.login() for the default client."
_RATIO = " Did you mean aspect_ratio?"
MEANT_SETTINGS = {
    "api_key": _KEY,
    "apikey": _KEY,
    "key": _KEY,
    "token": _KEY,
    "ratio": _RATIO,
    "size": ' Did you mean aspect_ratio="16:9" or resolution="2K"?',
    "sandbox": ' Did you mean backend="sandbox"?',
    "max_workers": " Did you mean concurrency?",
    "verbose": " Did you mean quiet=True?",
}
"""What is meant by what is no setting and is not written nearly so."""
