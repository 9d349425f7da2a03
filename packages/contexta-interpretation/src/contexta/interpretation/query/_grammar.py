"""The grammar of run expressions, and what its parts are called in messages."""

from __future__ import annotations

from typing import Any

# Each terminal is matched in linear time: none has a repetition inside of a repetition that
# could match the same text in two ways. Words are keywords only where one may stand, so a
# parameter may be called "and". `-` and `/` belong to bare keys, for there is no arithmetic.
GRAMMAR = r"""
start: either

?either: both (_OR both)*                                -> any_of
?both: negation (_AND negation)*                         -> all_of
?negation: _NOT negation                                 -> negated
    | _LPAR either _RPAR                                 -> nested
    | comparison

?comparison: field OPERATOR literal                      -> compare
    | field _IN _LPAR literal (_COMMA literal)* _RPAR    -> one_of
    | field _NOT _IN _LPAR literal (_COMMA literal)* _RPAR -> none_of
    | field _BETWEEN literal _AND literal                -> between
    | field _NOT _BETWEEN literal _AND literal           -> not_between
    | field TEXTUAL literal                              -> textual
    | field _NOT TEXTUAL literal                         -> not_textual
    | field _IS _NULL                                    -> is_null
    | field _IS _NOT _NULL                               -> is_not_null

field: FIELD [_call]                                     -> bare_field
    | FIELD "." quoted [stage] [suffix]                  -> quoted_field
    | FIELD _LSQB quoted _RSQB [stage] [suffix]          -> quoted_field
    | FIELD "@" STAGE [_call]                            -> staged_field
    | FIELD "@" quoted [suffix]                          -> bare_quoted_stage

stage: "@" (QUOTED_STAGE | quoted)
suffix: "." SUFFIX [_call]
_call: _LPAR NUMBER _RPAR
quoted: STRING | BACKTICK

literal: NUMBER                                          -> number
    | INFINITY                                           -> number
    | NAN                                                -> number
    | DURATION                                           -> duration
    | STRING                                             -> text
    | TRUE                                               -> word
    | FALSE                                              -> word
    | NULL_LITERAL                                       -> null_literal
    | NOW [_MINUS DURATION]                              -> now
    | _AGO _LPAR DURATION _RPAR                          -> ago

_AND.3: /and(?![\w.])/i
_OR.3: /or(?![\w.])/i
_NOT.3: /not(?![\w.])/i
_IN.3: /in(?![\w.])/i
_IS.3: /is(?![\w.])/i
_NULL.3: /null(?![\w.])/i
_BETWEEN.3: /between(?![\w.])/i
TEXTUAL.3: /(?:like|contains)(?![\w.])|!?~/i
TRUE.3: /true(?![\w.])/i
FALSE.3: /false(?![\w.])/i
NULL_LITERAL.3: /null(?![\w.])/i
NAN.3: /nan(?![\w.])/i
INFINITY.3: /[+-]?inf(?:inity)?(?![\w.])/i
NOW.3: /now(?![\w.])/i
_AGO.3: /ago(?![\w.])/i

OPERATOR: /==|=|!=|<>|<=|>=|<|>/
DURATION.2: /[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d|w)(?![\w.])/
NUMBER: /[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.])/
STRING: /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/s
BACKTICK: /`[^`]*`/
FIELD: /[^\W\d]\w*(?:\.[\w\/:\-]+)*/
STAGE: /[\w\-]+(?:\.\w+)?/
QUOTED_STAGE: /[\w\-]+/
SUFFIX: /[^\W\d]\w*/

_LPAR: "("
_RPAR: ")"
_LSQB: "["
_RSQB: "]"
_COMMA: ","
_MINUS: "-"

%ignore /\s+/
"""

NAMES = {
    "_AND": "and",
    "_OR": "or",
    "_NOT": "not",
    "_IN": "in",
    "_IS": "is",
    "_NULL": "null",
    "_BETWEEN": "between",
    "TEXTUAL": "like, contains, ~, !~",
    "TRUE": "true",
    "FALSE": "false",
    "NAN": "nan",
    "INFINITY": "inf",
    "NOW": "now",
    "_AGO": "ago(...)",
    "OPERATOR": "=, !=, <, <=, >, >=",
    "DURATION": "a duration such as 7d",
    "NUMBER": "a number",
    "STRING": "a text in quotes",
    "BACKTICK": "a key in backticks",
    "FIELD": "a field",
    "STAGE": "a stage",
    "QUOTED_STAGE": "a stage",
    "SUFFIX": "last, first, min, max, mean, count, nonfinite or at(step)",
    "_LPAR": "(",
    "_RPAR": ")",
    "_LSQB": "[",
    "_RSQB": "]",
    "_COMMA": ",",
    "_MINUS": "-",
    "DOT": ".",
    "__ANON_0": "@",
    "$END": "the end",
}
"""What is expected, in words, by terminal; those without a name here are not offered."""


def expected_names(terminals: Any) -> tuple[str, ...]:
    """Name what may stand at a place, in the order of the table above."""
    found = set(terminals or ())
    return tuple(dict.fromkeys(name for terminal, name in NAMES.items() if terminal in found))
