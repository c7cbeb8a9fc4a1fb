"""The same request once more: with changes, or the next take of it that nobody has yet."""

from collections.abc import Callable, Mapping
from typing import Any

from nb_banana._text import clean
from nb_banana.batch.jobs import check_count, takes
from nb_banana.errors import NotKeptError
from nb_banana.generation.context import Context
from nb_banana.generation.lookup import find_missing
from nb_banana.generation.options import CALL_OPTIONS, OutputOptions, build_request, known_options
from nb_banana.generation.plan import Job, Plan
from nb_banana.models import FIELD_OF
from nb_banana.request import ImageRequest, copy_with, whole_number
from nb_banana.results.image import BananaImage
from nb_banana.results.pending import PendingValue

LOOKED_UP = 50  # takes that are looked for at once


def plan_again(
    context: Context,
    image: BananaImage,
    changes: dict[str, Any],
    count: Any,
    output: OutputOptions,
    how: Mapping[str, Any],
) -> Plan:
    """What is asked for; next takes are claimed, so that no other call takes them meanwhile."""
    _ = image.receipt  # of one that is on its way this waits
    prompt = changes.pop("prompt", None)
    options = known_options(changes, prompt or "", CALL_OPTIONS | {"prompt"})
    if "images" not in changes:
        _check_references(image)
    if prompt is None and not options.keys() & FIELD_OF.keys():
        number = 1 if count is None else whole_number("count", count)
        check_count(number)
        found = _claim(context, image.request, number, how)
        many = [Job(each, output, {} if count is None else {"take": each.take}) for each in found]
        return Plan(context, many, output, is_many=count is not None, **how)
    if prompt is not None:
        options = {**options, "prompt": prompt}
        output = output.filled(options.get("values", {}))
    request = build_request(context, image.request, **options)
    if count is not None and "take" not in options:
        request = copy_with(request, take=1)
    many = takes(request, count, output)
    return Plan(context, many, output, is_many=count is not None, **how)


def run_claimed(plan: Plan, run: Callable[[], Any]) -> Any:
    """Run a plan. What it has claimed is free again at its end, and in the library by then."""
    keys = {job.request.key for job in plan.jobs}

    def give_back() -> None:
        plan.context.claimed -= keys

    try:
        value = run()
    except BaseException:
        give_back()
        raise
    if isinstance(value, PendingValue):
        value.on_end(give_back)
    else:
        give_back()
    return value


def _claim(
    context: Context, request: ImageRequest, count: int, how: Mapping[str, Any]
) -> list[ImageRequest]:
    """The next takes that no library has and that nobody else is about to draw."""
    found: list[ImageRequest] = []
    first = request.take + 1
    with context.claiming:
        while len(found) < count:
            last = whole_number("take", first + max(count, LOOKED_UP))
            several = [copy_with(request, take=each) for each in range(first, last)]
            missing = find_missing(Plan(context, [Job(each) for each in several], **how))
            found += [each for each in missing if each.key not in context.claimed]
            first = last
        found = sorted(found, key=lambda each: each.take)[:count]
        context.claimed |= {each.key for each in found}
    return found


def _check_references(image: BananaImage) -> None:
    """See that the pictures that it was made from can be had, before anything is sent."""
    if lost := getattr(image, "_lost_references", ()):  # a pickle of an earlier version has none
        raise NotKeptError(
            f"It was made from {clean(', '.join(lost), 120)}, which is not in its file. Nothing "
            "was sent. Give it: again(images=[…])."
        )
    for each in image.request.references:
        _ = each.sent_bytes  # a library's is read here, and is what it was or an error
