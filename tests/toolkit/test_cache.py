from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from toolkit import cache, locks
from toolkit.cache_folders import lock_path
from toolkit.errors import CtkError, EnvironmentFailed, InternalFault, UsageFault

DAY = 86_400


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CTK_CACHE_LIMIT", raising=False)
    return tmp_path / "home"


def child(code: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def lay(folder: Path, size: int, days_old: float = 0) -> Path:
    folder.mkdir(parents=True)
    (folder / "data").write_bytes(bytes(size))
    then = time.time() - days_old * DAY
    for path in (folder / "data", folder):
        os.utime(path, (then, then))
    return folder


def key(word: str) -> str:
    """A key that an artifact may have, another one for every word."""
    return hashlib.sha256(word.encode()).hexdigest()[:32]


KEY = key("key")
MODEL = "colorization-v2"


def names(entries: list[cache.CacheEntry]) -> list[str]:
    return [entry.name for entry in entries]


def test_home_follows_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch):
    assert cache.cache_home() == home
    monkeypatch.setenv("CTK_HOME", "")
    assert cache.cache_home().name == "colorization-toolkit"
    monkeypatch.setenv("CTK_HOME", "somewhere/near")
    assert cache.cache_home() == Path.cwd() / "somewhere/near"
    assert not home.exists()  # asking creates nothing


def test_limit_follows_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch):
    assert cache.cache_limit() == 8 * 2**30
    monkeypatch.setenv("CTK_CACHE_LIMIT", "1000")
    assert cache.cache_limit() == 1000
    for wrong in ("-1", "8G", "1e9", "²", "9" * 5000, "9" * 19):
        monkeypatch.setenv("CTK_CACHE_LIMIT", wrong)
        with pytest.raises(UsageFault, match="CTK601") as caught:
            cache.cache_limit()
        assert len(caught.value.what) < 200


@pytest.mark.parametrize("name", ["..", "a/b", "", ".hidden", "a\0b", "x" * 129])
def test_names_cannot_leave_the_cache(home: Path, name: str):
    with pytest.raises(InternalFault):
        cache.artifact_folder(name)
    with pytest.raises(InternalFault):
        cache.model_folder(name, "released")


def test_key_depends_on_sources_options_and_version(monkeypatch: pytest.MonkeyPatch):
    key = cache.artifact_key({"prototxt": "a" * 64}, {"head": "ab", "opset": 13})
    assert len(key) == 32
    assert key == cache.artifact_key({"prototxt": "a" * 64}, {"opset": 13, "head": "ab"})
    others = {
        cache.artifact_key({"prototxt": "b" * 64}, {"head": "ab", "opset": 13}),
        cache.artifact_key({"caffemodel": "a" * 64}, {"head": "ab", "opset": 13}),
        cache.artifact_key({"prototxt": "a" * 64}, {"head": "bins", "opset": 13}),
    }
    monkeypatch.setattr(cache, "__version__", "99")
    others.add(cache.artifact_key({"prototxt": "a" * 64}, {"head": "ab", "opset": 13}))
    assert len(others | {key}) == 5


def test_artifact_is_filled_once_and_whole(home: Path):
    calls = []

    def fill(folder: Path) -> None:
        calls.append(folder)
        (folder / "x.onnx").write_bytes(b"onnx")

    first = cache.artifact(KEY, fill)
    assert cache.artifact(KEY, fill) == first == home / "artifacts" / KEY
    assert (first / "x.onnx").read_bytes() == b"onnx"
    assert len(calls) == 1
    assert calls[0].parent == first.parent  # a rename, not a copy
    assert not calls[0].exists()


def test_failed_filling_leaves_nothing(home: Path):
    def fill(folder: Path) -> None:
        (folder / "half").write_bytes(b"x")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.artifact(KEY, fill)
    assert list((home / "artifacts").iterdir()) == []


def test_two_processes_fill_one_key_once(home: Path, tmp_path: Path):
    log = tmp_path / "log"
    code = (
        "import os, sys, time, pathlib\n"
        "from toolkit import cache\n"
        "def fill(folder):\n"
        f"    with open({str(log)!r}, 'a') as f: f.write('filled\\n')\n"
        "    time.sleep(0.2)\n"
        "    (folder / 'x').write_text('whole')\n"
        "sys.stdin.readline()\n"
        f"print((cache.artifact({KEY!r}, fill) / 'x').read_text())\n"
    )
    children = [child(code) for _ in range(3)]
    results = [process.communicate("go\n", timeout=60) for process in children]
    assert [out for out, _ in results] == ["whole\n"] * 3
    assert log.read_text() == "filled\n"


def test_killed_filler_leaves_no_artifact_and_its_rest_is_removed(home: Path):
    code = (
        "import time\nfrom toolkit import cache\n"
        "def fill(folder):\n"
        "    (folder / 'half').write_text('x'); print('filling', flush=True); time.sleep(60)\n"
        f"cache.artifact({KEY!r}, fill)\n"
    )
    process = child(code)
    assert process.stdout is not None
    assert process.stdout.readline() == "filling\n"
    assert cache.clear([]) == []  # upkeep while it runs must not touch what it is filling
    assert len(list((home / "artifacts").glob(f".tmp-{KEY}-*/half"))) == 1
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert cache.entries() == []
    folder = cache.artifact(KEY, lambda folder: (folder / "x").touch())
    assert [path.name for path in (home / "artifacts").iterdir()] == [folder.name]


def test_rest_of_a_killed_filler_is_removed_by_clear_too(home: Path):
    lay(home / "artifacts" / f".tmp-{KEY}-0011aabb", 10)
    lay(home / ".trash-0011aabb", 10)
    (home / "locks").mkdir()
    cache.clear([])
    assert [path.name for path in home.iterdir() if path.name.startswith(".")] == []
    assert list((home / "artifacts").iterdir()) == []


def test_entries_tell_size_age_and_use(home: Path):
    lay(home / "models" / MODEL / "released", 1000, days_old=2)
    lay(home / "artifacts" / key("old"), 10, days_old=9)
    lay(home / "artifacts" / key("new"), 20)
    cache.use(home / "artifacts" / key("new"))
    found = cache.entries()
    assert names(found) == [key("old"), f"{MODEL}/released", key("new")]
    assert [entry.bytes for entry in found] == [10, 1000, 20]
    assert [entry.kind for entry in found] == ["artifact", "model", "artifact"]
    assert [entry.in_use for entry in found] == [False, False, True]
    locks.release(lock_path(home / "artifacts" / key("new"), "use"))
    assert not cache.entries()[2].in_use


def test_use_makes_an_entry_the_last_used(home: Path):
    lay(home / "artifacts" / key("a"), 1, days_old=9)
    lay(home / "artifacts" / key("b"), 1, days_old=8)
    cache.use(home / "artifacts" / key("a"))
    assert names(cache.entries()) == [key("b"), key("a")]


def test_eviction_takes_least_recently_used_artifacts_first(home: Path):
    lay(home / "models" / MODEL / "released", 500, days_old=30)
    lay(home / "models" / MODEL / "synthetic", 100, days_old=20)
    lay(home / "artifacts" / key("older"), 100, days_old=9)
    lay(home / "artifacts" / key("newer"), 100, days_old=1)
    assert cache.evict(800) == []
    assert names(cache.evict(750)) == [key("older")]
    assert names(cache.evict(0)) == [key("newer"), f"{MODEL}/synthetic"]
    assert names(cache.entries()) == [f"{MODEL}/released"]


def test_what_another_process_uses_is_neither_evicted_nor_cleared(home: Path):
    lay(home / "artifacts" / key("used"), 100, days_old=9)
    lay(home / "artifacts" / key("idle"), 100)
    process = child(
        f"import sys\nfrom toolkit import cache\ncache.use(cache.artifact_folder({key('used')!r}))\n"
        "print('ready', flush=True)\nsys.stdin.readline()\n"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    assert names(cache.evict(0)) == [key("idle")]
    assert cache.clear(cache.entries()) == []
    process.communicate("\n", timeout=30)
    assert names(cache.clear(cache.entries())) == [key("used")]


def test_artifact_over_the_limit_survives_its_own_filling(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CTK_CACHE_LIMIT", "50")
    lay(home / "artifacts" / key("old"), 30, days_old=1)
    folder = cache.artifact(KEY, lambda folder: (folder / "x").write_bytes(bytes(100)) and None)
    assert folder.is_dir()
    assert names(cache.entries()) == [KEY]


def test_a_file_in_place_of_the_cache_is_named(home: Path):
    home.parent.mkdir(exist_ok=True)
    home.write_text("I am a file")
    for act in (cache.entries, lambda: cache.artifact(KEY, lambda _: None)):
        with pytest.raises(EnvironmentFailed) as caught:
            act()
        assert caught.value.code == "CTK409"
        assert "CTK_HOME" in caught.value.notes[0]


def test_no_space_is_told_apart(home: Path):
    process = child(
        "import resource, signal, sys\nfrom toolkit import cache\nfrom toolkit.atomic import write_atomically\n"
        "from toolkit.errors import CtkError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"try: cache.artifact({KEY!r}, lambda f: write_atomically(f / 'x', bytes(5000)))\n"
        "except CtkError as e: print(e.code)\n"
        f"try: cache.artifact({KEY!r}, lambda f: (f / 'x').write_bytes(bytes(5000)))\n"
        "except CtkError as e: print(e.code)\n"
    )
    out, _ = process.communicate(timeout=60)
    assert out == "CTK402\nCTK402\n"
    assert list((home / "artifacts").iterdir()) == []


def test_errors_of_the_filler_pass_through(home: Path):
    def fill(_: Path) -> None:
        raise UsageFault("CTK601", "other")

    with pytest.raises(CtkError, match="CTK601"):
        cache.artifact(KEY, fill)


FOREIGN = (
    "models/resnet50/weights",  # a folder of models that another program keeps
    "models/resnet50/released",
    "models/colorization-v2/mine",
    "artifacts/build",
    "artifacts/0123abcd",
    "artifacts/.tmp-build-0011aabb",
    "artifacts/.tmp-build-12",
    ".trash-mine",
    "photos",
)


def test_folders_that_ctk_never_made_are_neither_listed_nor_removed(home: Path):
    for name in FOREIGN:
        lay(home / name, 1000, days_old=50)
    lay(home / "models" / MODEL / "released", 1)
    lay(home / "models" / MODEL / "synthetic", 1)
    lay(home / "artifacts" / key("a"), 1)
    assert sum(entry.bytes for entry in cache.entries()) == 3
    assert names(cache.evict(0)) == [key("a"), f"{MODEL}/synthetic"]
    assert names(cache.clear(cache.entries())) == [f"{MODEL}/released"]
    left = {str(path.parent.relative_to(home)) for path in home.rglob("data")}
    assert left == set(FOREIGN)


def test_an_artifact_bears_a_key_that_is_found_again(home: Path):
    assert cache.artifact_folder(cache.artifact_key({}, {})).parent == home / "artifacts"
    with pytest.raises(InternalFault, match="CTK702"):
        cache.artifact_folder("0123ABCD" * 4)
