"""Strategies for the values that fields hold."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from contexta.contract.time import normalize_timestamp

# Lone surrogates have no UTF-8 form; the models refuse them.
characters = st.characters(exclude_categories=["Cs"])
text = st.text(characters, min_size=1, max_size=20).filter(lambda t: bool(t.strip()))
texts_or_none = st.none() | text
components = st.from_regex(r"[a-z0-9]{1,6}(?:-[a-z0-9]{1,6}){0,2}", fullmatch=True)
snake_words = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)
dotted = st.from_regex(r"[a-z][a-z0-9-]{0,6}(?:\.[a-z][a-z0-9-]{0,6}){0,2}", fullmatch=True)
dotted_snake = st.from_regex(r"[a-z][a-z0-9_-]{0,6}(?:\.[a-z][a-z0-9_-]{0,6}){0,2}", fullmatch=True)
free_keys = (
    st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=30
    ).filter(lambda t: bool(t.strip()))
    | dotted
    | st.sampled_from(["val_loss", "train/loss", "Loss", "layer.1", "top@5", "verlust-größe"])
)
int64s = st.integers(-(2**63), 2**63 - 1)
metric_values = int64s | st.floats(allow_nan=True, allow_infinity=True)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
timestamps = moments.map(normalize_timestamp)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(characters, max_size=20)
)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(characters, max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
keys = text.map(str.strip)
json_maps = st.dictionaries(keys, json_values, max_size=3)
param_maps = st.dictionaries(keys, scalars, max_size=3)
text_maps = st.dictionaries(keys, st.text(characters, max_size=12), max_size=3)
