"""How the terminal says values: in ASCII, and without blanks where a program counts columns."""

from contexta.interpretation.wording import in_terminal

ago = in_terminal.ago
duration = in_terminal.duration
elapsed = in_terminal.elapsed
moment = in_terminal.moment
number = in_terminal.number
percent = in_terminal.percent
signed = in_terminal.signed
size = in_terminal.size
