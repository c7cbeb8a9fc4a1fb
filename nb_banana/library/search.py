"""`Search`: which of the kept pictures are meant, as a condition of SQL on the table `requests`."""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from nb_banana.library import rows


@dataclass(frozen=True)
class Search:
    """What a picture has to be; what is not given is not asked. In SQL, so that it is quick."""

    query: str = ""  # words that its prompt has, in any case
    since: datetime | None = None  # it was made then or later
    until: datetime | None = None  # it was made before
    models: tuple[str, ...] = ()  # all ids of the model that drew it
    notebooks: tuple[str, ...] = ()  # ends of the path of the notebook that asked for it
    is_homeless: bool = False  # nobody noted the notebook

    @classmethod
    def of(cls, what: "str | Search | None") -> "Search":
        """A search for words, where it is no other one."""
        return what if isinstance(what, Search) else cls(what or "")

    def homeless(self) -> "Search":
        """The same in no notebook: a script or a lesson, or a front end that did not say it."""
        return replace(self, notebooks=(), is_homeless=True)

    def condition(self, service: str) -> tuple[str, list[str]]:
        """The condition for the kept requests of a service, and its values."""
        found = [
            ("service = ? AND state = 'stored'", service),
            *(("instr(folded, ?)", word) for word in rows.fold(self.query).split()),
        ]
        if self.since:
            found.append(("answered >= ?", rows.stamp(self.since)))
        if self.until:
            found.append(("answered < ?", rows.stamp(self.until)))
        if self.models:
            found.append(
                ("model IN (SELECT value FROM json_each(?))", json.dumps(list(self.models)))
            )
        sql = " AND ".join(condition for condition, _ in found)
        # Of any system, and a name is the end of its path; LIKE would take _ for any letter.
        ends = [f"/{each}" for each in self.notebooks]
        if ends:
            path = r"'/' || replace(notebook, '\', '/')"
            each_end = (f"substr({path}, {-len(end)}) = ?" for end in ends)
            sql += f" AND ({' OR '.join(each_end)})"
        if self.is_homeless:
            sql += " AND notebook IS NULL"
        return sql, [*(value for _, value in found), *ends]
