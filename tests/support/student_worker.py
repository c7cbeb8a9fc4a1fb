"""A student's kernel, run by the tests: ``-m tests.support.student_worker SETTING FOLDER NAME …``.

It draws what the teacher drew and one picture of its own, and says in JSON what came of it.
"""

import json
import sys

import nb_banana
from nb_banana.errors import BananaError
from tests.support.library_worker import be_bound_by_modes, say


def main(setting, folder, name, base_url, *prompts):
    be_bound_by_modes()
    nb_banana.configure(**{setting: folder, "base_url": base_url})
    shared = [nb_banana.generate(prompt) for prompt in prompts]
    own = nb_banana.generate(f"a pear of {name}")
    edited = shared[0].edit(f"with the hat of {name}")
    try:
        nb_banana.forget(shared[0], ask=False)
        refused = ""
    except BananaError as error:
        refused = str(error)
    nb_banana.recover()
    found = {
        "came": [each.came for each in shared],
        "sizes": [each.pil.size for each in shared],
        "captions": [each.caption for each in shared],
        "own": str(own.path),
        "notes": own.notes,
        "edited": [str(edited.path), edited.parents[0].prompt],
        "refused": refused,
        "history": [each.prompt for each in nb_banana.history(limit=None)],
        "bills": nb_banana.spending().lines[-1].count,
        "fine": nb_banana.doctor().fine,
    }
    say(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
