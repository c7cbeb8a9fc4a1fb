"""What a person sees of an app of marimo. `make test-all` runs it."""

import pytest

from tests.support.amount import ALL
from tests.support.front_ends import serving, write_notebooks


@pytest.mark.skipif(not ALL, reason="`make test-all` runs it")
def test_an_app_of_marimo_shows_pictures_history_and_panel_and_no_error(browser, tmp_path):
    write_notebooks(tmp_path)
    with serving(tmp_path, "marimo", "run", "app.py", "--headless", "--port={port}") as url:
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.goto(url)
        page.get_by_alt_text("A fox", exact=True).wait_for()
        page.get_by_text("pictures in your library").wait_for()
        page.get_by_role("button", name="Generate").wait_for()
        assert page.get_by_text("error").count() == 0
        page.close()
