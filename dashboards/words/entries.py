"""What the glossary is made of."""

from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Word:
    """A word as pages print it, and what it means in a sentence or two."""

    name: str | Promise
    meaning: str | Promise


@dataclass(frozen=True, slots=True)
class Chapter:
    """Words that belong together; `words` by the key that `{% word %}` takes."""

    title: str | Promise
    words: dict[str, Word]
