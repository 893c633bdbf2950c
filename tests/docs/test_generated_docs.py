"""The generated pages say what the program says."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["errors.md", "layers.md", "verbs.md"])
def test_generated_pages_are_fresh(generate: ModuleType, name: str) -> None:
    wanted = generate.pages()[DOCS / name]
    assert (DOCS / name).read_text("utf-8") == wanted, f"docs/{name} is stale: run `make docs`"


def test_links_lead_somewhere() -> None:
    import re

    root = DOCS.parent
    documents = [*root.glob("*.md"), *DOCS.rglob("*.md")]
    assert len(documents) >= 10
    for document in documents:
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text("utf-8")):
            if "://" not in link:
                assert (document.parent / link).exists(), (
                    f"{document.name} links to {link}, which is not there"
                )
