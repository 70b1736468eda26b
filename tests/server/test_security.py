"""Who may pass: keys, Host names, the access code, and what other sites' pages can do (nothing)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import HELLO, Running, serve

KEY, OTHER_KEY = "sk-first-0123456789", "sk-second-9876543210"
UNKNOWN = {"Host": "preview-8080.platform.example"}


@pytest.fixture(scope="module")
def locked(toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that asks for a key, goes by another name, and may be called by another site's page."""
    keys = tmp_path_factory.mktemp("keys") / "keys.txt"
    keys.write_text(f"# the team's\n{KEY}\n\n{OTHER_KEY}\n")
    flags = ["--api-keys-file", str(keys), "--allowed-hosts", "qingmo.example", "--served-model-name", "small"]
    with serve(toy_folder, *flags, "--allowed-origins", "https://app.example") as running:
        yield running


@pytest.fixture(scope="module")
def open_server(toy_folder: Path) -> Iterator[Running]:
    """One whose tries of the access code no other test uses up."""
    with serve(toy_folder) as running:
        yield running


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_every_key_of_the_file_opens_the_api_and_nothing_else_does(locked: Running) -> None:
    get = locked.client.get
    assert get("/v1/models", headers=bearer(KEY)).json()["data"][0]["id"] == "small"
    assert get("/v1/models", headers=bearer(OTHER_KEY)).status_code == 200
    for headers in ({}, bearer(KEY[:-1]), bearer(KEY + "x"), {"Authorization": f"Basic {KEY}"}):
        refused = get("/v1/models", headers=headers)
        assert refused.status_code == 401 and refused.headers["www-authenticate"] == "Bearer"
        assert refused.json()["error"]["type"] == "authentication_error"
        assert "Authorization: Bearer KEY" in refused.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/status", "/metrics", "/openapi.json", "/v1/models/small", "/v1/none", "/none"])
def test_without_a_key_no_route_says_anything(locked: Running, path: str) -> None:
    assert locked.client.get(path).status_code == 401


@pytest.mark.parametrize("path", ["/health", "/ready", "/"])
def test_what_tells_nothing_needs_no_key(locked: Running, path: str) -> None:
    assert locked.client.get(path).status_code == 200


def test_the_log_and_the_status_name_a_key_by_its_number(locked: Running) -> None:
    answer = locked.post("/v1/chat/completions", {"messages": HELLO, "max_tokens": 2}, headers=bearer(OTHER_KEY))
    assert answer.status_code == 200
    assert "key 2 POST /v1/chat/completions" in locked.log
    assert KEY not in locked.log and OTHER_KEY not in locked.log


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:99", "[::1]:8080", "localhost."])
def test_the_loopback_s_own_names_pass(server: Running, host: str) -> None:
    assert server.client.get("/v1/models", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "::1", "[", "a:b:c"]
)
def test_any_other_host_is_refused_by_the_api(server: Running, host: str) -> None:
    answer = server.client.get("/v1/models", headers={"Host": host})
    if host == "::1":
        assert answer.status_code == 200, "an IPv6 address without its brackets"
        return
    assert answer.status_code == 403
    error = answer.json()["error"]
    assert error["code"] == "unknown_host" and "--allowed-hosts" in error["message"]


def test_hosts_that_were_allowed_pass_and_a_key_opens_under_any_name(locked: Running) -> None:
    assert locked.client.get("/v1/models", headers={"Host": "qingmo.example:443", **bearer(KEY)}).status_code == 200
    assert locked.client.get("/v1/models", headers={**UNKNOWN, **bearer(KEY)}).status_code == 200
    assert locked.client.get("/v1/models", headers=UNKNOWN).status_code == 403


def test_an_unknown_host_gets_a_page_that_asks_for_the_code(open_server: Running) -> None:
    form = open_server.client.get("/", headers=UNKNOWN)
    assert form.status_code == 403 and form.headers["content-type"].startswith("text/html")
    assert "<script" not in form.text and 'action="access-code"' in form.text
    assert "default-src 'none'" in form.headers["content-security-policy"]
    assert re.fullmatch(r"\d{6}", open_server.access_code)


def test_the_code_opens_the_page_and_the_api_for_that_host_alone(open_server: Running) -> None:
    with httpx.Client(base_url=open_server.url, trust_env=False) as visitor:
        entered = visitor.post("/access-code", data={"code": open_server.access_code}, headers=UNKNOWN)
        assert entered.status_code == 303 and entered.headers["location"] == "./"
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path" not in cookie
        pass_along = {"Cookie": cookie.partition(";")[0]}
        assert visitor.get("/", headers={**UNKNOWN, **pass_along}).status_code == 200
        assert visitor.get("/v1/models", headers={**UNKNOWN, **pass_along}).status_code == 200
        assert visitor.get("/v1/models", headers={"Host": "evil.example", **pass_along}).status_code == 403


def test_wrong_codes_are_refused_and_soon_not_even_looked_at(open_server: Running) -> None:
    def enter(code: str) -> httpx.Response:
        return open_server.client.post("/access-code", data={"code": code}, headers=UNKNOWN)

    wrong = f"{(int(open_server.access_code) + 1) % 10**6:06}"
    statuses = [enter(wrong).status_code for _ in range(6)]
    assert statuses[0] == 403 and statuses[-1] == 429
    right_too_late = enter(open_server.access_code)
    assert right_too_late.status_code == 429 and int(right_too_late.headers["retry-after"]) > 0
    assert "set-cookie" not in right_too_late.headers


def test_other_sites_pages_may_not_read_answers(server: Running) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = server.client.options("/v1/chat/completions", headers=headers)
    assert "access-control-allow-origin" not in preflight.headers
    assert "access-control-allow-origin" not in server.client.get("/v1/models", headers=headers).headers


def test_a_site_that_was_named_may(locked: Running) -> None:
    def origin_allowed(origin: str) -> str | None:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        return locked.client.options("/v1/models", headers=headers).headers.get("access-control-allow-origin")

    assert origin_allowed("https://app.example") == "https://app.example"
    assert origin_allowed("https://evil.example") is None
