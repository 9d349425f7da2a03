"""Hugging Face's Trainer: a tiny real training, and what the command line knows about it."""

import pytest

pytest.importorskip("transformers", reason="transformers is not installed")
pytest.importorskip("torch", reason="torch is not installed")

import tokenizers
import torch
from _answers import shown_kinds, shown_series
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

from contexta.adapters.transformers import ContextaCallback

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


class Words(torch.utils.data.Dataset):
    """Sentences whose first word tells the label."""

    def __len__(self):
        return 16

    def __getitem__(self, index):
        words = torch.tensor([index % 2 + 1, 5, 6, 7])
        return {"input_ids": words, "attention_mask": torch.ones(4).long(), "labels": index % 2}


@pytest.fixture
def trainer(tmp_path):
    """Build a trainer of a very small network."""

    def build(callback, processing_class=None):
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=16, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=8, max_position_embeddings=8,
        )  # fmt: skip
        arguments = TrainingArguments(
            output_dir=str(tmp_path / "out"), per_device_train_batch_size=4, num_train_epochs=2,
            logging_steps=2, eval_strategy="epoch", save_strategy="no", report_to=[],
            learning_rate=0.01, use_cpu=True, disable_tqdm=True, dataloader_pin_memory=False,
        )  # fmt: skip
        return Trainer(
            BertForSequenceClassification(config), arguments, train_dataset=Words(),
            eval_dataset=Words(), callbacks=[callback], processing_class=processing_class,
        )  # fmt: skip

    return build


def test_a_training_is_a_run(ctx, show, points, trainer, artifacts):
    """Arguments, configuration, train and valid by step, and a model in safetensors."""
    built = trainer(ContextaCallback(ctx, name="tiny"))
    built.train()
    snapshot = show("tiny")
    found = points("run:p.tiny")
    ((facts, folder),) = artifacts("run:p.tiny")
    again = BertForSequenceClassification.from_pretrained(folder)
    logged = [(e["step"], e["loss"]) for e in built.state.log_history if "loss" in e]
    evaluated = [(e["step"], e["eval_loss"]) for e in built.state.log_history if "eval_loss" in e]

    assert 4 == len(logged)
    assert logged == found["train", "loss"]
    assert evaluated == found["valid", "loss"]
    assert (2, 8) == shown_series(snapshot)["valid", "loss"][:2]
    assert 0.01 == snapshot["run"]["params"]["learning_rate"]
    assert 8 == snapshot["run"]["params"]["model.hidden_size"]
    assert "completed" == snapshot["run"]["status"]
    assert "model" in shown_kinds(snapshot)
    assert "safetensors" == facts["format"]
    assert {"config.json", "model.safetensors"} <= {one.name for one in folder.iterdir()}
    for mine, theirs in zip(built.model.parameters(), again.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_the_tokenizer_is_kept_with_the_model(ctx, trainer, artifacts):
    """Whoever takes the folder reads text with it, without asking for the rest."""
    words = tokenizers.Tokenizer(WordLevel({"[UNK]": 0, "good": 1, "bad": 2}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    special = {"unk_token": "[UNK]", "pad_token": "[UNK]"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, **special)
    trainer(ContextaCallback(ctx, name="tiny"), processing_class=tokenizer).train()
    ((_, folder),) = artifacts("run:p.tiny")
    again = PreTrainedTokenizerFast.from_pretrained(folder)

    assert [1, 2, 0] == again("good bad other")["input_ids"]


def test_an_evaluation_afterwards_continues_the_run(ctx, trainer, points):
    """Its values come to those of the training."""
    built = trainer(ContextaCallback(ctx, name="tiny", log_model=False))
    built.train()
    built.evaluate()

    assert 3 == len(points("run:p.tiny")["valid", "loss"])
    assert "completed" == ctx.metadata_store.runs.get_run("run:p.tiny").status


def test_it_joins_the_run_of_the_block(ctx, trainer, points):
    """The run stays open for what comes after."""
    with ctx.run("mine") as run:
        trainer(ContextaCallback(ctx, log_model=False)).train()
        still_open = not run.is_closed

    assert still_open
    assert 4 == len(points(run.ref)["train", "loss"])


def test_a_training_that_raises_inside_a_block_fails_its_run(ctx, trainer):
    """The status is that of the block."""
    built = trainer(ContextaCallback(ctx, log_model=False))
    built.compute_loss = None
    with pytest.raises(TypeError), ctx.run("r") as run:
        built.train()

    assert "failed" == ctx.metadata_store.runs.get_run(run.ref).status
