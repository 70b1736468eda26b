"""GET /metrics, in the words of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from qingmo.engine.status import EngineStatus, Histogram
from qingmo.server.service import TheModel

if TYPE_CHECKING:
    from prometheus_client.metrics_core import HistogramMetricFamily, Metric

router = APIRouter()


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(model: TheModel) -> Response:
    """Counts, gauges and histograms since the start."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest  # half of what a start may take, if not here

    return Response(generate_latest(_Snapshot(model.engine.status())), media_type=CONTENT_TYPE_LATEST)


class _Snapshot:
    """What prometheus_client calls a collector: made for one answer, so it keeps nothing."""

    def __init__(self, status: EngineStatus) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        status, counters = self._status, self._status.counters
        for name, help_text, count in (
            ("requests", "Requests accepted.", counters.requests),
            ("requests_aborted", "Requests whose end nobody waited for.", counters.aborted),
            ("prompt_tokens", "Prompt tokens of requests that were begun.", counters.prompt_tokens),
            ("cached_prompt_tokens", "Prompt tokens found in the prefix cache.", counters.cached_prompt_tokens),
            ("generated_tokens", "Tokens generated.", counters.generated_tokens),
            ("preemptions", "Times an answer gave its KV blocks back and began again.", counters.preemptions),
            ("steps", "Batches computed.", counters.steps),
        ):
            yield CounterMetricFamily(f"qingmo_{name}", help_text, value=count)
        for name, help_text, count in (
            ("requests_running", "Requests being computed.", status.running),
            ("requests_waiting", "Requests in the queue.", status.waiting),
            ("kv_blocks_used", "KV blocks held by requests.", status.kv_blocks_used),
            ("kv_blocks_cached", "KV blocks kept for prompts to come.", status.kv_blocks_cached),
            ("kv_blocks", "KV blocks there are, of 16 tokens each.", status.kv_blocks_total),
        ):
            yield GaugeMetricFamily(f"qingmo_{name}", help_text, value=count)
        yield _histogram("time_to_first_token", "From submission to the first token.", status.time_to_first_token)
        yield _histogram("inter_token_latency", "Between two tokens of an answer.", status.inter_token_latency)
        yield _histogram("queue_time", "From submission to the first step.", status.queue_time)


def _histogram(name: str, help_text: str, seen: Histogram) -> HistogramMetricFamily:
    from prometheus_client.core import HistogramMetricFamily

    bounds = [*(str(bound) for bound in seen.bounds), "+Inf"]
    at_most = [sum(seen.counts[: i + 1]) for i in range(len(seen.counts))]
    buckets = list(zip(bounds, at_most, strict=True))
    return HistogramMetricFamily(f"qingmo_{name}_seconds", help_text, buckets=buckets, sum_value=seen.sum)
