"""The kinds of fields that models are built from, as annotated types.

Each says what it accepts, what it stores, with which code it refuses, and its JSON Schema.
"""
