"""What the panel's Generate does, without any widget: order, price, begin, outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nb_banana._client import Client
from nb_banana._default import client_of
from nb_banana._text import dollars
from nb_banana.display.progress import Usual
from nb_banana.errors import BananaError, Interrupted, LibraryError, RequestError
from nb_banana.generation import lookup
from nb_banana.generation.budget import Cost
from nb_banana.generation.pipeline import usual_of
from nb_banana.generation.plan import Plan
from nb_banana.library import location
from nb_banana.notebook.call import read_call
from nb_banana.notebook.parser import parse_cell_line
from nb_banana.results.gallery import Gallery
from nb_banana.results.image import BananaImage
from nb_banana.widgets.form import FLAG_OF_OPTION, MAGIC, Form, read_cell

Names = Mapping[str, Any]


def panel_plan(client: Client, form: Form, names: Names) -> Plan:
    """What the form's cell would ask for."""
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
    call = read_call(client, line, form.prompt, names)
    options = {name: value for name, value in call.arguments.items() if name != "background"}
    plan = client.plan(call.prompt, name=call.name, **options)
    plan.confirm()  # whoever presses Generate has seen the price, or was asked, see `question`
    return plan


@dataclass(frozen=True)
class Price:
    """What Generate would cost."""

    text: str  # in a line, with what is left of the budget
    amount: str  # for the button; empty where nobody knows it
    ratio: str  # of what would be asked for; empty where that is left to the model
    kept: bool  # whether a new picture has to be wanted, for the library has some of it


def price_of(client: Client, form: Form, names: Names) -> Price:
    """What Generate would cost, and what is left of the budget; only prices are asked for."""
    if form.prompt.strip():
        plan = panel_plan(client, form, names)
        cost = lookup.estimate_of(plan)
    else:  # the price does not hang on the words
        said = {name: getattr(form, name) for name in ("service", "model", "resolution", "count")}
        plan = panel_plan(client, Form("a picture", **said), names)
        known = lookup.cost_of(plan, [job.request for job in plan.jobs], plan.quoter)
        cost = lookup.Estimate(None if known.unknown else known.usd, 1, 0, str(known))
    kind = plan.kind
    text, amount = cost.text, "" if cost.usd is None else str(Cost(cost.usd, 0)) or "$0"
    if cost.new and plan.is_offline:
        amount = ""
    elif kind == location.SANDBOX and cost.usd:
        text = f"{text.removesuffix(' play money')} play money: the sandbox draws, without AI"
    left = client.context.budget.left(kind)
    text = text if left is None else f"{text}; {dollars(left)} left of your budget"
    is_kept = bool(form.prompt.strip()) and _is_kept(plan)
    return Price(text, amount, plan.job.request.aspect_ratio or "", is_kept)


def _is_kept(plan: Plan) -> bool:
    try:
        return len(lookup.find_missing(plan)) < len(list(plan.jobs))
    except LibraryError:  # only a new one can be had
        return True


def question(client: Client, form: Form, names: Names) -> str:
    """What a person has to say yes to before it is sent: ``Banana.confirm_over``; else nothing."""
    limit = client.settings.confirm_over
    if limit is None:
        return ""
    plan = panel_plan(client, form, names)
    cost = lookup.cost_of(plan, lookup.find_missing(plan), plan.quoter)
    if cost.usd <= Decimal(str(limit)) and not cost.unknown:
        return ""
    return f"This costs {cost}, more than {dollars(Decimal(str(limit)))}. Send it?"


def begin(client: Client, form: Form, names: Names) -> tuple[Any, Usual | None]:
    """Do what running the form's cell would do, in the background; how long one usually takes."""
    plan = panel_plan(client, form, names)
    pending = client.run(plan, background=True)
    client.context.cell_notes.leave(pending)
    return pending, None if plan.is_many else usual_of(plan, plan.job)


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    value: Any = None  # what the variable is bound to; None where there is nothing
    images: tuple[BananaImage, ...] = ()  # the pictures, in order
    problem: str = ""  # what went wrong, in sentences; empty where nothing did
    stopped: bool = False  # whether a person stopped it, which is no error


def outcome_of(pending: Any) -> Outcome:
    """What came of a picture or a gallery that has ended; what was paid comes in any case."""
    problem, stopped = "", False
    try:
        value = pending.wait()
    except (BananaError, Interrupted) as error:
        value = error.facts.get("image", error.facts.get("gallery"))
        problem, stopped = str(error), isinstance(error, Interrupted)
    images: tuple[BananaImage, ...] = (value,) if value is not None else ()
    if isinstance(value, Gallery):
        told = [f"{each.prompt}: {each.error}" for each in value.failures]
        problem = problem or "\n".join(dict.fromkeys(told))
        images = value.images
    for each in images:  # no cell needs what was tried out here
        client_of(each).context.cell_notes.drop([each.receipt.client_request_id])
    return Outcome(value, images, problem, stopped)
