"""Prometheus metrics: counts that the desk gives, and the requests of this process. Labels are words, never numbers."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from dispatcher.domain.trouble import DispatcherTrouble
from dispatcher.pipeline.desk import Figures, HouseDesk

_SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)  # from a webhook to a file of a million leads


class DeskCollector(Collector):
    """Asks the desk when Prometheus asks us. While a server is away the counts are missing, not zero."""

    def __init__(self, house: HouseDesk) -> None:
        self._house = house

    def collect(self) -> Iterable[Metric]:
        reachable = GaugeMetricFamily("dispatcher_reachable", "1 when Redis and the ledger answered this scrape")
        try:
            figures = self._house.figures()
        except DispatcherTrouble:
            reachable.add_metric([], 0)
            return [reachable]
        reachable.add_metric([], 1)
        return [reachable, *_families(figures)]


class RequestMeter:
    """Requests that this process answered, by route: the template, not the path, since paths carry secrets."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("method", "route", "status")
        self._count = Counter("dispatcher_http_requests", "requests answered", labels, registry=registry)
        self._seconds = Histogram(
            "dispatcher_http_seconds", "time to the answer", ("route",), registry=registry, buckets=_SECONDS
        )

    def answered(self, method: str, route: str, status: int, took_s: float) -> None:
        self._count.labels(method, route, f"{status // 100}xx").inc()
        self._seconds.labels(route).observe(took_s)


class InboundMeter:
    """Events that webhooks brought to this process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("provider", "kind", "outcome")
        self._count = Counter("dispatcher_inbound_events", "events of webhooks", labels, registry=registry)

    def came(self, provider: str, kind: str, events: int, new: int) -> None:
        self._count.labels(provider, kind, "new").inc(new)
        self._count.labels(provider, kind, "repeated").inc(events - new)

    def not_understood(self, provider: str) -> None:
        self._count.labels(provider, "none", "not_understood").inc()


class TurnedAway:
    """Whom this process told to come again later."""

    def __init__(self, registry: CollectorRegistry) -> None:
        text = "requests that were told to come again later"
        self._count = Counter("dispatcher_turned_away", text, ("what",), registry=registry)

    def __call__(self, what: str) -> None:
        self._count.labels(what).inc()


def registry_for(house: HouseDesk) -> tuple[CollectorRegistry, RequestMeter]:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DeskCollector(house))
    return registry, RequestMeter(registry)


def _families(figures: Figures) -> Iterator[Metric]:
    yield _family("dispatcher_messages", "messages of campaigns that are not over", "state", figures.messages)
    yield GaugeMetricFamily("dispatcher_in_doubt", "messages whose fate is unknown", value=figures.in_doubt)
    undecided, oldest_s = figures.undecided, figures.undecided_oldest_s
    yield GaugeMetricFamily("dispatcher_in_doubt_undecided", "messages in doubt for an operator", value=undecided)
    yield GaugeMetricFamily("dispatcher_in_doubt_oldest_seconds", "the age of the first of them", value=oldest_s)
    yield _family("dispatcher_campaigns", "campaigns that are not over", "state", figures.campaigns)
    yield _family("dispatcher_queue_length", "jobs waiting in a queue", "queue", figures.queues)
    yield _family("dispatcher_lanes_waiting", "lanes on the clock", "provider", figures.lanes_waiting)
    yield _family("dispatcher_lanes_in_flight", "lanes with a job on its way", "provider", figures.lanes_in_flight)
    yield _family("dispatcher_retries", "messages that wait for another try", "provider", figures.retries)
    yield _family("dispatcher_callbacks", "callbacks that were not taken yet", "state", figures.callbacks)
    yield _family("dispatcher_workers", "workers whose pacer listens", "provider", figures.workers)
    yield _family("dispatcher_audit_findings", "what does not add up", "check", figures.findings)
    if figures.audit_age_s is not None:
        age_s = figures.audit_age_s
        yield GaugeMetricFamily("dispatcher_audit_age_seconds", "since the auditor's last round", value=age_s)


def _family(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for word, count in sorted(counts.items()):
        family.add_metric([word], count)
    return family
