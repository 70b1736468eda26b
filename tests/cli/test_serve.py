"""`qingmo serve` as a process: what it prints, how it starts, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from driver import COMMAND, PATIENCE, qingmo
from serving import HELLO, Running, serve

from qingmo.model.cache import exclusive


@pytest.fixture
def free_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    yield port


def test_the_ready_line_names_the_address_and_is_all_on_standard_output(toy_folder: Path, free_port: int) -> None:
    with serve(toy_folder, PORT=str(free_port)) as running:
        assert running.url == f"http://127.0.0.1:{free_port}"
        assert running.client.get("/ready").json() == {"status": "ok"}
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(PATIENCE) == 0
        assert running.process.stdout is not None and running.process.stdout.read() == ""


def test_a_flag_beats_the_variable(toy_folder: Path, free_port: int) -> None:
    with serve(toy_folder, "--port", str(free_port), PORT="1") as running:
        assert running.port == free_port


def test_a_port_in_use_names_the_process_that_has_it_and_another_port(toy_folder: Path) -> None:
    with serve(toy_folder) as running:
        second = qingmo("serve", "--model-name-or-path", str(toy_folder), "--port", str(running.port))
        assert second.returncode == 1
        told = second.stderr.decode()
        assert f"Port {running.port} on 127.0.0.1 is in use by python" in told
        assert f"(process {running.process.pid})" in told and f"--port {running.port + 1}" in told


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--port", "70000"], 2, "--port is 70000"),
        (["--host", "no.such.host.invalid"], 2, "--host is 'no.such.host.invalid'"),
        (["--root-path", "qingmo/"], 2, "--root-path is 'qingmo/'; it must look like /qingmo"),
        (["--api-keys-file", "/no/such/file"], 2, "--api-keys-file /no/such/file cannot be read"),
        (["--allowed-origins", "app.example"], 2, "--allowed-origins has 'app.example'"),
        (["--max-queue", "0"], 2, "--max-queue is 0"),
        (["--model-name-or-path", "/no/such/folder"], 1, "There is no folder /no/such/folder"),
    ],
)
def test_a_wrong_flag_is_refused_in_one_message(arguments: list[str], status: int, message: str) -> None:
    done = qingmo("serve", "--port", "0", *arguments)
    assert (done.returncode, done.stdout) == (status, b"")
    assert message in done.stderr.decode() and "Traceback" not in done.stderr.decode()


def test_a_file_without_a_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("# none yet\n\n")
    done = qingmo("serve", "--api-keys-file", str(tmp_path / "keys"))
    assert done.returncode == 2 and b"holds no key" in done.stderr


def test_the_network_without_a_key_gets_a_warning(toy_folder: Path) -> None:
    with serve(toy_folder, "--host", "0.0.0.0") as running:
        assert "Warning: --host 0.0.0.0 lets every machine" in running.log
        assert running.url.startswith("http://127.0.0.1:")
    with serve(toy_folder) as running:
        assert "Warning" not in running.log


@contextmanager
def loading(
    toy_folder: Path, cache: Path, port: int
) -> Iterator[tuple[subprocess.Popen[str], httpx.Client, ExitStack]]:
    """A server whose model cannot be packed until the stack is closed, and a client of it."""
    command = [*COMMAND, "serve", "--model-name-or-path", str(toy_folder), "--port", str(port)]
    (cache / "packed").mkdir()
    with ExitStack() as obstacle:
        obstacle.enter_context(exclusive(cache / "packed", lambda: None))
        environment = {**os.environ, "QINGMO_CACHE": str(cache)}
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                wait_until_somebody_listens(port)
                yield process, client, obstacle
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def wait_until_somebody_listens(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while not somebody_listens(port):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def somebody_listens(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def test_it_answers_from_the_start_and_says_that_the_model_is_loading(
    toy_folder: Path, tmp_path: Path, free_port: int
) -> None:
    with loading(toy_folder, tmp_path, free_port) as (process, client, obstacle):
        health = client.get("/health")
        assert health.status_code == 503 and health.json()["status"] == "loading"
        refused = client.post("/v1/chat/completions", json={"messages": HELLO})
        assert refused.status_code == 503 and int(refused.headers["retry-after"]) > 0
        assert "The model is loading" in refused.json()["error"]["message"]
        obstacle.close()
        assert process.stdout is not None and process.stdout.readline().startswith("Server running at ")
        assert client.get("/health").json() == {"status": "ok"}
        assert client.post("/v1/chat/completions", json={"messages": HELLO, "max_tokens": 2}).status_code == 200


def test_ctrl_c_while_the_model_loads_ends_it_at_once(toy_folder: Path, tmp_path: Path, free_port: int) -> None:
    with loading(toy_folder, tmp_path, free_port) as (process, client, _):
        assert client.get("/ready").status_code == 503
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def begin(running: Running, **fields: object) -> Iterator[str]:
    """A stream of which the first line has come."""
    body = {"messages": HELLO, "stream": True, "ignore_eos": True, **fields}

    def lines() -> Iterator[str]:
        with running.client.stream("POST", "/v1/chat/completions", json=body) as response:
            yield from response.iter_lines()

    iterator = lines()
    next(iterator)
    return iterator


def test_after_sigterm_answers_at_work_are_finished(toy_folder: Path) -> None:
    with serve(toy_folder, "--max-model-len", "4096") as running:
        stream = begin(running, max_tokens=1500)
        running.process.send_signal(signal.SIGTERM)
        rest = "\n".join(stream)
        assert '"finish_reason":"length"' in rest and rest.rstrip().endswith("data: [DONE]")
        assert running.process.wait(PATIENCE) == 0


def test_after_the_grace_period_every_answer_is_told_that_it_was_cut_off(toy_folder: Path) -> None:
    with serve(toy_folder, "--max-model-len", "4096", "--grace-period", "0", "--max-num-seqs", "2") as running:
        streams = [begin(running, max_tokens=4000, n=2)]
        with ThreadPoolExecutor(1) as pool:
            whole = pool.submit(running.chat, max_tokens=4000, ignore_eos=True)
            wait_until_waiting(running)
            running.process.send_signal(signal.SIGTERM)
            assert whole.result().status_code == 503
            assert whole.result().json()["error"]["code"] == "stopping"
        rest = "\n".join(streams[0])
        assert rest.count('"finish_reason":"abort"') == 2 and rest.rstrip().endswith("data: [DONE]")
        assert running.process.wait(PATIENCE) == 0


def wait_until_waiting(running: Running) -> None:
    deadline = time.monotonic() + PATIENCE
    while running.status()["waiting"] != 1:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_second_ctrl_c_does_not_wait(toy_folder: Path) -> None:
    with serve(toy_folder, "--max-model-len", "4096", "--grace-period", "600") as running:
        stream = begin(running, max_tokens=4000, n=32)
        running.process.send_signal(signal.SIGINT)
        while somebody_listens(running.port):
            time.sleep(0.02)
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(PATIENCE) == 0
        with suppress(httpx.RemoteProtocolError):
            assert '"finish_reason":"length"' not in "\n".join(stream)
