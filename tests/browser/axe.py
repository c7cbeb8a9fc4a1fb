"""What axe-core finds wrong for people who see, hear or point in other ways than most."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

KINDS = ("violations", "incomplete")  # of the second kind it says that a person has to look


def findings(page: Page, selector: str) -> list[str]:
    """A line for each element in the parts of the page that the selector names."""
    answer = Axe().run(page, selector, {"resultTypes": KINDS}).response
    return [
        f"{rule['id']} ({kind}): {node['html'][:200]} {node.get('failureSummary', '')}"
        for kind in KINDS
        for rule in answer[kind]
        for node in rule["nodes"]
    ]
