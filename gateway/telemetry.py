"""Figures of a running gateway as Prometheus reads them, at `/metrics`. Labels are source keys and our words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate, repeat
from types import MappingProxyType
from typing import TypeAlias

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from adapters.traffic import OUTCOMES, WITHIN, Traffic
from gateway.audit.trail import Trail
from gateway.roster.source import Source

CONTENT_TYPE = CONTENT_TYPE_LATEST


PATHS = ("compiled", "careful", "fallback", "refused")
"""The ways that an operation may take; docs/execution.md tells them apart."""


def exposition(
    sources: Iterable[Source],
    taken: Mapping[str, int],
    trail: Trail | None = None,
    refused: Mapping[tuple[int, str], int] = MappingProxyType({}),
) -> Callable[[], bytes]:
    """What tells the figures as they are when it is called. taken: how many operations went which way. trail: that of
    the audit, if there is one. refused: how many requests, by status and code.
    """
    registry = CollectorRegistry()
    registry.register(_PerSource(sources))
    registry.register(_Operations(taken))
    registry.register(_Refused(refused))
    registry.register(_Tasks())
    if trail is not None:
        registry.register(_Audit(trail))
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


class _Refused(Collector):
    def __init__(self, refused: Mapping[tuple[int, str], int]) -> None:
        self._refused = refused

    def collect(self) -> Iterator[Metric]:
        what = "Requests of which nothing was executed."
        requests = CounterMetricFamily("gateway_refused_requests", what, labels=["status", "code"])
        for (status, code), count in self._refused.items():
            requests.add_metric([str(status), code], count)
        yield requests


class _Audit(Collector):
    def __init__(self, trail: Trail) -> None:
        self._trail = trail

    def collect(self) -> Iterator[Metric]:
        trail = self._trail
        yield CounterMetricFamily("gateway_audit_records", "Operations recorded.", value=trail.written)
        yield CounterMetricFamily(
            "gateway_audit_unrecorded", "Operations not answered, since they could not be recorded.", value=trail.lost
        )
        yield GaugeMetricFamily(
            "gateway_audit_failing", "1 while nothing can be recorded.", value=float(trail.problem is not None)
        )


class _Tasks(Collector):
    """Their number stays where it is while the load does; one that only grows is a leak."""

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("gateway_tasks", "Tasks of the event loop.", value=len(asyncio.all_tasks()))


class _PerSource(Collector):
    """Read off the sources each time: nothing is counted twice, and nothing on the way of a query."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        attempts = CounterMetricFamily(
            "gateway_upstream_attempts", "Attempts by what became of them.", labels=["source", "outcome"]
        )
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        within, seconds = [0] * (len(WITHIN) + 1), 0.0
        for source in self._sources:
            traffic = source.traffic
            for kind, name, what, value in _figures(source, traffic):
                if name not in families:
                    families[name] = kind(name, what, labels=["source"])
                families[name].add_metric([source.key], value)
            for outcome in OUTCOMES:
                count = traffic.outcomes.get(outcome, 0)
                if count or outcome == OUTCOMES[0]:  # those that never were would be most of all there is to tell
                    attempts.add_metric([source.key, outcome], count)
            within = [some + more for some, more in zip(within, traffic.within or repeat(0), strict=False)]
            seconds += traffic.seconds
        yield from families.values()
        yield attempts
        durations = HistogramMetricFamily(
            "http_client_request_duration_seconds", "How long attempts took, of all sources together."
        )
        bounds = [*map(floatToGoString, WITHIN), "+Inf"]
        durations.add_metric([], list(zip(bounds, accumulate(within), strict=True)), seconds)
        yield durations


_Figure: TypeAlias = tuple[type[CounterMetricFamily] | type[GaugeMetricFamily], str, str, float]


def _figures(source: Source, traffic: Traffic) -> Iterator[_Figure]:
    """One number each of one source: whether it only grows, its name, what it is."""
    usage, flights = source.usage, source.flights
    counter, gauge = CounterMetricFamily, GaugeMetricFamily
    yield gauge, "gateway_held_records", "Records held in memory.", usage.records
    yield gauge, "gateway_held_bytes", "What they take, estimated.", usage.bytes
    yield counter, "gateway_evictions", "Collections let go of since they or others were too many.", usage.evictions
    stood_in = source.stood_in
    yield counter, "gateway_stale_reads", "Reads that an older copy answered in the source's place.", stood_in
    begun, joined = (flights.begun, flights.joined) if flights is not None else (0, 0)
    yield counter, "gateway_upstream_needs", "Needs for which the source was asked, since they were not held.", begun
    yield counter, "gateway_upstream_joins", "Times that a need was on its way already.", joined
    waiting, refused = (len(flights.line), flights.line.turned_away) if flights is not None else (0, 0)
    yield gauge, "gateway_upstream_waiting_operations", "Operations that wait for the source.", waiting
    yield counter, "gateway_upstream_refused_operations", "Operations refused since too many waited.", refused
    refused = traffic.refused
    yield counter, "gateway_upstream_refused_requests", "Requests not sent, the source being left alone.", refused
    sent = traffic.requests
    yield counter, "gateway_upstream_requests", "Requests sent to the source, those for tokens included.", sent
    mislabelled = traffic.mislabelled
    yield counter, "gateway_upstream_mislabelled", "Good answers that were not said to be JSON.", mislabelled
    yield counter, "gateway_upstream_retries", "Attempts made since one before had failed.", traffic.retries
    yield gauge, "gateway_upstream_retries_left", "Attempts that may be made again just now.", traffic.retries_left
    yield gauge, "gateway_upstream_in_flight", "Attempts under way.", traffic.in_flight
    yield counter, "gateway_upstream_seconds", "Time that attempts took.", traffic.seconds
    yield counter, "gateway_upstream_scans", "Lists of the source that were read to their end.", traffic.scans
    yield counter, "gateway_upstream_pages", "Pages of lists.", traffic.pages
    yield gauge, "gateway_breaker_open", "1 while the source is left alone since it failed too often.", traffic.broken
