"""One notebook with everything that nb_banana shows, for tests and for screenshots."""

import os
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from tests.support.kernels import NotebookRunner

from .lab import KEY_VARIABLES

LONG = "; every leaf has its own shade, the light falls from the left" * 6
CELLS = {
    "extension": "%load_ext nb_banana\nimport nb_banana",
    "history, empty": "nb_banana.history()",
    "picture": "%%banana trex -a 16:9 --alt 'A T-Rex on a beach'\n"
    "A T-Rex relaxing on a beach, lying on a sun lounger and wearing sunglasses.",
    "edit": "night = trex.edit('make it night')\nnight",
    "error": "%%banana -a 16:10\na banana",
    "gallery": "%%banana grid --sweep style=watercolour,pencil --sweep 'animal=cat,fox,robot'\n"
    "A {{animal}} in the rain, as a {{style}}",
    "takes": "%%banana takes -n 3 -a 3:4\na red fox in the snow",
    "sweep with a failure": "%%banana broken --sweep 'end=at noon,[trouble: refusal],at night'\n"
    "a banana on an island {{end}}",
    "failure": "broken[1]",
    "thumbnails": "import pandas as pd\n"
    "grid.thumbnails(pd.DataFrame({'price': range(6), 'made of': ['<b>tin</b>'] * 6}))",
    "compare": "nb_banana.compare(trex, night)",
    "tree": "night.tree()",
    "history": "nb_banana.generate('an owl for $5, a cat for $6' + LONG)\nnb_banana.history()",
    "receipt": "trex.receipt",
    "spending": "%config Banana.budget = 2.00\nnb_banana.spending()",
    "doctor": "nb_banana.doctor()",
    "dry run": "%%banana -a 16:9 -r 2K -i trex --dry-run\nPut the T-Rex into a café",
    "models": "nb_banana.MODELS",
    "estimate": "nb_banana.estimate('a {{x}}', x=['fox', 'cat'], aspect_ratio='16:9')",
    "recover": "from contextlib import suppress\n"
    "with suppress(nb_banana.errors.BananaError):\n"
    "    nb_banana.generate('a car [trouble: link-404]')\n"
    "nb_banana.recover()",
    "lint": "import json\nfrom pathlib import Path\n"
    "source = '%%banana fox\\na fox in the snow'\n"
    "cell = dict(cell_type='code', source=source, outputs=[], metadata={})\n"
    "lesson = dict(cells=[cell], metadata={}, nbformat=4, nbformat_minor=5)\n"
    "Path('lesson.ipynb').write_text(json.dumps(lesson))\n"
    "nb_banana.lint('lesson.ipynb')",
    "formula": "from IPython.display import HTML\nHTML('<p class=formula>$x^2$</p>')",
    "on its way": "%%banana later -a 16:9 --background\na ship at sea [trouble: slow 20]",
}
"""What each cell shows, and its source. A later one uses what an earlier one made."""


def executed(folder: Path) -> NotebookNode:
    """The notebook after one run in a kernel, as it is saved; `folder` holds its library."""
    first = new_code_cell(f"LONG = {LONG!r}")
    cells = [new_code_cell(source, metadata={"name": name}) for name, source in CELLS.items()]
    notebook = new_notebook(cells=[first, *cells])
    client = NotebookRunner(
        notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    kept = {name: value for name, value in os.environ.items() if name not in KEY_VARIABLES}
    client.execute(env=kept | {"XDG_DATA_HOME": str(folder / "data")})
    notebook.cells.remove(first)
    return notebook
