"""Every program of the page, and of the README, as it stands."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import warnings
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent
PAGE = PACKAGE.parent.parent / "docs/python.md"
BLOCK = re.compile(r"((?:<!-- docs: [^\n]*-->\n)?)```python\n(.*?)```\n(?:\n((?:    [^\n]*\n)+))?", re.DOTALL)


HAS_TORCH = importlib.util.find_spec("torch") is not None


@pytest.mark.parametrize("page", [PAGE, PACKAGE / "README.md"], ids=lambda page: page.name)
def test_every_program_of_a_page_prints_what_the_page_shows(page: Path, in_folder: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    assert len(blocks) == text.count("```python\n") > 0
    names: dict[str, object] = {}
    for about, program, shown in blocks:
        if "PyTorch" in about and not HAS_TORCH:
            continue
        told = io.StringIO()
        with contextlib.redirect_stdout(told), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(program, str(page), "exec"), names)
        expected = "".join(f"{line.strip()}\n" for line in shown.splitlines())
        assert told.getvalue() == expected, program
