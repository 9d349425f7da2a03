"""Spans, batches and samples of the runs that were looked at closely."""

from random import Random

from contexta.cli.demo._plan import BatchPlan, SamplePlan, SpanPlan


def training_spans(chance: Random, train_end: float, epochs: int) -> tuple[SpanPlan, ...]:
    """Epochs of a training with what they spent their time on, as a tree of three levels."""
    spans = [
        SpanPlan("load data", "prepare", 0.5, 37.9, None, "io", {"photos": 57_500}),
        SpanPlan("open archive", "prepare", 0.6, 9.4, 0, "io"),
        SpanPlan("decode photos", "prepare", 9.5, 37.6, 0, "process", {"workers": 8}),
        SpanPlan("fit", "train", 41.2, train_end - 0.2, None, "operation", {"epochs": epochs}),
    ]
    fit, begin, length = 3, 41.3, (train_end - 42.0) / epochs
    for epoch in range(1, epochs + 1):
        end = begin + length
        place = len(spans)
        spans.append(SpanPlan(f"epoch {epoch}", "train", begin, end, fit, "internal"))
        wait = length * chance.uniform(0.05, 0.11)
        learn = end - length * chance.uniform(0.10, 0.13)
        spans += [
            SpanPlan("wait for data", "train", begin, begin + wait, place, "io"),
            SpanPlan("steps", "train", begin + wait, learn, place, "process", {"steps": 200}),
            SpanPlan("validate", "train", learn, end - 1.2, place, "process"),
        ]
        if epoch % 4 == 0:
            spans.append(SpanPlan("save checkpoint", "train", end - 1.2, end, place, "io"))
        begin = end
    spans.append(SpanPlan("predict", "evaluate", train_end + 2, train_end + 128, None, "process"))
    return tuple(spans)


def photo_batches(chance: Random, begin: float) -> tuple[BatchPlan, ...]:
    """The shards in which the held out photos were predicted."""
    batches = []
    for number in range(1, 5):
        end = begin + 29 + chance.uniform(-1.5, 1.5)
        photos = 1_250 + chance.randrange(-40, 40)
        facts = {"photos": photos, "wrong": round(photos * chance.uniform(0.06, 0.08))}
        batches.append(
            BatchPlan(f"shard-{number}", "evaluate", begin, end, f"shard {number} of 4", facts)
        )
        begin = end + 0.3
    return tuple(batches)


def photo_samples(
    chance: Random, batches: tuple[BatchPlan, ...], labels: tuple[str, ...]
) -> tuple[SamplePlan, ...]:
    """A few photos of each shard that were put into the wrong class."""
    samples = []
    for batch in batches:
        for number in range(1, 4):
            expected, predicted = chance.sample(labels, 2)
            samples.append(
                SamplePlan(
                    f"photo-{number}",
                    batch.name,
                    batch.begin + 6.5 * number,
                    f"img_{chance.randrange(10**8):08d}.jpg",
                    {
                        "expected": expected,
                        "predicted": predicted,
                        "confidence": round(chance.uniform(0.41, 0.97), 3),
                    },
                )
            )
    return tuple(samples)
