"""Lightning: a tiny real training, and what the command line knows about it."""

import copy
import pickle

import pytest

pytest.importorskip("lightning", reason="Lightning is not installed")
pytest.importorskip("torch", reason="torch is not installed")

import lightning.pytorch as pl
import torch
from _answers import shown_kinds, shown_series
from lightning.pytorch.callbacks import ModelCheckpoint
from safetensors.torch import load_model

from contexta.adapters.lightning import ContextaLogger

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


class Line(pl.LightningModule):
    """One layer."""

    def __init__(self, lr=0.1, fail_at=None):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(3, 1)

    def loss(self, batch):
        (x,) = batch
        return ((self.layer(x) - x.sum(1, keepdim=True)) ** 2).mean()

    def training_step(self, batch, index):
        if self.hparams.fail_at == index:
            raise RuntimeError("out of memory")
        loss = self.loss(batch)
        self.log("train_loss", loss)
        self.log("speed", 1.0)
        return loss

    def validation_step(self, batch, index):
        self.log("val_loss", self.loss(batch))

    def test_step(self, batch, index):
        self.log("accuracy", 0.5)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


@pytest.fixture
def loader():
    """Four batches."""
    torch.manual_seed(0)
    data = torch.utils.data.TensorDataset(torch.randn(16, 3))
    return torch.utils.data.DataLoader(data, batch_size=4)


def trainer(logger, folder, **options):
    """Build a trainer for two epochs on the CPU."""
    settings = {
        "max_epochs": 2, "log_every_n_steps": 2, "enable_progress_bar": False,
        "enable_model_summary": False, "enable_checkpointing": False,
    }  # fmt: skip
    return pl.Trainer(
        logger=logger, accelerator="cpu", devices=1, default_root_dir=str(folder),
        **{**settings, **options},
    )  # fmt: skip


def test_a_training_is_a_run_and_its_test_belongs_to_it(
    ctx, show, points, loader, tmp_path, artifacts
):
    """Hyper-parameters, metrics by step and stage, the test after it, and the model."""
    model = Line(lr=0.05)
    fitted = trainer(ContextaLogger(ctx, name="line"), tmp_path)
    fitted.fit(model, loader, loader)
    after_fit = ctx.metadata_store.runs.get_run("run:p.line").status
    fitted.test(model, loader, verbose=False)
    snapshot = show("line")
    found = points("run:p.line")
    ((facts, path),) = artifacts("run:p.line")
    again = Line()
    load_model(again, path)

    assert "completed" == after_fit
    assert [1, 3, 5, 7] == [step for step, _ in found["train", "train_loss"]]
    assert [3, 7] == [step for step, _ in found["valid", "val_loss"]]
    assert 4 == shown_series(snapshot)["train", "speed"][0]
    assert 0.5 == shown_series(snapshot)["test", "accuracy"][2]
    assert 0.05 == snapshot["run"]["params"]["lr"]
    assert "completed" == snapshot["run"]["status"]
    assert "model" in shown_kinds(snapshot)
    assert facts["safe_to_load"]
    assert torch.equal(model.layer.weight, again.layer.weight)
    assert not ctx.metadata_store.runs.exists_run("run:p.line-2")


def test_a_training_that_raises_is_failed(ctx, loader, tmp_path, points):
    """What was logged before stays."""
    logger = ContextaLogger(ctx, name="line", log_model=False)
    with pytest.raises(RuntimeError, match="out of memory"):
        trainer(logger, tmp_path).fit(Line(fail_at=2), loader, loader)

    assert "failed" == ctx.metadata_store.runs.get_run("run:p.line").status
    assert 1 == len(points("run:p.line")["train", "train_loss"])


def test_it_joins_the_run_of_the_block(ctx, loader, tmp_path, points):
    """The run stays open for what comes after."""
    with ctx.run("mine") as run:
        trainer(ContextaLogger(ctx), tmp_path).fit(Line(), loader, loader)
        still_open = not run.is_closed

    assert still_open
    assert ("valid", "val_loss") in points(run.ref)


def test_checkpoints_are_kept_where_asked_and_marked(ctx, loader, tmp_path, artifacts):
    """A pickle says that it is one."""
    logger = ContextaLogger(ctx, name="line", log_model=False, log_checkpoints=True)
    keep = ModelCheckpoint(monitor="val_loss", dirpath=tmp_path / "ckpt")
    trainer(logger, tmp_path, enable_checkpointing=True, callbacks=[keep]).fit(
        Line(), loader, loader
    )
    ((facts, _),) = artifacts("run:p.line", "checkpoint")

    assert not facts["safe_to_load"]
    assert "torch-pickle" == facts["format"]


def test_a_spawned_worker_joins_the_run(ctx, points):
    """A logger that was pickled writes to the run that was active when it was."""
    with ctx.run("r") as run:
        logger = pickle.loads(pickle.dumps(ContextaLogger(ctx)))
        logger.log_metrics({"val_loss": 0.5, "epoch": 1}, step=3)
        logger.finalize("success")
        logger.finalize("success")

        assert [(3, 0.5)] == points(run.ref)["valid", "val_loss"]
        assert "open" == ctx.metadata_store.runs.get_run(run.ref).status


def test_other_processes_of_a_distributed_training_write_nothing(ctx, points, monkeypatch):
    """Only rank 0 logs."""
    from lightning.pytorch.utilities.rank_zero import rank_zero_only

    monkeypatch.setattr(rank_zero_only, "rank", 1)
    logger = copy.deepcopy(ContextaLogger(ctx, name="line"))
    logger.log_hyperparams({"a": 1})
    logger.log_metrics({"loss": 1.0}, step=0)
    logger.finalize("success")

    assert not ctx.metadata_store.runs.exists_run("run:p.line")
