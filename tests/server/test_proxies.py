"""Behind a real nginx with its default buffering: under a sub-path, and under a name the server does not know."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from serving import HELLO, PATIENCE, Running, serve

STRIPPED, LEFT_ON, BY_NAME = "/stripped/", "/left/on/", "/by/name/"
TEMPLATE = """
daemon off;
error_log stderr;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port};
        location /stripped/ {{ proxy_pass {server}/; }}
        location /left/on/ {{ proxy_pass {server}; proxy_set_header X-Forwarded-Prefix /left/on; }}
        location /by/name/ {{ proxy_pass {server}/; proxy_set_header Host preview.platform.example; }}
    }}
}}
"""


@contextmanager
def nginx(server: Running, folder: Path) -> Iterator[str]:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    configuration = folder / "nginx.conf"
    configuration.write_text(TEMPLATE.format(folder=folder, port=port, server=server.url))
    process = subprocess.Popen([program, "-c", str(configuration), "-p", str(folder)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        with socket.socket() as attempt:
            while attempt.connect_ex(("127.0.0.1", port)) != 0:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def own_server(toy_folder: Path) -> Iterator[Running]:
    with serve(toy_folder, "--max-model-len", "4096") as running:
        yield running


@pytest.fixture(scope="module")
def proxy(own_server: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("nginx")
    with (
        nginx(own_server, folder) as url,
        httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False) as client,
    ):
        yield client


@pytest.mark.parametrize("prefix", [STRIPPED, LEFT_ON])
def test_everything_works_under_a_sub_path(proxy: httpx.Client, prefix: str) -> None:
    assert proxy.get(prefix).status_code == 200
    assert proxy.get(prefix + "ready").json() == {"status": "ok"}
    answer = proxy.post(prefix + "v1/chat/completions", json={"messages": HELLO, "max_tokens": 4})
    assert answer.json()["usage"]["completion_tokens"] <= 4


@pytest.mark.parametrize("prefix", [STRIPPED, LEFT_ON])
def test_an_answer_comes_piece_by_piece_through_a_buffering_proxy(proxy: httpx.Client, prefix: str) -> None:
    """The first piece is here while the server still works on the rest: it is stopped by the reader's leaving."""
    body = {"messages": HELLO, "stream": True, "max_tokens": 3500, "ignore_eos": True}
    with proxy.stream("POST", prefix + "v1/chat/completions", json=body) as response:
        lines = response.iter_lines()
        first = next(lines)
        assert first.startswith("data: ")
        status = httpx.get(str(proxy.base_url) + "/stripped/v1/status", trust_env=False).json()
        assert status["requests"][0]["state"] == "decode"
        assert status["requests"][0]["output_tokens"] < 3500
    deadline = time.monotonic() + PATIENCE
    while proxy.get(STRIPPED + "v1/status").json()["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_under_an_unknown_name_the_code_opens_the_page_and_the_api(own_server: Running, proxy: httpx.Client) -> None:
    assert proxy.get(BY_NAME + "v1/models").status_code == 403
    form = proxy.get(BY_NAME)
    assert form.status_code == 403 and 'action="access-code"' in form.text
    wrong = proxy.post(BY_NAME + "access-code", data={"code": "x"})
    assert wrong.status_code == 403 and 'action="access-code"' in wrong.text
    with httpx.Client(base_url=proxy.base_url, trust_env=False, follow_redirects=True) as browser:
        page = browser.post(BY_NAME + "access-code", data={"code": own_server.access_code})
        assert page.status_code == 200 and page.url.path == BY_NAME
        assert browser.get(BY_NAME + "v1/models").status_code == 200
