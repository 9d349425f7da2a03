"""Which way a metric gets better, by its name."""

import pytest

from contexta.interpretation.compare.direction import better_when_higher, is_higher_better


@pytest.mark.parametrize(
    "key",
    [
        "loss",
        "val/loss",
        "val_loss",
        "valLoss",
        "MSELoss",
        "loss2",
        "binary_logloss",
        "top5err",
        "accuracy_loss",
        "WER",
        "mAE",
        "rmsle",
        "perplexity",
        "latency_ms",
        "p99LatencyMs",
        "fpr",
        "ms_per_token",
        "seconds_per_step",
        "errors_per_second",
        "memory_bytes",
        "runtime",
    ],
)
def test_less_of_it_is_better(key):
    """Losses, errors, durations and costs, however the key writes them."""
    assert not is_higher_better(key)


@pytest.mark.parametrize(
    "key",
    [
        "accuracy",
        "auc",
        "bleu",
        "mAP",
        "mIoU",
        "f1",
        "R2",
        "glossary",
        "per",
        "samples_per_second",
        "tokens_per_ms",
        "bytes_per_second",
        "tokens_per_sec",
    ],
)
def test_more_of_it_is_better(key):
    """Everything else, and what is done per second."""
    assert is_higher_better(key)


@pytest.mark.parametrize("key", ["grad_norm", "lr", "m0", "queue", "batch_size"])
def test_other_names_say_nothing(key):
    """They rank by the highest value, and no difference of theirs is called better."""
    assert (None, True) == (better_when_higher(key), is_higher_better(key))


@pytest.mark.parametrize("key", ["accuracy", "val/auc", "top1Acc", "mAP", "mIoU", "f1", "R2"])
def test_gains_are_known(key):
    """More of what is measured to be good is better."""
    assert better_when_higher(key) is True
