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
_GAINS = """
    accuracy acc auc auroc auprc roc ap map f1 fbeta precision recall sensitivity specificity tpr
    tnr score bleu chrf rouge rouge1 rouge2 rougel meteor r2 iou miou dice psnr ssim ndcg mrr hits
    coverage throughput reward gain lift uplift win wins success successes profit revenue
    agreement correlation kappa mcc
"""
_MORE_IS_BETTER = frozenset(_GAINS.split())
_LESS_IS_BETTER = frozenset((_ERRORS + _COSTS).split())
_TIMES = frozenset(
    {"s", "sec", "secs", "second", "seconds", "ms", "min", "minute", "hour", "hours"}
)


def better_when_higher(metric_key: str) -> bool | None:
    """Tell from the words of the key which way is better; ``None`` when they do not say.

    Less of a loss, an error or a duration is better, more of an accuracy or a score. Words end
    at anything but letters and digits, before a capital, and at digits: ``val/loss``,
    ``valLoss`` and ``loss2`` are losses. What comes per second is the better the higher it is,
    bytes too.
    """
    words = re.split(r"[^a-z0-9]+", metric_key.lower())
    if "per" in words[:-1] and words[words.index("per") + 1] in _TIMES:
        return _LESS_IS_BETTER.isdisjoint({*words[: words.index("per")]} - {"bytes"})
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", metric_key)
    said = {*words, *(part.lower() for part in parts)}
    if not _LESS_IS_BETTER.isdisjoint(said):
        return False
    known = said | {metric_key.rpartition("/")[2].lower()}
    return None if _MORE_IS_BETTER.isdisjoint(known) else True


def is_higher_better(metric_key: str) -> bool:
    """Tell as ``better_when_higher``; where the words do not say, higher counts as better."""
    return better_when_higher(metric_key) is not False
