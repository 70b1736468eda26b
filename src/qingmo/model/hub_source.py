"""Where models come from: the Hugging Face hub or ModelScope, which people in China reach when the hub is out of reach.

Both list a repository's files with sizes and hashes and send them over HTTPS; only addresses and names differ.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from qingmo.config import SOURCES
from qingmo.errors import ConfigError

MODELSCOPE = "https://www.modelscope.cn"


@dataclass(frozen=True, slots=True)
class Source:
    """One place that serves models."""

    name: str  # as --source spells it
    endpoint: str  # without a slash at its end
    endpoint_variable: str  # the environment variable that names a mirror
    token: str | None
    token_variable: str
    list_path: str  # of a model's file list, behind the endpoint; {model} stands for owner/name

    def list_url(self, model: str) -> str:
        return self.endpoint + self.list_path.format(model=model)


def sources(wanted: str | None) -> tuple[Callable[[], Source], ...]:
    """What makes the sources to ask, in this order; the next one where one cannot be reached.

    wanted: one of SOURCES; None for $QINGMO_SOURCE, and "auto" where that is not set. "auto" is the hub, then
    ModelScope; the hub alone where HF_ENDPOINT names a mirror of it. Raises ConfigError.
    """
    name = wanted or os.environ.get("QINGMO_SOURCE") or "auto"
    if name not in SOURCES:
        raise ConfigError(f"--source (or QINGMO_SOURCE) is {name!r:.50}; it must be one of {', '.join(SOURCES)}.")
    if name == "modelscope":
        return (modelscope,)
    return (hugging_face,) if name == "huggingface" or os.environ.get("HF_ENDPOINT") else (hugging_face, modelscope)


def hugging_face() -> Source:
    """The hub, by huggingface_hub's own settings, whose import takes a while. Raises ConfigError."""
    from huggingface_hub import constants, get_token

    return Source(
        name="huggingface",
        endpoint=_endpoint("HF_ENDPOINT", constants.ENDPOINT),
        endpoint_variable="HF_ENDPOINT",
        token=None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token(),
        token_variable="HF_TOKEN",
        list_path="/api/models/{model}?blobs=true",
    )


def modelscope() -> Source:
    """ModelScope, by its own client's settings. Raises ConfigError."""
    return Source(
        name="modelscope",
        endpoint=_endpoint("MODELSCOPE_ENDPOINT", MODELSCOPE),
        endpoint_variable="MODELSCOPE_ENDPOINT",
        token=os.environ.get("MODELSCOPE_API_TOKEN"),
        token_variable="MODELSCOPE_API_TOKEN",
        list_path="/api/v1/models/{model}/repo/files?Revision=master&Recursive=false",
    )


def _endpoint(variable: str, default: str) -> str:
    endpoint = (os.environ.get(variable) or default).rstrip("/")
    if not re.match(r"https?://[^/]", endpoint):
        raise ConfigError(f"{variable} is {endpoint!r:.200}; it must be an address that begins with https://.")
    return endpoint
