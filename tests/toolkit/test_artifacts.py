"""Which artifact a path or a name means."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_samples import lay_distribution, on_path

from toolkit import plugins
from toolkit.artifacts import artifact_path
from toolkit.errors import UsageFault

MODEL = "colorization-v2-norebal"
MAKER = """
from pathlib import Path
from toolkit.errors import EnvironmentFailed, UsageFault

def make(model=None, *, format):
    if format == "full":
        raise EnvironmentFailed("CTK402", "no space")
    if format not in {"onnx", "openvino"}:
        raise UsageFault("CTK602", "no route")
    return Path("/made") / model / format
"""


@pytest.fixture
def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another maker of artifacts, in place of the one of `converters`."""
    lay_distribution(
        tmp_path / "site",
        {"ctk.artifacts": {"on-demand": "sample_maker:make"}},
        modules={"sample_maker": MAKER},
    )
    on_path(tmp_path / "site", monkeypatch, "sample_maker")
    listed = plugins.members

    def without_own(group: str) -> dict[str, object]:
        if group != "ctk.artifacts":
            return dict(listed(group))
        (found,) = [p for p in plugins.entry_points(group=group) if p.value.startswith("sample_maker")]
        return {found.name: found}

    monkeypatch.setattr(plugins, "members", without_own)


def test_a_path_is_itself_whether_or_not_it_exists(tmp_path: Path):
    assert artifact_path(tmp_path / MODEL, ["onnx"]) == tmp_path / MODEL


@pytest.mark.usefixtures("maker")
def test_a_file_wins_over_a_model_of_that_name_and_a_folder_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert artifact_path(MODEL, ["onnx"]) == Path("/made") / MODEL / "onnx"
    Path(MODEL).mkdir()
    assert artifact_path(MODEL, ["onnx"]) == Path("/made") / MODEL / "onnx"
    Path(MODEL).rmdir()
    Path(MODEL).touch()
    assert artifact_path(MODEL, ["onnx"]) == Path(MODEL)


@pytest.mark.usefixtures("maker")
def test_the_first_format_that_can_be_made_is():
    assert artifact_path(MODEL, ["om", "openvino", "onnx"]).name == "openvino"
    with pytest.raises(UsageFault) as caught:
        artifact_path(MODEL, ["om", "keras"])
    assert caught.value.code == "CTK602"
    assert "om, keras" in caught.value.what


@pytest.mark.usefixtures("maker")
def test_another_failure_is_not_taken_for_a_format_that_cannot_be_made():
    with pytest.raises(Exception, match="CTK402"):
        artifact_path(MODEL, ["full", "onnx"])
