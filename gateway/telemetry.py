"""Figures of a running gateway as Prometheus reads them, at `/metrics`. Labels are source keys and our words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters.traffic import OUTCOMES
from gateway.roster.source import Source

CONTENT_TYPE = CONTENT_TYPE_LATEST


PATHS = ("compiled", "careful", "fallback", "refused")
"""The ways that an operation may take; docs/execution.md tells them apart."""


def exposition(sources: Iterable[Source], taken: Mapping[str, int]) -> Callable[[], bytes]:
    """What tells the figures as they are when it is called. taken: how many operations went which way."""
    registry = CollectorRegistry()
    registry.register(_PerSource(sources))
    registry.register(_Operations(taken))
    registry.register(_Tasks())
    ProcessCollector(registry=registry)
    return lambda: generate_latest(registry)


class _Operations(Collector):
    def __init__(self, taken: Mapping[str, int]) -> None:
        self._taken = taken

    def collect(self) -> Iterator[Metric]:
        operations = CounterMetricFamily("gateway_operations", "Operations by how they were executed.", labels=["path"])
        for path in PATHS:
            operations.add_metric([path], self._taken.get(path, 0))
        yield operations


class _Tasks(Collector):
    """Their number stays where it is while the load does; one that only grows is a leak."""

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("gateway_tasks", "Tasks of the event loop.", value=len(asyncio.all_tasks()))


class _PerSource(Collector):
    """Read off the sources each time: nothing is counted twice, and nothing on the way of a query."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        records = GaugeMetricFamily("gateway_held_records", "Records held in memory.", labels=["source"])
        size = GaugeMetricFamily("gateway_held_bytes", "What they take, estimated.", labels=["source"])
        evictions = CounterMetricFamily(
            "gateway_evictions", "Collections let go of since they or others were too many.", labels=["source"]
        )
        requests = CounterMetricFamily(
            "gateway_upstream_requests", "Requests sent to the source, those for tokens included.", labels=["source"]
        )
        mislabelled = CounterMetricFamily(
            "gateway_upstream_mislabelled",
            "Good answers of the source that were not said to be JSON.",
            labels=["source"],
        )
        attempts = CounterMetricFamily(
            "gateway_upstream_attempts", "Attempts by what became of them.", labels=["source", "outcome"]
        )
        retries = CounterMetricFamily(
            "gateway_upstream_retries", "Attempts made since one before had failed.", labels=["source"]
        )
        in_flight = GaugeMetricFamily("gateway_upstream_in_flight", "Attempts under way.", labels=["source"])
        broken = GaugeMetricFamily(
            "gateway_breaker_open", "1 while the source is left alone since it failed too often.", labels=["source"]
        )
        stale = CounterMetricFamily(
            "gateway_stale_reads", "Reads that an older copy answered in the source's place.", labels=["source"]
        )
        for source in self._sources:
            usage = source.usage
            records.add_metric([source.key], usage.records)
            size.add_metric([source.key], usage.bytes)
            evictions.add_metric([source.key], usage.evictions)
            traffic = source.traffic
            requests.add_metric([source.key], traffic.requests)
            mislabelled.add_metric([source.key], traffic.mislabelled)
            for outcome in OUTCOMES:
                attempts.add_metric([source.key, outcome], traffic.outcomes.get(outcome, 0))
            retries.add_metric([source.key], traffic.retries)
            in_flight.add_metric([source.key], traffic.in_flight)
            broken.add_metric([source.key], traffic.broken)
            stale.add_metric([source.key], source.stood_in)
        yield from (records, size, evictions, requests, mislabelled, attempts, retries, in_flight, broken, stale)
