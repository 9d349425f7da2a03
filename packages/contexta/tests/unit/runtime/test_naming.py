"""Refs from names."""

import pytest

from contexta.contract.errors import LifecycleError
from contexta.runtime._naming import NameTable, scope_name


def test_distinct_names_with_one_slug_stay_apart():
    """The second name gets 6 hex digits of its own."""
    table = NameTable()
    first, second = table.take("stage", "lr=0.1"), table.take("stage", "lr=0-1")

    assert (first, second[:7], len(second)) == ("lr-0-1", "lr-0-1-", 13)


def test_a_name_comes_again_after_release_and_is_numbered_meanwhile():
    """Open scopes of one name are numbered; a closed one gives its ref back."""
    table = NameTable()
    names = [table.take("stage", "train") for _ in range(3)]
    table.release("stage", "train")

    assert names == ["train", "train-2", "train-3"]
    assert table.take("stage", "train") == "train"


def test_a_number_never_takes_a_name_that_somebody_has():
    """A stage called train-2 keeps that ref for itself."""
    table = NameTable()
    table.take("stage", "train-2")
    table.release("stage", "train-2")
    table.take("stage", "train")

    assert table.take("stage", "train") == "train-3"


@pytest.mark.parametrize("value", ["", "  ", None, 3])
def test_names_are_non_blank_text(value):
    """Anything else is refused with a code."""
    with pytest.raises(LifecycleError) as caught:
        scope_name("stage_name", value)

    assert caught.value.code == "runtime_invalid_value"
