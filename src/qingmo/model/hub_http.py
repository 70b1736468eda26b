"""Requests to the hub: who asks, which answers are final, and which are worth another try."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qingmo.errors import ConfigError, DownloadError, ModelNotFoundError
from qingmo.model.hub_retry import Patience, RetryPolicy, TransientError, UnreachableError
from qingmo.model.hub_source import Source

if TYPE_CHECKING:
    import httpx2

NOT_THE_HUB = (
    "Perhaps a login page or a proxy answers in the hub's place: check the network, or HF_ENDPOINT if it is set."
)


class HubClient:
    """GET requests about one model. Made by its first user, since it imports httpx2 and huggingface_hub.

    Raises ConfigError where a proxy variable cannot be used.
    """

    def __init__(self, name: str, policy: RetryPolicy, source: Source) -> None:
        from huggingface_hub import get_session

        self.name = name
        self.policy = policy
        self.source = source
        self.endpoint = source.endpoint
        token = {"authorization": f"Bearer {source.token}"} if source.token else {}
        self._headers = {"user-agent": "qingmo", **token}
        try:
            self._session = get_session()
        except (ImportError, ValueError) as error:  # as httpx2 says that a proxy's address is of no use to it
            raise ConfigError(
                f"The proxy in the environment (ALL_PROXY, HTTPS_PROXY or HTTP_PROXY) cannot be used: {error} "
                f"Set it to an http:// address, or unset it."
            ) from error

    def file_list(self) -> Any:
        """What the hub says of the model: its commit, and each file's name, size and hash.

        Asked for here and not by HfApi.model_info, which first reports to the hub what runs it, and never retries.
        Raises UnreachableError, ModelNotFoundError, DownloadError.
        """
        url = self.source.list_url(self.name)
        patience = Patience(self.policy, f"The file list of {self.name} from {self.endpoint}")
        while True:
            try:
                with self.stream(url) as response:
                    return json.loads(response.read())
            except ValueError as error:
                raise DownloadError(f"{url} answered with something else than a file list. {NOT_THE_HUB}") from error
            except UnreachableError:
                raise
            except TransientError as problem:
                patience.after(problem)

    @contextmanager
    def stream(self, url: str, begin: int = 0) -> Iterator[httpx2.Response]:
        """A response to be read inside the `with`, from byte `begin` on if the server can (206 instead of 200).

        The client follows redirects and keeps the token from other hosts.
        Raises TransientError, also for what happens inside; ModelNotFoundError, DownloadError.
        """
        import httpx2

        wanted = {"accept-encoding": "identity", **({"range": f"bytes={begin}-"} if begin else {})}
        timeout = httpx2.Timeout(self.policy.timeout, connect=self.policy.connect_timeout)
        try:
            with self._session.stream("GET", url, headers=self._headers | wanted, timeout=timeout) as response:
                self._check_status(response)
                yield response
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
            raise UnreachableError(f"no connection ({error})") from error
        except httpx2.TimeoutException as error:
            raise TransientError(f"nothing came for {self.policy.timeout:g} s") from error
        except (httpx2.NetworkError, httpx2.RemoteProtocolError) as error:
            raise TransientError("the connection was cut") from error
        except httpx2.RequestError as error:
            raise TransientError(f"the request failed ({error})") from error

    def _check_status(self, response: httpx2.Response) -> None:
        status = response.status_code
        if status < 400:
            return
        about_model = "RepoNotFound" if response.url.path.startswith("/api/") else ""
        if status in (404, 401) and response.headers.get("x-error-code", about_model) == "RepoNotFound":
            raise ModelNotFoundError(self._not_found(status))
        if _is_elsewhere(response) and status in (401, 403):
            raise TransientError(f"{response.url.host} refused the hub's link to the file ({status})")
        if status in (401, 403):
            raise DownloadError(
                f"{self.endpoint} refuses access to {self.name} ({status}): it is gated or private. Accept its terms "
                f"at {self.endpoint}/{self.name}, then set {self.source.token_variable} to an access token of that "
                f"account."
            )
        if status == 429:
            advice = (
                f"Try again later, set {self.source.token_variable} (more requests are allowed with a login), or "
                f"{self.source.endpoint_variable} to a mirror."
            )
            reason = f"{response.url.host} allows no more requests for now (429)"
            raise TransientError(reason, advice, asked_wait=_asked_wait(response))
        if status >= 500 or status == 408:
            advice = f"The trouble is on its side: try again later, or set {self.source.endpoint_variable} to a mirror."
            reason = f"{response.url.host} answered {status}"
            raise TransientError(reason, advice, asked_wait=_asked_wait(response))
        if status == 416:
            raise TransientError(f"{response.url.host} has less of the file than the hub lists (416)", NOT_THE_HUB)
        raise DownloadError(f"{response.url.copy_with(query=None)} answered {status}. {NOT_THE_HUB}")

    def _not_found(self, status: int) -> str:
        if status == 404:
            return (
                f"{self.endpoint} has no model {self.name} (404), and there is no folder of that name here. "
                f"Check the spelling of owner/name."
            )
        login = "the token in use" if "authorization" in self._headers else "no token"
        return (
            f"{self.endpoint} shows no model {self.name} to {login} (401): the name is misspelt, or the model is "
            f"private or gated. Check the spelling; for a gated model accept its terms on its page and set "
            f"{self.source.token_variable}."
        )


def _is_elsewhere(response: httpx2.Response) -> bool:
    """Whether redirects have led away from the hub, to a link that is good for a while only."""
    return bool(response.history) and response.history[0].url.netloc != response.url.netloc


def _asked_wait(response: httpx2.Response) -> float | None:
    """Seconds the server asks to wait: Retry-After (a number or a date), or the hub's own RateLimit header."""
    from email.utils import parsedate_to_datetime

    value = response.headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    if value:
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except ValueError:
            return None
    used_up = re.search(r"\br=0\s*;\s*t=(\d+)", response.headers.get("ratelimit", ""))
    return float(used_up[1]) if used_up else None
