"""Which way a metric gets better, as its name says."""

from __future__ import annotations

import re

# Words that name something one wants little of, whatever the library that logged it.
_ERRORS = """
    loss losses err error errors mae mape mse rmse msle nll perplexity ppl brier ece wer cer fid kl
    divergence regret misses failures
"""
_COSTS = "latency duration seconds secs ms time cost memory bytes rss"
_LESS_IS_BETTER = frozenset((_ERRORS + _COSTS).split())


def is_higher_better(metric_key: str) -> bool:
    """Tell from the words of the key: less of a loss, an error or a duration is better.

    Anything else counts as better the higher it is.
    """
    words = re.split(r"[^a-z0-9]+", metric_key.lower())
    return _LESS_IS_BETTER.isdisjoint(words)
