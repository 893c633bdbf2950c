"""Puts a mutant in the place of its module, in a forked child, and lets the tests at it."""

from __future__ import annotations

import ast
import contextlib
import importlib
import os
import re
import resource
import signal
import sys
import tempfile
import types
from pathlib import Path

from tools.mutation.golden import all_cases, cases_of, fails

ROOT = Path(__file__).parents[2]
LAYERS = "converters.caffe.layers"
_TESTS = ROOT / "tests" / "converters" / "caffe" / "layers"
# Tests of many types at once, taken where they name one of the file's types.
_OF_MANY = (
    "test_pointwise.py",
    "test_refused_types.py",
    "test_counts_of_bottoms_and_tops.py",
    "test_handler_details.py",
)
_SECONDS = 120
_MOST_BYTES = 6 << 30
_SURVIVED, _KILLED = 0, 1


def preload() -> None:
    """Imports what every child needs, so that forking is all it costs."""
    for name in ("onnx", "onnxruntime", "pytest", "scipy.special", "converters.onnx.emit",
                 "converters.onnx.stream_writer", "converters.caffe.build", "converters.caffe.reference"):  # fmt: skip
        importlib.import_module(name)
    all_cases()


def users_of(stem: str) -> list[str]:
    """The file's own stem, and those of the layer files that import it, for a helper such as `_windows`."""
    users = [stem] if not stem.startswith("_") else []
    for path in sorted(Path(ROOT, "converters/caffe/layers").glob("*.py")):
        text = path.read_text("utf-8")
        if path.stem not in {stem, "registry"} and (
            f"layers.{stem} import" in text or re.search(rf"layers import \(?[^)\n]*\b{stem}\b", text)
        ):
            users += users_of(path.stem) if path.stem.startswith("_") else [path.stem]
    return list(dict.fromkeys(users))


def tests_of(stems: list[str]) -> list[str]:
    """Test files of layer files: those named after them, and those that name one of their types."""
    wanted = types_of(stems)
    files = [_TESTS / f"test_{stem}.py" for stem in stems]
    if any("shares_memory(" in text or "keeps_values(" in text for text in map(_text_of, stems)):
        files.append(ROOT / "tests" / "converters" / "caffe" / "test_aliasing.py")
    files += [
        path
        for path in (_TESTS / name for name in _OF_MANY)
        if path.exists() and any(f'"{name}"' in path.read_text("utf-8") for name in wanted)
    ]
    return [str(path) for path in dict.fromkeys(files) if path.exists()]


def types_of(stems: list[str]) -> set[str]:
    """Layer types that the files register."""
    from converters.caffe.layers import registry

    registry.load_all()
    modules = {f"{LAYERS}.{stem}" for stem in stems}
    found = {name for name, function in registry.SHAPES.items() if function.__module__ in modules}
    for stem in stems:  # types that a file only refuses have no functions of their own
        text = _text_of(stem)
        found |= {name for name in registry.REFUSED if f'"{name}"' in text}
    return found


def _text_of(stem: str) -> str:
    return (ROOT / "converters" / "caffe" / "layers" / f"{stem}.py").read_text("utf-8")


def survives(stem: str, tree: ast.Module) -> bool:
    """Whether no test notices the mutant; an error, a timeout or too much memory count as noticed."""
    stems = users_of(stem)
    tests, kinds = tests_of(stems), types_of(stems)
    child = os.fork()
    if child == 0:
        status = _KILLED
        try:
            status = _attempt(stem, tree, kinds, tests)
        except BaseException:  # whatever a mutant does wrong, it was noticed
            status = _KILLED
        finally:
            os._exit(status)
    _, outcome = os.waitpid(child, 0)
    return os.WIFEXITED(outcome) and os.WEXITSTATUS(outcome) == _SURVIVED


def _attempt(stem: str, tree: ast.Module, kinds: set[str], tests: list[str]) -> int:
    _silence()
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_BYTES, _MOST_BYTES))
    signal.alarm(4 * _SECONDS)
    os.fsync = lambda _: None  # type: ignore[assignment] # nothing here has to outlive a power cut
    _install(stem, tree)
    with tempfile.TemporaryDirectory(prefix="ctk-mutant-") as folder:
        os.chdir(folder)
        if any(fails(case, Path(folder)) for case in cases_of(kinds)):
            return _KILLED
        # The tests of many types only as far as they name one of these.
        own = [name for name in tests if Path(name).name not in _OF_MANY]
        shared = [name for name in tests if name not in own]
        words = sorted(kinds | {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind) for kind in kinds})
        named = any(_pytest([name], folder, ["-k", " or ".join(words)]) for name in shared)
        return _KILLED if named or _pytest(own, folder, []) else _SURVIVED


def _pytest(tests: list[str], folder: str, options: list[str]) -> bool:
    """Whether one of the tests fails; nothing chosen is nothing failed."""
    import pytest

    if not tests:
        return False
    sys.path.insert(0, str(ROOT))
    common = ["-x", "-q", "-p", "no:cacheprovider", "--assert=plain", "-m", "not slow"]
    places = ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), "--basetemp", f"{folder}/pytest"]
    outcome = pytest.main([*common, *places, *options, *tests])
    return outcome not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}


def _silence() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)


def _install(stem: str, tree: ast.Module) -> None:
    """Loads all layer files anew, with the mutant in the place of one of them."""
    from converters.caffe.layers import registry

    for variable, table in vars(registry).items():
        if variable.isupper() and isinstance(table, dict):
            table.clear()
    registry.load_all.cache_clear()
    for name in [name for name in sys.modules if name.startswith(f"{LAYERS}.") and name != registry.__name__]:
        del sys.modules[name]
        with contextlib.suppress(AttributeError):
            delattr(sys.modules[LAYERS], name.rpartition(".")[2])
    name = f"{LAYERS}.{stem}"
    module = types.ModuleType(name)
    path = ROOT / "converters" / "caffe" / "layers" / f"{stem}.py"
    module.__file__ = str(path)
    module.__package__ = LAYERS
    sys.modules[name] = module
    exec(compile(tree, str(path), "exec"), module.__dict__)  # noqa: S102 - our own source, changed in one place
    registry.load_all()
