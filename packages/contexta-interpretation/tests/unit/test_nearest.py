"""Names close to one that fits nothing."""

from contexta.interpretation._nearest import hint, nearest


def test_close_names_come_first():
    """A typing error finds its name, then the names that contain it."""
    found = nearest("acuracy", ["loss", "val/accuracy", "accuracy"])

    assert found == ("accuracy", "val/accuracy")


def test_case_is_not_looked_at():
    """Another case of the same name is close."""
    assert nearest("LOSS", ["Loss"]) == ("Loss",)


def test_at_most_five():
    """No more than five names are returned."""
    assert len(nearest("m", [f"m{i}" for i in range(9)])) <= 5
    assert len(nearest("metric", [f"metric{i}" for i in range(9)])) == 5


def test_hint_says_that_nothing_is_near():
    """Without a close name the hint says so."""
    assert hint(nearest("zzz", ["loss"])) == "; nothing looks like it"
    assert hint(("a", "b")) == "; nearest: a, b"
