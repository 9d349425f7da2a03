"""The project `vision`: a classifier of product photos, trained every night."""

import hashlib
import json
import math
from datetime import datetime, timedelta
from random import Random
from typing import Any

from contexta.cli.demo import _curves as curves
from contexta.cli.demo._deep import photo_batches, photo_samples, training_spans
from contexta.cli.demo._plan import (
    DeploymentPlan,
    EventPlan,
    FilePlan,
    GapPlan,
    Machine,
    RunPlan,
    SeriesPlan,
    StagePlan,
)

PROJECT = "vision"
_EPOCHS, _STEPS_PER_EPOCH, _EVERY = 12, 200, 10
_PACKAGES = {
    "numpy": "2.1.3",
    "pillow": "11.3.0",
    "safetensors": "0.4.5",
    "timm": "1.0.11",
    "torch": "2.5.1",
    "torchvision": "0.20.1",
}
_MEMORY = (
    "CUDA out of memory. Tried to allocate 1.12 GiB. GPU 0 has a total capacity of 23.65 GiB "
    "of which 734.06 MiB is free."
)
_TRACE = f"""Traceback (most recent call last):
  File "train.py", line 148, in <module>
    main(parse_args())
  File "train.py", line 121, in main
    loss = training_step(model, batch)
  File "train.py", line 74, in training_step
    logits = model(batch.images)
torch.OutOfMemoryError: {_MEMORY}
"""


class Vision:
    """Plans of all runs of the project.

    Args:
        seed: of everything that looks like chance.
        nights: number of trainings.
        until: the last training ends on the night before this.
    """

    def __init__(self, seed: int, nights: int, until: datetime) -> None:
        self.seed, self.nights = seed, nights
        self.midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
        self.worse_from = round(0.6 * nights)
        self.diverged, self.failed, self.gappy = 2, 5, nights - 3
        self.data = [self._data(1, nights + 1), self._data(2, nights - nights // 3)]
        self.trainings = [self._training(night) for night in range(nights)]

    def runs(self) -> list[RunPlan]:
        """Every run, oldest first."""
        return sorted([*self.data, *self.trainings], key=lambda run: run.started)

    def deployments(self) -> list[DeploymentPlan]:
        """A first deployment that was replaced, and the one that serves now."""
        first, second = self.trainings[1], self.trainings[self.worse_from - 1]
        switch = second.ended + timedelta(hours=7, minutes=12)
        return [
            _deployed("photo-search-1", first, first.ended + timedelta(hours=6), switch, 2),
            _deployed("photo-search-2", second, switch, None, 4),
        ]

    def _data(self, version: int, days_ago: int) -> RunPlan:
        chance = Random(f"{self.seed}:data:{version}")  # noqa: S311 - an invention, no secret
        photos = 48_000 + 9_500 * version
        body = "photo,label,width,height\n" + "".join(
            f"img_{chance.randrange(10**8):08d}.jpg,{chance.choice(_LABELS)},"
            f"{chance.choice((640, 800, 1024))},{chance.choice((480, 600, 768))}\n"
            for _ in range(400)
        )
        known = SeriesPlan("labels", "label-check", (float(len(_LABELS)),), (317.0,))
        counts = SeriesPlan("photos", "collect", (float(photos),), (64.0,), unit="photos")
        doubles = SeriesPlan(
            "duplicates_removed", "deduplicate", (float(chance.randrange(900, 1400)),), (205.0,)
        )
        return RunPlan(
            project=PROJECT,
            key=f"photos-v{version}",
            name=f"collect photos v{version}",
            started=self.midnight - timedelta(days=days_ago, hours=-9, minutes=-14),
            stages=(
                StagePlan("collect", 0.2, 65.1),
                StagePlan("deduplicate", 65.3, 206.0),
                StagePlan("label-check", 206.1, 318.5),
            ),
            machine=self._machine(0),
            code_revision=_revision(self.seed, "data"),
            argv=("collect_photos.py", "--version", str(version)),
            params={"min_side": 320, "version": version, "source": "catalog"},
            tags={"team": "search", "kind": "data"},
            series=(counts, doubles, known),
            events=(
                EventPlan("labels.checked", "label-check", 318.0, f"{photos} labels are known"),
            ),
            files=(
                FilePlan(
                    "photos",
                    "dataset_snapshot",
                    f"photos-v{version}.csv",
                    body.encode(),
                    "label-check",
                    318.2,
                    {"photos": photos, "labels": len(_LABELS), "format": "csv"},
                ),
            ),
        )

    def _machine(self, night: int) -> Machine:
        packages = dict(_PACKAGES)
        if night >= self.worse_from:
            packages["pillow"] = "12.0.0"
        if night >= self.nights // 4:
            packages["timm"] = "1.0.12"
        newer = night >= self.nights // 2
        return Machine(
            python="3.12.7" if newer else "3.12.4",
            platform="Linux-6.8.0-48-generic-x86_64",
            packages=packages,
            variables={
                "CUDA_VISIBLE_DEVICES": "0",
                "OMP_NUM_THREADS": "8",
                "TRAIN_QUEUE": "nightly",
            },
        )

    def _training(self, night: int) -> RunPlan:
        chance = Random(f"{self.seed}:vision:{night}")  # noqa: S311 - an invention, no secret
        diverged, failed = night == self.diverged, night == self.failed
        params = self._params(chance, night)
        data = self.data[1] if night > self.nights // 3 else self.data[0]
        train_end = 41.0 + 7.6 * _STEPS_PER_EPOCH + chance.uniform(-60, 60)
        if failed:
            train_end = 41.0 + 0.56 * (train_end - 41.0)
        run = _Night(chance, params, worse=night >= self.worse_from, train_end=train_end)
        series = [SeriesPlan("photos", "prepare", (57_500.0,), (38.1,))]
        series += run.diverged() if diverged else run.learned(stop=0.56 if failed else 1.0)
        stages = [
            StagePlan("prepare", 0.2, 40.6),
            StagePlan("train", 41.0, train_end, "failed" if failed else "completed"),
        ]
        if not failed:
            stages.append(StagePlan("evaluate", train_end + 0.5, train_end + 131.0))
            series += run.evaluated(train_end + 129.0, diverged=diverged)
        whole = not (failed or diverged)
        if whole:
            stages.append(StagePlan("package", train_end + 131.4, train_end + 155.0))
            series.append(
                SeriesPlan("model_size", "package", (106.2,), (train_end + 151,), unit="MB")
            )
        deep = whole and night in (self.worse_from - 1, self.nights - 1)
        batches = photo_batches(chance, train_end + 2) if deep else ()
        return RunPlan(
            project=PROJECT,
            key=f"night-{night + 1:02d}",
            name="nightly training",
            started=self.midnight
            - timedelta(days=self.nights - night, hours=-1, minutes=-30)
            + timedelta(seconds=chance.uniform(2, 95)),
            stages=tuple(stages),
            machine=self._machine(night),
            code_revision=_revision(self.seed, self._commit(night)),
            argv=("train.py", "--config", "configs/nightly.yaml", "--seed", str(params["seed"])),
            status="failed" if failed else "completed",
            dirty=night == self.nights - 2,
            params=params,
            tags={
                "team": "search",
                "kind": "training",
                "branch": "faster-resize" if night >= self.worse_from else "main",
            },
            dataset_ref=f"artifact:{data.value}.photos",
            series=tuple(series),
            events=tuple(run.told(diverged=diverged, failed=failed)),
            spans=training_spans(chance, train_end, _EPOCHS) if deep else (),
            gaps=(_GAP,) if night == self.gappy else (),
            batches=batches,
            samples=photo_samples(chance, batches, _LABELS),
            files=tuple(run.left(f"artifact:{data.value}.photos", whole=whole)),
        )

    def _commit(self, night: int) -> str:
        # People push every other day; the change that made it worse is a commit of its own.
        return f"after-{night // 3}" if night >= self.worse_from else f"before-{night // 2}"

    def _params(self, chance: Random, night: int) -> dict[str, Any]:
        rate = 0.03 if night == self.diverged else chance.choice((5e-4, 1e-3, 1e-3, 2e-3))
        return {
            "model": "convnext_tiny",
            "optimizer": "adamw",
            "learning_rate": rate,
            "batch_size": 256 if night == self.failed else chance.choice((64, 128)),
            "epochs": _EPOCHS,
            "weight_decay": 0.05,
            "label_smoothing": 0.1,
            "image_size": 224,
            "resize_filter": "nearest" if night >= self.worse_from else "bicubic",
            "seed": 1000 + night,
        }


class _Night:
    """What one training measured, said and left."""

    def __init__(
        self, chance: Random, params: dict[str, Any], *, worse: bool, train_end: float
    ) -> None:
        self.chance, self.params, self.train_end = chance, params, train_end
        self.steps = list(range(0, _EPOCHS * _STEPS_PER_EPOCH, _EVERY))
        self.ceiling = (0.898 if worse else 0.931) + chance.gauss(0, 0.0022)
        self.floor = 0.34 if worse else 0.29
        self.broken = 1_130

    def diverged(self) -> list[SeriesPlan]:
        loss = curves.diverging_curve(self.chance, self.steps, broken=self.broken)
        accuracy = [0.31, 0.44, 0.47, 0.38, 0.21, *([math.nan] * (_EPOCHS - 5))]
        return self._training_series(loss, accuracy, self.steps)

    def learned(self, *, stop: float) -> list[SeriesPlan]:
        rate = self.params["learning_rate"]
        loss = curves.loss_curve(self.chance, self.steps, floor=self.floor, peak=rate)
        accuracy = curves.accuracy_curve(self.chance, _EPOCHS, ceiling=self.ceiling, first=0.58)
        shown = int(stop * len(self.steps))
        return self._training_series(
            loss[:shown], accuracy[: int(stop * _EPOCHS)], self.steps[:shown]
        )

    def _training_series(
        self, loss: list[float], accuracy: list[float], steps: list[int]
    ) -> list[SeriesPlan]:
        total, peak, chance = self.steps[-1] + 1, self.params["learning_rate"], self.chance
        at = self._seconds(steps)
        rates = [curves.learning_rate(step, total, peak) for step in steps]
        norms = [
            one if one != one else (0.35 + 1.9 * one * one) * math.exp(chance.gauss(0, 0.22))
            for one in loss
        ]
        coarse = slice(0, None, 5)
        speed = [chance.gauss(415, 9) for _ in steps[coarse]]
        memory = 0.071 * self.params["batch_size"] + 4.1
        used = [memory + chance.uniform(0, 0.3) for _ in steps[coarse]]
        epochs = tuple(float(epoch + 1) for epoch in range(len(accuracy)))
        ends = [_STEPS_PER_EPOCH * (epoch + 1) - 1 for epoch in range(len(accuracy))]
        held_out = [
            one if one != one else 0.28 + 2.6 * (1 - one) + chance.gauss(0, 0.012)
            for one in accuracy
        ]
        after = self._seconds(ends)
        shown = tuple(ends)
        return [
            SeriesPlan("loss", "train", tuple(loss), at, tuple(steps)),
            SeriesPlan("grad_norm", "train", tuple(norms), at, tuple(steps)),
            SeriesPlan("learning_rate", "train", tuple(rates), at, tuple(steps)),
            SeriesPlan(
                "images_per_second", "train", tuple(speed), at[coarse], tuple(steps[coarse]),
                unit="images/s",
            ),
            SeriesPlan(
                "gpu_memory", "train", tuple(used), at[coarse], tuple(steps[coarse]), unit="GiB"
            ),
            SeriesPlan("val_loss", "train", tuple(held_out), after, shown, epochs),
            SeriesPlan("val_accuracy", "train", tuple(accuracy), after, shown, epochs),
        ]  # fmt: skip

    def _seconds(self, steps: list[int]) -> tuple[float, ...]:
        whole = self.steps[-1] + 1
        length = self.train_end - 42.5
        if steps and steps[-1] < 0.9 * whole and len(steps) > _EPOCHS:
            whole = steps[-1] + 1  # it broke off, so the time it had went into fewer steps
        return tuple(41.5 + length * min(1.0, (step + 1) / whole) for step in steps)

    def evaluated(self, second: float, *, diverged: bool) -> list[SeriesPlan]:
        accuracy = math.nan if diverged else self.ceiling + self.chance.gauss(0, 0.0012)
        f1 = math.nan if diverged else accuracy - 0.011 + self.chance.gauss(0, 0.001)
        latency = self.chance.gauss(11.8, 0.35)
        return [
            SeriesPlan("accuracy", "evaluate", (accuracy,), (second,)),
            SeriesPlan("f1", "evaluate", (f1,), (second + 0.1,)),
            SeriesPlan("latency_ms", "evaluate", (latency,), (second + 0.2,), unit="ms"),
        ]

    def told(self, *, diverged: bool, failed: bool) -> list[EventPlan]:
        events = [EventPlan("data.loaded", "prepare", 38.0, "57,500 photos in 24 classes")]
        if failed:
            return [
                *events,
                EventPlan(
                    "exception", "train", self.train_end - 0.3, f"OutOfMemoryError: {_MEMORY}",
                    "error",
                    {"type": "OutOfMemoryError", "module": "torch", "message": _MEMORY,
                     "traceback": _TRACE},
                ),
            ]  # fmt: skip
        length = self.train_end - 42.5
        if diverged:
            second = 41.5 + length * self.broken / (self.steps[-1] + 1)
            text = f"the loss is not finite since step {self.broken}"
            return [*events, EventPlan("loss.not-finite", "train", second, text, "warning")]
        for epoch in range(4, _EPOCHS + 1, 4):
            second = 41.5 + length * epoch / _EPOCHS
            text = f"checkpoint after epoch {epoch}"
            events.append(
                EventPlan("checkpoint.saved", "train", second, text, attributes={"epoch": epoch})
            )
        second = self.train_end + 150.5
        events.append(EventPlan("model.exported", "package", second, "wrote model.safetensors"))
        return events

    def left(self, data: str, *, whole: bool) -> list[FilePlan]:
        config = json.dumps({"train": self.params, "data": data}, indent=2, sort_keys=True)
        files = [
            FilePlan("config", "config_snapshot", "nightly.json", config.encode(), "prepare", 0.9)
        ]
        if whole:
            weights = self.chance.randbytes(48_000 + 16 * self.chance.randrange(40))
            attributes = {"format": "safetensors", "parameters": 27_820_000}
            files.append(
                FilePlan(
                    "model", "model_bundle", "model.safetensors", weights, "package",
                    self.train_end + 150.0, attributes, (data,),
                )
            )  # fmt: skip
        return files


_LABELS = (
    "backpack", "boot", "bottle", "camera", "chair", "clock", "coat", "cup", "desk", "dress",
    "glove", "hat", "jacket", "keyboard", "lamp", "mug", "pan", "pen", "phone", "plate",
    "sandal", "scarf", "shelf", "watch",
)  # fmt: skip

_GAP = GapPlan(
    "capture.points-lost",
    "train",
    911.0,
    "37 points were not stored while the disk was full",
    {"lost_points": 37, "reason": "No space left on device"},
)


def _deployed(
    name: str, run: RunPlan, started: datetime, ended: datetime | None, replicas: int
) -> DeploymentPlan:
    return DeploymentPlan(
        PROJECT, name, "photo search", run, run.files[-1], started, ended,
        {"region": "eu-central", "replicas": replicas, "endpoint": "/v1/photos"},
    )  # fmt: skip


def _revision(seed: int, commit: str) -> str:
    return hashlib.sha256(f"{seed}:{commit}".encode()).hexdigest()[:40]
