"""Texts of failures lose what looks like a secret."""

import pytest

from contexta.recovery._redact_text import redacted_text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET https://bob:hunter2@host/x failed", "hunter2"),
        ("401 for ?api_key=abc123&x=1", "abc123"),
        ("header 'Authorization: Bearer abcdef123456'", "abcdef123456"),
        ('{"password": "two words"}', "two words"),
        ("AKIAABCDEFGHIJKLMNOP denied", "AKIAABCDEFGHIJKLMNOP"),
        ("X-Auth-Token: s3cr3tvalue", "s3cr3tvalue"),
    ],
)
def test_secrets_go(text, secret):
    assert secret not in redacted_text(text)


@pytest.mark.parametrize("text", ["", "refused", "RuntimeError: key 'loss' is missing", "a@b: no"])
def test_other_texts_stay(text):
    assert redacted_text(text) == text


def test_the_text_is_bounded():
    """A sink may answer with a whole page."""
    assert len(redacted_text("x" * 10**7)) == 4096
