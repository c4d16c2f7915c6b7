"""What somebody typed as a name, as it is kept: on one line, and in the order in which it reads."""

import re
from typing import Final

# Control characters, and those that turn the direction of the text around them: the words beside such a name, in
# the record too, would read otherwise than they are written.  Unicode UAX #9, section 2.
_NO_LETTERS: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def tidy(typed: str) -> str:
    """Return the name without them, with single blanks between its words."""
    return " ".join(_NO_LETTERS.sub("", typed).split())
