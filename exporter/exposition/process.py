"""Process and garbage collector metrics, as prometheus-client measures them."""

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector

from exporter.metrics.family import Family, Labels, Sample


class ProcessMetrics:
    """Reads the metrics of this process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def families(self) -> tuple[Family, ...]:
        """Return the current metrics."""
        return tuple(
            Family(
                metric.name + ("_total" if metric.type == "counter" else ""),
                metric.type,
                metric.documentation,
                tuple(
                    Sample(Labels(tuple(sample.labels), tuple(sample.labels.values())), _number(sample.value))
                    for sample in metric.samples
                ),
            )
            for metric in self._registry.collect()
        )


def _number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value
