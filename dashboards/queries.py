"""PromQL of the dashboards: every selector carries the dashboard's variables.

Rates come from recording rules, over Cloudflare's time. Totals over the selected time are increases of counters: an
increase is right however late it arrives.
"""

ACCOUNT = 'job=~"$job",account=~"$account"'
"""What narrows the exporter's metrics about itself."""

ASSET = f'{ACCOUNT},project=~"$project"'
"""What narrows usage."""

TOP = 10


def total(record: str, by: str, *matchers: str) -> str:
    """Give the sum of a recorded rate or size by some labels."""
    return f"sum by ({by}) ({select(record, *matchers)})"


def used(counter: str, by: str, *matchers: str) -> str:
    """Give how much was used in the selected time, by some labels."""
    return f"sum by ({by}) (increase({select(counter, *matchers)}[$__range]))"


def most_used(counter: str, by: str, *matchers: str) -> str:
    """Give the largest users of the selected time, the largest first."""
    return f"topk({TOP}, {used(counter, by, *matchers)} > 0)"


def rate_of_largest(record: str, counter: str, by: str) -> str:
    """Give a recorded rate for those labels that used most in the selected time: the same ones along the graph."""
    largest = f"topk({TOP}, sum by ({by}) (increase({select(counter)}[$__range] @ end())))"
    return f"{total(record, by)} and on ({by}) {largest}"


def select(name: str, *matchers: str) -> str:
    """Give the series of a metric that the variables leave."""
    return f"{name}{{{','.join((ASSET, *matchers))}}}"
