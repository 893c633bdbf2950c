"""The entry point in its own process: exit statuses, error lines, streams, other distributions' packages."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.app import main
from toolkit.messages import note
from toolkit.version import __version__

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def ctk(tmp_path: Path) -> Run:
    """Runs ctk in an empty folder with a cache of its own; keyword arguments are environment variables."""

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "toolkit", *words],
            cwd=tmp_path,
            env=os.environ | {"CTK_HOME": str(tmp_path / "home")} | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[[str, str], str]:
    """Another distribution that registers the verb `other`; gives the folder for PYTHONPATH."""

    def make(module: str, source: str) -> str:
        folder = tmp_path / "site"
        info = folder / "ctk_other-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ctk-other\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[ctk.commands]\nother = {module}:command\n")
        if source:
            (folder / f"{module}.py").write_text(source)
        return str(folder)

    return make


def error_lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The error lines; everything else must be a note or a warning."""
    lines = done.stderr.splitlines()
    assert all(line.startswith(("error: ", "note: ", "warning: ")) for line in lines), done.stderr
    return [line for line in lines if line.startswith("error: ")]


def test_version_and_help(ctk: Run) -> None:
    version, usage = ctk("--version"), ctk("--help")
    assert (version.returncode, version.stdout, version.stderr) == (0, f"ctk {__version__}\n", "")
    assert usage.returncode == 0
    assert {"convert", "doctor", "explain"} <= {
        line.split()[0] for line in usage.stdout.splitlines() if line.strip()
    }


def test_nothing_said_shows_the_help_as_usage_fault(ctk: Run) -> None:
    done = ctk()
    assert (done.returncode, done.stdout) == (64, "")
    assert "Usage: ctk" in done.stderr


@pytest.mark.parametrize(
    ("words", "status", "line", "note"),
    [
        (["conver"], 64, "error: CTK601 unknown verb 'conver'", "note: did you mean 'convert'?"),
        (["models", "--nope"], 64, "error: CTK601 No such option: --nope", "note: see: ctk models --help"),
        (["models", "a", "b"], 64, "error: CTK601 Got unexpected extra argument(s) (b)", "note: see: ctk models --help"),
        (["cache", "nope"], 64, "error: CTK601 No such command 'nope'", "note: see: ctk cache --help"),
        (["models", "colorization-v3"], 64, "error: CTK603 unknown model 'colorization-v3'", "note: did you mean 'colorization-v2'?"),
    ],
)  # fmt: skip
def test_usage_faults(ctk: Run, words: list[str], status: int, line: str, note: str) -> None:
    done = ctk(*words)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.splitlines() == [line, note]


def test_bad_input_is_five_and_hostile_names_stay_on_the_line(ctk: Run) -> None:
    done = ctk("convert", "no\nsuch\x1b[31m.prototxt", "-o", "out.onnx")
    assert done.returncode == 5
    (line,) = error_lines(done)
    assert line.startswith("error: CTK501 ")
    assert r"no\nsuch\x1b[31m.prototxt" in line


def test_debug_anywhere_shows_the_traceback_and_the_line(ctk: Run) -> None:
    for words in (["--debug", "models", "nope"], ["models", "nope", "--debug"], ["models", "--debug", "nope", "--debug"]):  # fmt: skip
        done = ctk(*words)
        assert done.returncode == 64
        assert "Traceback (most recent call last)" in done.stderr
        assert "\nerror: CTK603 unknown model 'nope'\n" in done.stderr


def test_a_package_of_another_that_hides_ours_is_ctk405(ctk: Run, tmp_path: Path) -> None:
    (tmp_path / "other" / "benchmarks").mkdir(parents=True)
    (tmp_path / "other" / "benchmarks" / "__init__.py").touch()
    done = ctk("models", PYTHONPATH=str(tmp_path / "other"))
    assert done.returncode == 4
    (line,) = error_lines(done)
    assert line == (
        "error: CTK405 the package 'benchmarks' is not ctk's: "
        f"another one was found at {tmp_path / 'other' / 'benchmarks'}"
    )


VERB = '''
def command(word: str = "") -> None:
    """Do another thing."""
'''


def test_a_verb_of_another_distribution(ctk: Run, plugin: Callable[[str, str], str]) -> None:
    site = plugin("other_verb", VERB + "    print('done')\n")
    assert "Do another thing." in ctk("--help", PYTHONPATH=site).stdout
    done = ctk("other", PYTHONPATH=site)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "No module named 'other_verb'"),
        ("import no_such_runtime", "No module named 'no_such_runtime'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def command(:", "SyntaxError: "),
        ("commando = 1", "AttributeError: "),
        ("command = 1", ""),
    ],
)
def test_a_broken_verb_of_another_distribution_harms_only_itself(
    ctk: Run, plugin: Callable[[str, str], str], source: str, reason: str
) -> None:
    site = plugin("other_verb", source)
    usage = ctk("--help", PYTHONPATH=site)
    assert usage.returncode == 0
    assert "  models " in usage.stdout
    assert "  other " not in usage.stdout
    assert "warning: the verb 'other' is registered but" in usage.stderr
    assert ctk("models", PYTHONPATH=site).returncode == 0
    done = ctk("other", PYTHONPATH=site)
    assert done.returncode == 4
    (line,) = error_lines(done)
    assert line.startswith("error: CTK404 the verb 'other' is registered but")
    assert reason in line


@pytest.mark.parametrize(
    ("body", "status", "start"),
    [
        ("raise KeyError('conv1')", 70, "error: CTK702 bug in ctk: KeyError: 'conv1' (in command, other_verb.py:4)"),
        ("raise MemoryError", 4, "error: CTK408 out of memory"),
        ("command(word)", 5, "error: CTK502 the input is nested too deeply to be read"),
        ("open('/no/such/file')", 70, "error: CTK702 bug in ctk: FileNotFoundError: "),
        ("raise KeyboardInterrupt", 130, "error: CTK801 interrupted"),
    ],
)  # fmt: skip
def test_whatever_a_verb_raises_becomes_one_line(
    ctk: Run, plugin: Callable[[str, str], str], body: str, status: int, start: str
) -> None:
    done = ctk("other", PYTHONPATH=plugin("other_verb", f"{VERB}    {body}\n"))
    assert done.returncode == status
    (line,) = error_lines(done)
    assert line.startswith(start)


@pytest.mark.parametrize(("returned", "status"), [("None", 0), ("0", 0), ("3", 3)])
def test_what_a_verb_returns_is_the_status(
    ctk: Run, plugin: Callable[[str, str], str], returned: str, status: int
) -> None:
    source = f"{VERB}    return {returned}\n"
    assert ctk("other", PYTHONPATH=plugin("other_verb", source)).returncode == status


def started(folder: Path, site: str) -> subprocess.Popen[str]:
    """The verb `other` of a folder of plugins, running in a process of its own."""
    # A shell that starts the tests in the background has SIGINT ignored in all that comes of it; a handler is not
    # inherited, and leaves the new process the default.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "toolkit", "other"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": site},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_130_with_one_line(
    tmp_path: Path, plugin: Callable[[str, str], str], sent: signal.Signals
) -> None:
    # Not print: a signal within its flush may leave the line in the buffer, to be written once more.
    body = "    import os, time\n    os.write(1, b'ready\\n')\n    time.sleep(60)\n"
    site = plugin("other_verb", VERB + body)
    with started(tmp_path, site) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(sent)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "error: CTK801 interrupted\n")


def test_a_second_request_to_end_does_not_cut_short_what_the_first_began(
    tmp_path: Path, plugin: Callable[[str, str], str]
) -> None:
    body = (
        "    import os, time\n    try:\n        os.write(1, b'ready\\n')\n        time.sleep(60)\n"
        "    finally:\n        os.write(1, b'cleaning\\n')\n        time.sleep(1)\n        print('cleaned')\n"
    )
    site = plugin("other_verb", VERB + body)
    with started(tmp_path, site) as process:
        assert process.stdout is not None
        for line in ("ready\n", "cleaning\n"):
            assert process.stdout.readline() == line
            process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "cleaned\n", "error: CTK801 interrupted\n")


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, plugin: Callable[[str, str], str]) -> None:
    body = "    for number in range(100000):\n        print('line', number)\n"
    site = plugin("other_verb", VERB + body)
    with started(tmp_path, site) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "line 0\n"
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(timeout=30) == 0
    assert err == ""


def in_shell(tmp_path: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line.replace("ctk", f"'{sys.executable}' -m toolkit", 1)],
        cwd=tmp_path,
        env=os.environ | {"CTK_HOME": str(tmp_path / "home")} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("ctk models >&-", 0),
        ("ctk models <&- >&- 2>&-", 0),
        ("ctk models nope 2>&-", 64),
        ("ctk models nope 2>/dev/full", 64),
        ("ctk models nope >/dev/full", 64),
    ],
)
def test_closed_and_full_streams_do_not_change_the_status(tmp_path: Path, line: str, status: int) -> None:
    done = in_shell(tmp_path, line)
    assert done.returncode == status
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("line", ["ctk models >/dev/full", "ctk models --json - >/dev/full"])
def test_standard_output_on_a_full_disk_is_ctk402(tmp_path: Path, line: str) -> None:
    done = in_shell(tmp_path, line)
    assert done.returncode == 4
    assert error_lines(done) == ["error: CTK402 no space to write standard output: No space left on device"]


def test_an_encoding_without_the_character_gives_an_escape(tmp_path: Path) -> None:
    done = in_shell(tmp_path, "ctk models", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"1\xd71\xd7224\xd7224" in done.stdout


def test_json_into_a_process_substitution(tmp_path: Path) -> None:
    done = in_shell(tmp_path, "ctk models --json >(grep -c schema >count); sleep 0.2; wait")
    assert done.stderr == ""
    assert (tmp_path / "count").read_text() == "1\n"


@pytest.mark.parametrize(
    ("ending", "status", "error"),
    [
        ("return 1", 1, ""),
        ("return 0", 0, ""),
        ("raise errors.CheckFailed('CTK101', 'they differ')", 1, "error: CTK101 they differ\n"),
    ],
)
@pytest.mark.parametrize(
    "how", ["print('x' * 99)", "console.Console().print('x' * 99)"], ids=["print", "rich"]
)
def test_a_reader_that_goes_away_does_not_change_the_status(
    plugin: Callable[[str, str], str], tmp_path: Path, how: str, ending: str, status: int, error: str
) -> None:
    source = (
        "from toolkit import errors\nfrom rich import console\n"
        f"def command():\n    for _ in range(5000):\n        {how}\n    {ending}\n"
    )
    folder = plugin("other_verb", source)
    with subprocess.Popen(
        [sys.executable, "-m", "toolkit", "other"],
        env=os.environ | {"PYTHONPATH": folder}, cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("xxx")
        process.stdout.close()
        assert (process.stderr.read(), process.wait(60)) == (error, status)


def test_quiet_ends_with_the_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--quiet"]) == 0
    note("told again")
    assert capsys.readouterr().err.endswith("note: told again\n")
