"""The built chat page: its headers, its cache, and what stands there while it is not built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from qingmo.server.app import create_app
from qingmo.server.config import ServerConfig
from qingmo.server.service import Service

LOCAL = "http://localhost"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>page</title>")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "index-abc123.js").write_text("let a")
    return tmp_path


@pytest.fixture
def client(page: Path) -> Iterator[httpx.Client]:
    with TestClient(create_app(Service(), ServerConfig(api_keys=("key",)), page=page), base_url=LOCAL) as client:
        yield client


def test_the_page_is_there_without_a_key_and_while_the_model_loads(client: httpx.Client) -> None:
    assert client.get("/").text.endswith("<title>page</title>")
    assert client.get("/icon.svg").headers["content-type"] == "image/svg+xml"
    assert client.head("/").status_code == 200
    assert client.get("/v1/models", headers={"Authorization": "Bearer key"}).status_code == 503


def test_nothing_from_elsewhere_and_no_inline_script_may_run(client: httpx.Client) -> None:
    for path in ("/", "/assets/index-abc123.js"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_files_named_by_their_content_are_kept_and_the_page_is_asked_for_anew(client: httpx.Client) -> None:
    assert "immutable" in client.get("/assets/index-abc123.js").headers["cache-control"]
    first = client.get("/")
    assert first.headers["cache-control"] == "no-cache"
    assert client.get("/", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("path", ["/assets/none.js", "/assets/../../secret", "/assets/%2e%2e/%2e%2e/secret"])
def test_nothing_outside_the_folder_is_sent(client: httpx.Client, page: Path, path: str) -> None:
    (page.parent / "secret").write_text("secret")
    assert client.get(path).status_code in (401, 404)


@pytest.mark.parametrize(("root_path", "headers"), [("/a/b", {}), ("", {"X-Forwarded-Prefix": "/a/b"})])
def test_a_prefix_that_a_proxy_leaves_on_is_taken_off(page: Path, root_path: str, headers: dict[str, str]) -> None:
    app = create_app(Service(), ServerConfig(root_path=root_path), page=page)
    with TestClient(app, base_url=LOCAL, headers=headers) as client:
        assert client.get("/a/b/").status_code == 200
        assert client.get("/a/b", follow_redirects=False).headers["location"] == "b/"
        assert client.get("/a/b/assets/index-abc123.js").status_code == 200
        assert client.get("/a/b/ready").status_code == 503
        assert client.get("/").status_code == 200, "a proxy that takes it off itself"
        assert client.get("/a/bc").status_code == 404


def test_a_page_that_is_not_built_says_how_to_go_on(tmp_path: Path) -> None:
    with TestClient(create_app(Service(), page=tmp_path), base_url=LOCAL) as client:
        answer = client.get("/")
        assert answer.headers["content-type"].startswith("text/plain")
        assert "./start.sh chat" in answer.text and "v1/chat/completions" in answer.text
