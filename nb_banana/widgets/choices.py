"""What a model offers, for the fields of the panel: read from `MODELS`, as all else is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nb_banana._default import settings
from nb_banana.errors import BadReferenceError, RequestError
from nb_banana.generation.options import options_like
from nb_banana.models import MODELS, RESOLUTIONS, SIZES, Model, choose, find_model, short_name
from nb_banana.references.variables import find_picture
from nb_banana.widgets.form import Form
from nb_banana.widgets.pictures import is_there


def model_of(form: Form, names: Mapping[str, Any]) -> str:
    """The model that a form's cell would ask: said, that of the first reference, or set.

    Args:
        form: the form.
        names: the notebook's variables.
    """
    if form.model:
        return form.model
    try:
        images = [find_picture(word, names)[0] for word in form.images[:1]]
    except BadReferenceError:  # said when its price is asked
        images = []
    there = [each for each in images if is_there(each)]  # to ask of one on its way would wait
    return str(options_like(there, {}).get("model") or settings.model)


def model_offer(name: str) -> dict[str, Any]:
    """What a model takes, as JSON for the panel.

    Returns:
        ``model`` (its short name), ``ratios``, ``resolutions``, ``search``, ``fewest`` and ``most``
        references; ``most`` is None where that is not published.

    >>> model_offer("pro")["most"], model_offer("2.5")["resolutions"]
    (0, [])
    """
    model = find_model(name) or Model((name,), (name,), tuple(SIZES), RESOLUTIONS, 0, None, True)
    return {
        "model": short_name(name),
        "ratios": list(model.aspect_ratios),
        "resolutions": list(model.resolutions),
        "search": model.web_search,
        "fewest": model.min_images,
        "most": model.max_images,
    }


def model_choices(now: str) -> list[list[str]]:
    """Value and text of each model to choose; the first leaves it to the settings.

    Args:
        now: what the form says, which is among them even where the table does not know it.
    """
    known = [[model.short[0], model.short[0]] for model in MODELS]
    found = find_model(now) if now else None
    if found is not None:  # by whatever name the cell calls it
        known = [[now, text] if text == found.short[0] else [value, text] for value, text in known]
    elif now:
        known.append([now, now])
    return [["", f"as set: {short_name(settings.model)}"], *known]


def fit_form(form: Form, offered: Mapping[str, Any]) -> tuple[Form, str]:
    """The form without what the model can't do, and a sentence that says what was left out.

    >>> fit_form(Form(web_search=True, aspect_ratio="16:9"), model_offer("pro"))[1]
    'nano-banana-pro takes no web search: it was left out.'
    """
    lost = {
        "aspect_ratio": _is_lost("aspect_ratio", form.aspect_ratio, offered["ratios"]),
        "resolution": _is_lost("resolution", form.resolution, offered["resolutions"]),
        "web_search": form.web_search and not offered["search"],
    }
    values: dict[str, Any] = {
        name: False if name == "web_search" else "" for name, is_lost in lost.items() if is_lost
    }
    if not values:
        return form, ""
    words = {"aspect_ratio": f"ratio {form.aspect_ratio}", "web_search": "web search"}
    words["resolution"] = f"resolution {form.resolution}"
    what = " and no ".join(words[name] for name in values)
    were = "it was" if len(values) == 1 else "they were"
    return replace(form, **values), f"{offered['model']} takes no {what}: {were} left out."


def check_room(offered: Mapping[str, Any], images: Sequence[str], what: str) -> None:
    """See that the model takes another reference.

    Raises:
        RequestError: it does not.
    """
    most = offered.get("most")
    if most is not None and len(images) >= most:
        takes = f"at most {most}" if most else "no"
        raise RequestError(
            f"{offered['model']} takes {takes} reference pictures: {what} was not added."
        )


def _is_lost(field: str, value: str, allowed: list[str]) -> bool:
    """Whether a value can't be had; one that is filled in later may be."""
    if not value or "{{" in value:
        return False
    try:
        choose(field, value, allowed)
    except RequestError:
        return True
    return False
