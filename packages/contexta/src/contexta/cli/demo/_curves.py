"""Curves that look like training: fast at first, noisy while the rate is high, flat at the end."""

import math
from random import Random


def learning_rate(step: int, steps: int, peak: float) -> float:
    """A linear warm-up over the first twentieth, then a cosine down to a hundredth."""
    warm = max(1, steps // 20)
    if step < warm:
        return peak * (step + 1) / warm
    done = (step - warm) / max(1, steps - warm)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def loss_curve(noise: Random, steps: list[int], *, floor: float, peak: float) -> list[float]:
    """Training loss: two exponentials to `floor`, with noise that lasts a few steps.

    Args:
        noise: source of chance.
        steps: where it is wanted, ascending.
        floor: where it settles.
        peak: highest learning rate; a high one learns faster and jumps more.
    """
    total, drift, values = steps[-1] + 1, 0.0, []
    speed = (peak / 1e-3) ** 0.25
    for step in steps:
        rate = learning_rate(step, total, peak) / peak
        drift = 0.55 * drift + noise.gauss(0, 0.012 + 0.035 * rate)
        level = 1.55 * math.exp(-speed * step / (0.06 * total))
        level += 0.62 * math.exp(-speed * step / (0.30 * total))
        values.append(floor + level + drift * (0.25 + level))
    return values


def diverging_curve(noise: Random, steps: list[int], *, broken: int) -> list[float]:
    """Loss of a rate that is too high: it spikes, runs away, and is NaN from step `broken` on."""
    values = []
    for step in steps:
        if step >= broken:
            values.append(math.nan)
            continue
        level = 0.9 + 1.4 * math.exp(-step / 120)
        level += math.exp(max(0.0, step - 0.72 * broken) / (0.075 * broken)) - 1
        values.append(level + abs(noise.gauss(0, 0.16)))
    return values


def accuracy_curve(noise: Random, epochs: int, *, ceiling: float, first: float) -> list[float]:
    """Accuracy on held out data after each epoch, ending close to `ceiling`."""
    values = []
    for epoch in range(1, epochs + 1):
        left = math.exp(-3.6 * (epoch - 1) / epochs)
        wobble = noise.gauss(0, 0.004 + 0.012 * left)
        values.append(min(0.999, ceiling - (ceiling - first) * left * left + wobble))
    return values
