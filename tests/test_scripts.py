"""start.sh and the set-up behind it, with a made-up Python in PATH: which way it takes and what it says."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
TOOLS = ("bash", "cat", "chmod", "cksum", "dirname", "env", "find", "flock", "id", "mkdir", "readlink", "rm", "sleep")
TOOLS += ("sort", "tail", "touch", "tr", "xargs")

SOURCES = ("pyproject.toml", "CMakeLists.txt", "requirements/run.txt", "src/qingmo/llm.py", "native/a.cpp")
SOURCES += ("web/src/main.tsx", "scripts/build_backend.py", "scripts/build_page.py", "scripts/zig.py")

# A Python that notes its calls and does as told by NO_VENV, NO_PIP, NO_HEADERS, NO_NODE, NO_WHEEL, VERSION,
# PIP_FAILS, HAS_VIRTUALENV and PIP_SECONDS.
FAKE_PYTHON = r"""#!/bin/bash
case "$*" in
  *"version_info < (3, 10)"*) [[ ${VERSION:-3.12.1} != 3.[0-9].* ]] ;;
  *platform.python_version*"Python"* | *'print("Python"'*) echo "Python ${VERSION:-3.12.1}" ;;
  *platform.python_version*) echo "${VERSION:-3.12.1}" ;;
  *'"%d.%d"'*) echo 3.12 ;;
  *"import venv, ensurepip"*) [ -z "$NO_VENV" ] ;;
  *"import virtualenv"*) [ -n "$HAS_VIRTUALENV" ] ;;
  *Python.h*) [ -z "$NO_HEADERS" ] ;;
  *"-m pip --version"*) [ -z "$NO_PIP" ] || [[ $0 == *.venv* ]] ;;
  "-m venv "* | "-m virtualenv "*)
    echo "$*" >>"$CALLS"
    mkdir -p .venv/bin && cat "$0" >.venv/bin/python && chmod +x .venv/bin/python ;;
  "scripts/build_page.py --lacks-node") [ -n "$NO_NODE" ] ;;
  "scripts/build_page.py") ;;
  "-m pip install"*)
    echo "$*" >>"$CALLS"
    if [ -n "$PIP_FAILS" ]; then echo "ERROR: no route to the index"; exit 1; fi
    if [ -n "$NO_WHEEL" ] && [[ $* == *--only-binary* ]]; then echo "ERROR: no matching distribution"; exit 1; fi
    sleep "${PIP_SECONDS:-0}"
    if [[ $* == *" ." ]]; then
      printf '#!/bin/bash\necho "qingmo got: $*"\n' >.venv/bin/qingmo && chmod +x .venv/bin/qingmo
    fi ;;
  *) echo "unexpected: $*" >&2; exit 99 ;;
esac
"""
FAKE_UV = """#!/bin/bash
echo "uv $*" >>"$CALLS"
exec python3 -m venv .venv
"""


class Machine:
    """A checkout in a folder with an awkward name, and a PATH with nothing in it but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "我的 checkout"
        self.bin = folder / "bin"
        self.calls_file = folder / "calls"
        self._copy_checkout()
        self.bin.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found, tool
            (self.bin / tool).symlink_to(found)
        self.add("python3", FAKE_PYTHON)
        self.add("g++", "#!/bin/bash\n")

    def _copy_checkout(self) -> None:
        for name in ("start.sh", "scripts/setup.sh", "scripts/install_command.sh"):
            (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, self.checkout / name)
        for name in SOURCES:
            (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
            (self.checkout / name).write_text(name)

    def add(self, name: str, script: str) -> None:
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def begin(self, *arguments: str, script: Path | None = None, **variables: str) -> subprocess.Popen[str]:
        environment = {"PATH": str(self.bin), "HOME": "/", "CALLS": str(self.calls_file), **variables}
        command = [str(script or self.checkout / "start.sh"), *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, env=environment, cwd="/", stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )

    def start(self, *arguments: str, **options: str) -> tuple[int, str, str]:
        process = self.begin(*arguments, **options)  # type: ignore[arg-type]
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    @property
    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_first_start_installs_pinned_libraries_and_hands_the_arguments_on(machine: Machine) -> None:
    code, out, err = machine.start("chat", "--prompt", "你好 there")
    assert (code, out) == (0, "qingmo got: chat --prompt 你好 there\n"), err
    assert [call.split()[1] for call in machine.calls] == ["venv", "pip", "pip", "pip"]
    assert all("--require-hashes" in call for call in machine.calls[1:3])
    assert "--no-build-isolation" in machine.calls[3] and "-e" not in machine.calls[3].split()


def test_where_llguidance_has_no_wheel_all_else_is_set_up(machine: Machine) -> None:
    code, out, err = machine.start("info", NO_WHEEL="1")
    assert (code, out) == (0, "qingmo got: info\n")
    assert "no JSON schemas" in err


def test_without_arguments_the_server_starts(machine: Machine) -> None:
    assert machine.start()[1] == "qingmo got: serve\n"


def test_flags_alone_are_the_server_s(machine: Machine) -> None:
    assert machine.start("--host", "0.0.0.0")[1] == "qingmo got: serve --host 0.0.0.0\n"
    assert machine.start("--help")[1] == "qingmo got: --help\n"
    assert machine.start("--version")[1] == "qingmo got: --version\n"
    assert machine.start("info", "--threads", "1")[1] == "qingmo got: info --threads 1\n"


def test_second_start_installs_nothing_and_says_nothing(machine: Machine) -> None:
    machine.start()
    first = machine.calls
    assert machine.start("info") == (0, "qingmo got: info\n", "")
    assert machine.calls == first


def test_without_node_the_one_of_pypi_builds_the_page(machine: Machine) -> None:
    assert machine.start(NO_NODE="1")[0] == 0
    assert [call.split()[-1] for call in machine.calls if "requirements/node.txt" in call] == ["requirements/node.txt"]


def test_without_a_compiler_the_one_of_pypi_compiles_the_engine(machine: Machine) -> None:
    (machine.bin / "g++").unlink()
    code, out, err = machine.start("info")
    assert (code, out) == (0, "qingmo got: info\n"), err
    assert machine.calls[-2].endswith("-r requirements/zig.txt") and "--require-hashes" in machine.calls[-2]
    assert machine.calls[-1].endswith(" .")


@pytest.mark.parametrize("name", ["web/node_modules/a.js", "web/test/a.test.ts", "src/qingmo/server/page/index.html"])
def test_what_a_build_or_a_test_leaves_behind_sets_nothing_up_again(machine: Machine, name: str) -> None:
    machine.start()
    first = machine.calls
    (machine.checkout / name).parent.mkdir(parents=True)
    (machine.checkout / name).write_text("built")
    machine.start()
    assert machine.calls == first


@pytest.mark.parametrize("changed", SOURCES)
def test_a_changed_file_is_installed_into_the_same_venv(machine: Machine, changed: str) -> None:
    machine.start()
    (machine.checkout / changed).write_text("something else")
    machine.start()
    assert sum("-m venv" in call for call in machine.calls) == 1
    assert sum(call.endswith(" .") for call in machine.calls) == 2


def test_a_moved_checkout_is_set_up_again(machine: Machine) -> None:
    machine.start()
    machine.checkout = machine.checkout.rename(machine.checkout.with_name("elsewhere"))
    assert machine.start()[0] == 0
    assert sum(call.endswith(" .") for call in machine.calls) == 2


def test_a_set_up_that_was_cut_off_begins_afresh(machine: Machine) -> None:
    process = machine.begin(PIP_SECONDS="60")
    while not any("pip install" in call for call in machine.calls):
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (machine.checkout / ".venv/half-written").touch()
    assert machine.start()[0] == 0
    assert not (machine.checkout / ".venv/half-written").exists()


def test_two_starts_at_once_set_up_once(machine: Machine) -> None:
    both = [machine.begin(PIP_SECONDS="0.3") for _ in range(2)]
    answers = [process.communicate(timeout=60)[0] for process in both]
    assert answers == ["qingmo got: serve\n"] * 2
    assert sum(call.endswith(" .") for call in machine.calls) == 1


def test_started_through_a_link_from_elsewhere(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "first").symlink_to("我的 checkout/start.sh")
    (tmp_path / "second").symlink_to(tmp_path / "first")
    process = machine.begin("info", script=tmp_path / "second")
    assert process.communicate(timeout=60)[0] == "qingmo got: info\n"


def test_a_failed_step_shows_the_end_of_its_log_and_where_it_is(machine: Machine) -> None:
    code, out, err = machine.start(PIP_FAILS="1")
    assert (code, out) == (1, "")
    assert "ERROR: no route to the index" in err
    assert f"{machine.checkout}/build/setup.log" in err
    assert machine.start()[0] == 0
    assert sum("-m venv" in call for call in machine.calls) == 1, "what was done is kept"


def test_too_old_python_is_named_with_the_command_that_helps(machine: Machine) -> None:
    machine.add("apt-get", "#!/bin/bash\n")
    machine.add("apt-cache", '#!/bin/bash\n[ "$2" = python3.11-venv ]\n')
    code, _, err = machine.start(VERSION="3.8.10")
    assert code == 1
    assert f"found Python 3.8.10 ({machine.bin}/python3)" in err
    assert "apt install python3.11 python3.11-venv python3.11-dev" in err


def test_a_newer_python_is_found_beside_an_old_one(machine: Machine) -> None:
    machine.add("python3.12", "#!/bin/bash\nexport VERSION=3.12.1\n. " + str(machine.bin / "python3") + "\nexit $?\n")
    code, _, err = machine.start(VERSION="3.8.10")
    assert code == 0
    assert f"Python 3.12.1 ({machine.bin}/python3.12)" in err


def test_python_of_choice(machine: Machine) -> None:
    machine.add("snake", FAKE_PYTHON)
    assert f"({machine.bin}/snake)" in machine.start(PYTHON="snake")[2]
    shutil.rmtree(machine.checkout / ".venv")
    assert "PYTHON is missing-python" in machine.start(PYTHON="missing-python")[2]


def test_no_python_at_all(machine: Machine) -> None:
    (machine.bin / "python3").unlink()
    assert "found none" in machine.start()[2]


def test_python_without_venv_uses_its_virtualenv(machine: Machine) -> None:
    assert machine.start(NO_VENV="1", HAS_VIRTUALENV="1")[0] == 0
    assert machine.calls[0] == "-m virtualenv .venv"


def test_python_without_venv_fetches_virtualenv_by_pip(machine: Machine) -> None:
    assert machine.start(NO_VENV="1")[0] == 0
    assert "--require-hashes --target build/virtualenv" in machine.calls[0]
    assert machine.calls[1] == "-m virtualenv .venv"


def test_python_with_neither_venv_nor_pip_uses_uv(machine: Machine) -> None:
    machine.add("uv", FAKE_UV)
    assert machine.start(NO_VENV="1", NO_PIP="1")[0] == 0
    assert machine.calls[0].startswith("uv venv --quiet --seed")


def test_python_with_neither_venv_nor_pip_names_one_command(machine: Machine) -> None:
    machine.add("apt-get", "#!/bin/bash\n")
    code, _, err = machine.start(NO_VENV="1", NO_PIP="1")
    assert code == 1 and "apt install python3-venv\n" in err
    assert machine.calls == []


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("apt-get", "apt install g++ python3-dev python3-venv"),
        ("dnf", "dnf install gcc-c++ python3-devel python3-pip"),
        ("zypper", "zypper install gcc-c++ python3-devel python3-pip"),
        ("pacman", "pacman -S gcc python python-pip"),
        ("apk", "apk add build-base python3-dev py3-pip"),
    ],
)
def test_everything_missing_is_named_in_one_command(machine: Machine, manager: str, command: str) -> None:
    (machine.bin / "g++").unlink()
    machine.add(manager, "#!/bin/bash\n")
    code, _, err = machine.start(NO_VENV="1", NO_PIP="1", NO_HEADERS="1")
    assert code == 1 and command in err
    assert machine.calls == [], "nothing is downloaded before that is settled"


def test_locks_pin_and_hash_every_package_and_name_no_index() -> None:
    for lock in (REPOSITORY / "requirements").glob("*.txt"):
        text = lock.read_text()
        entries = re.split(r"\n(?=\S)", text.strip())
        assert all(re.match(r"[\w.-]+==\S+", entry) and "--hash=sha256:" in entry for entry in entries), lock
        assert "://" not in text and "--index" not in text


def test_lock_holds_every_run_time_dependency() -> None:
    pyproject = (REPOSITORY / "pyproject.toml").read_text()
    block = re.search(r"^dependencies = \[(.*?)^\]", pyproject, re.DOTALL | re.MULTILINE)
    assert block
    names = re.findall(r'"([\w-]+)', block[1])
    locked = set(re.findall(r"^([\w.-]+)==", (REPOSITORY / "requirements/run.txt").read_text(), re.MULTILINE))
    assert names and set(names) <= locked


def test_in_ci_a_skip_is_a_failure_that_gives_its_reason(tmp_path: Path) -> None:
    (tmp_path / "test_skipped.py").write_text("import pytest\ndef test(): pytest.skip('no such machine')\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.no_skips", "-p", "no:cacheprovider", str(tmp_path)]

    def run(**variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **variables}
        return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)

    assert run().returncode == 0
    forbidden = run(QINGMO_FORBID_SKIPS="1")
    assert forbidden.returncode == 1 and "no such machine" in forbidden.stdout
