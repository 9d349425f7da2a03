"""Which way a metric gets better, as its name says."""

from __future__ import annotations

import re

# Words that name something one wants little of, whatever the library that logged it.
_ERRORS = """
    loss losses logloss mlogloss err error errors mae mape smape wmape mase mse nmse rmse nrmse
    rmsle msle nll perplexity ppl bpb bpc brier crps ece eer fnr fpr wer cer fid kl divergence
    regret misses failures timeouts
"""
_COSTS = "latency duration runtime elapsed seconds secs ms time cost memory bytes rss"
_LESS_IS_BETTER = frozenset((_ERRORS + _COSTS).split())
_TIMES = frozenset(
    {"s", "sec", "secs", "second", "seconds", "ms", "min", "minute", "hour", "hours"}
)


def is_higher_better(metric_key: str) -> bool:
    """Tell from the words of the key: less of a loss, an error or a duration is better.

    Words end at anything but letters and digits, before a capital, and at digits: ``val/loss``,
    ``valLoss`` and ``loss2`` are losses. What comes per second is the better the higher it is,
    bytes too. Anything else counts as better the higher it is.
    """
    words = re.split(r"[^a-z0-9]+", metric_key.lower())
    if "per" in words[:-1] and words[words.index("per") + 1] in _TIMES:
        return _LESS_IS_BETTER.isdisjoint({*words[: words.index("per")]} - {"bytes"})
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", metric_key)
    return _LESS_IS_BETTER.isdisjoint({*words, *(part.lower() for part in parts)})
