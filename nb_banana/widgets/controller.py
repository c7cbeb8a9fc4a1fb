"""What the panel's Generate does, without any widget: order, price, begin, outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from nb_banana._text import dollars
from nb_banana.batch import jobs, sweep
from nb_banana.batch.background import start, start_many
from nb_banana.errors import BananaError, Interrupted, RequestError
from nb_banana.generation import budget, context, lookup, plan
from nb_banana.generation.options import (
    OutputOptions,
    build_request,
    known_options,
    take_output_options,
)
from nb_banana.library import location
from nb_banana.notebook.call import read_call
from nb_banana.notebook.parser import parse_cell_line
from nb_banana.request import ImageRequest
from nb_banana.results.gallery import Gallery
from nb_banana.results.image import BananaImage
from nb_banana.settings import checked_patience, settings
from nb_banana.widgets.form import FLAG_OF_OPTION, MAGIC, Form, read_cell

Names = Mapping[str, Any]


@dataclass(frozen=True)
class PanelRequest:
    """What a form asks for.

    Attributes:
        jobs: the pictures.
        output: what is wanted of them as a whole.
        is_many: whether they come as a gallery.
        timeout: seconds to wait for each.
    """

    jobs: list[plan.Job]
    output: OutputOptions
    is_many: bool
    timeout: float | None


def panel_request(form: Form, names: Names) -> PanelRequest:
    """What the form's cell would ask for.

    Raises:
        RequestError: anything that is not understood; nothing was sent.
    """
    if form.prompt.lstrip().startswith(MAGIC):
        form = read_cell(form.prompt)  # says what is wrong with it
    if form.name and not form.name.strip().isidentifier():  # else it is read as options, too
        raise RequestError(
            f"{form.name!r} can't be the name of a variable: one word of letters, digits and _."
        )
    line = parse_cell_line(form.line, names)
    for option in ("dry_run", "help"):
        if option in line.options:
            raise RequestError(
                f"{FLAG_OF_OPTION[option]} is for a cell: copy the cell, and run it there."
            )
    call = read_call(line, form.prompt, names)
    options = {name: value for name, value in call.arguments.items() if name != "background"}
    patience = checked_patience(options.pop("timeout", None))
    # Whoever presses Generate has seen the price, or was asked, see `question`.
    output = replace(take_output_options(options), name=call.name, confirmed=True)
    count = options.pop("count", None)
    is_many = count is not None or "over" in options
    if "over" not in options:
        request = build_request(call.prompt, **known_options(options))
        return PanelRequest(jobs.takes(request, count, output), output, is_many, patience)
    over, known, raw = (options.pop(each) for each in ("over", "names", "raw"))
    sorted_out = sweep.sort_out(call.prompt, options, over, known, raw=raw)
    many = sweep.sweep_jobs(call.prompt, *sorted_out, raw=raw, count=count, output=output)
    return PanelRequest(many, output, is_many, patience)


def price_line(form: Form, names: Names) -> str:
    """What Generate would cost, and what is left of the budget; only prices are asked for.

    Raises:
        BananaError: it could not be drawn, and why.
    """
    kind = context.kind_of_service(context.find_quoter())
    price = _price(form, names)
    if kind == location.SANDBOX and "about" in price:
        price = f"{price.removesuffix(' play money')} play money: the sandbox draws, without AI"
    left = budget.budget_left(kind)
    return price if left is None else f"{price}; {dollars(left)} left of your budget"


def _price(form: Form, names: Names) -> str:
    if not form.prompt.strip():  # the price does not hang on the words
        plain = Form("a picture", model=form.model, resolution=form.resolution, count=form.count)
        return str(_cost([job.request for job in panel_request(plain, names).jobs]))
    order = panel_request(form, names)
    if order.is_many:
        return plan.quote_many(order.jobs)
    if order.output.fresh and settings.backend != "library":
        return str(_cost([order.jobs[0].request]))
    return lookup.quote(order.jobs[0].request)


def _cost(requests: Sequence[ImageRequest]) -> budget.Estimate:
    return budget.estimate(requests, context.find_quoter())


def question(form: Form, names: Names) -> str:
    """What a person has to say yes to before it is sent: ``Banana.confirm_over``; else nothing.

    Raises:
        RequestError: anything that is not understood.
    """
    limit = settings.confirm_over
    if limit is None:
        return ""
    order = panel_request(form, names)
    requests = [job.request for job in order.jobs]
    cost = _cost(requests if order.output.fresh else lookup.find_missing(requests, context.kinds()))
    if cost.usd <= Decimal(str(limit)) and not cost.unknown:
        return ""
    return f"This costs {cost}, more than {dollars(Decimal(str(limit)))}. Send it?"


def begin(form: Form, names: Names) -> Any:
    """Do what running the form's cell would do, in the background.

    Returns:
        A `PendingImage`, or a `PendingGallery`.

    Raises:
        BananaError: nothing was sent.
    """
    order = panel_request(form, names)
    if order.is_many:
        return start_many(order.jobs, order.output, timeout=order.timeout)
    return start(order.jobs[0].request, order.output, timeout=order.timeout)


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        value: what the variable is bound to; None where there is nothing.
        images: the pictures, in order.
        problem: what went wrong, in sentences; empty where nothing did.
        stopped: whether a person stopped it, which is no error.
    """

    value: Any = None
    images: tuple[BananaImage, ...] = ()
    problem: str = ""
    stopped: bool = False


def outcome_of(pending: Any) -> Outcome:
    """What came of a picture or a gallery that has ended; what was paid comes in any case."""
    problem, stopped = "", False
    try:
        value = pending.wait()
    except (BananaError, Interrupted) as error:
        value = error.facts.get("image", error.facts.get("gallery"))
        problem, stopped = str(error), isinstance(error, Interrupted)
    if isinstance(value, Gallery):
        told = [f"{each.prompt}: {each.error}" for each in value.failures]
        problem = problem or "\n".join(dict.fromkeys(told))
        return Outcome(value, value.images, problem, stopped)
    return Outcome(value, (value,) if value is not None else (), problem, stopped)
