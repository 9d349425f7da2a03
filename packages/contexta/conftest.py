"""Shared fixtures of this package's tests."""
