"""A prompt and a table: a picture for each row, whose columns fill the prompt's ``{{…}}``."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import Any

from nb_banana import template
from nb_banana._text import clean, did_you_mean, is_absent, shown
from nb_banana.batch.jobs import index_of, jobs_of_prompts
from nb_banana.batch.sweep import values_of
from nb_banana.credentials import refuse_key
from nb_banana.errors import RequestError, SettingsError
from nb_banana.generation.context import Context
from nb_banana.generation.options import OutputOptions, build_request, given_twice, known_options
from nb_banana.generation.plan import Job
from nb_banana.models import FIELD_OF
from nb_banana.request import is_on

WHAT = (
    'rows is a data frame, a list of mappings such as [{"colour": "red"}], or a mapping of columns '
    'such as {"colour": ["red", "blue"]}'
)


class RowValues(template.GivenValues):
    """What stands in one row."""

    cure = "There is no column of that name."


@dataclass(frozen=True)
class RowTemplate:
    """What holds for all rows."""

    context: Context
    prompt: str
    names: frozenset[str]  # what its ``{{…}}`` ask for
    options: Mapping[str, Any]  # those of each request
    values: Mapping[str, Any]  # the same for each row
    output: OutputOptions

    def job(self, number: int, label: Any, row: Any) -> Job:
        """The job of one row, from 1."""
        try:
            return self._job(row)
        except (RequestError, SettingsError) as error:
            is_counted = label is None or str(label) == str(number - 1)
            where = f"Row {number}" + ("" if is_counted else f" ({clean(str(label), 40)})")
            said = f"{where}: {error.args[0]}"
            refuse_key("A row", said)  # a message may quote a cell
            raise type(error)(said, **error.facts) from error

    def _is_option(self, name: str, cell: Any) -> bool:
        """Whether a column says what is asked; ``service`` may be a word of the prompt, or data."""
        is_service = name == "service" and isinstance(cell, str) and name not in self.names
        return name in FIELD_OF or is_service

    def _job(self, row: Any) -> Job:
        if not isinstance(row, Mapping):
            raise RequestError(f"It is no mapping of names and values, but {shown(row)}. {WHAT}.")
        cells = {str(name): _plain(value) for name, value in row.items()}
        own = {name: each for name, each in cells.items() if self._is_option(name, each)}
        if not own and not cells.keys() & self.names:
            raise RequestError(_unused(cells, self.names))
        if both := own.keys() & self.names:
            raise RequestError(
                f"The column {min(both)} is the option of that name, and the prompt has "
                f"{{{{{min(both)}}}}} too. Give the column another name where words are meant."
            )
        used = {name: each for name, each in cells.items() if name in self.names}
        for name, value in used.items():
            if name in self.values:
                raise given_twice(name, "a column")
            if is_absent(value):
                raise RequestError(
                    f"{name} is {value}, which is no word for a prompt. Leave the row out, e.g. "
                    f'with df.dropna(subset=["{name}"]), or fill it.'
                )
        own = {name: value for name, value in own.items() if not is_absent(value)}
        values = {name: value for name, value in cells.items() if name not in {*own, *FIELD_OF}}
        filling = RowValues({**values, **self.values}) if self.names else None
        asked = {**self.options, **own, "values": filling}
        request = build_request(self.context, self.prompt, **asked)
        return Job(request, self.output.filled(filling or {}), {**used, **own})


def jobs_of_many(
    context: Context, prompt: Any, rows: Any, options: dict[str, Any], output: OutputOptions
) -> tuple[Iterable[Job], Sequence[Any] | None]:
    """A job for each prompt, or else row, and what a table calls them; see `jobs_of_prompts`."""
    if rows is None:
        return jobs_of_prompts(context, prompt, options, output), _clean(index_of(prompt))
    if not isinstance(prompt, str):
        raise RequestError(
            'With rows the prompt is one text that names their columns: generate_many("a '
            f'{{{{colour}}}} fox", rows), and not {type(prompt).__name__}.'
        )
    asked = known_options(options, prompt, ("values",))
    is_raw = is_on("raw", asked.get("raw", False))
    names = frozenset() if is_raw else frozenset(template.names_in(prompt))
    made = RowTemplate(context, prompt, names, asked, asked.pop("values", {}), output)
    records, labels = _records(rows, names)
    numbered = zip(records, repeat(None) if labels is None else labels, strict=False)
    jobs = (made.job(number, label, row) for number, (row, label) in enumerate(numbered, 1))
    return (list(jobs) if isinstance(rows, Sized) else jobs), _clean(labels)


def _clean(labels: Sequence[Any] | None) -> Sequence[Any] | None:
    """The labels, which are shown and are names of files: no key may be in them."""
    refuse_key("The index of the table", "\n".join(map(str, labels or ())))
    return labels


def _records(rows: Any, names: Iterable[str]) -> tuple[Iterable[Any], Sequence[Any] | None]:
    """The rows as mappings, and the labels of a pandas frame."""
    if hasattr(rows, "collect") or hasattr(rows, "compute"):
        raise RequestError(f"The rows of a {type(rows).__name__} are not there yet: collect them.")
    if hasattr(rows, "iloc") and hasattr(rows, "columns"):
        columns = [str(each) for each in rows.columns]
        if twice := {each for each in columns if columns.count(each) > 1} & {*names, *FIELD_OF}:
            raise RequestError(f"There are two columns {min(twice)}: give one another name.")
        series = [rows.iloc[:, place] for place in range(len(columns))]
        arrays = [getattr(each, "array", each) for each in series]  # with numbers as they are
        return _zipped(columns, arrays), list(rows.index)
    if callable(getattr(rows, "iter_rows", None)):  # polars
        return rows.iter_rows(named=True), None
    if callable(getattr(rows, "to_pylist", None)) and hasattr(rows, "columns"):  # pyarrow
        return rows.to_pylist(), None
    if isinstance(rows, Mapping):
        return _of_columns(rows), None
    if isinstance(rows, str | bytes) or hasattr(rows, "iloc") or not isinstance(rows, Iterable):
        raise RequestError(f"{WHAT}, not {shown(type(rows).__name__)}.")
    return rows, None


def _of_columns(columns: Mapping[Any, Any]) -> Iterator[Any]:
    found = {str(name): values_of(each) for name, each in columns.items()}
    lengths = {name: len(each) for name, each in found.items() if each is not None}
    if len(lengths) < len(found) or len(set(lengths.values())) > 1:
        said = ", ".join(f"{clean(n, 40)} has {lengths.get(n, 'no list')}" for n in found)
        refuse_key("A column", said)
        raise RequestError(f"The columns are lists of one length: {said}. {WHAT}.")
    return _zipped(list(found), [each for each in found.values() if each is not None])


def _zipped(names: Sequence[str], columns: Sequence[Iterable[Any]]) -> Iterator[dict[str, Any]]:
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def _plain(value: Any) -> Any:
    """A cell as a person reads it: 12 and not 12.0, a day without its midnight."""
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0:
        in_python = value.astype("datetime64[us]") if value.dtype.kind == "M" else value
        in_python = in_python.item()
        is_short = isinstance(in_python, float)  # 0.1 of 32 bits is no 0.1 of 64
        value = value if is_short and not in_python.is_integer() else in_python
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, datetime) and not is_absent(value):
        is_day = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return value.date() if is_day else value
    return value


def _unused(cells: Mapping[str, Any], names: Iterable[str]) -> str:
    refuse_key("A column", " ".join(cells))
    columns = ", ".join(clean(each, 40) for each in list(cells)[:20]) or "none"
    if not names:
        one = next((each for each in cells if each.isidentifier()), "colour")
        return (
            f"The prompt names no column. Write {{{{{one}}}}} where it goes; there are {columns}."
        )
    wanted = ", ".join(f"{{{{{each}}}}}" for each in sorted(names))
    near = did_you_mean(min(names), cells)
    return f"It has nothing for the prompt's {wanted}: its columns are {columns}.{near}"
