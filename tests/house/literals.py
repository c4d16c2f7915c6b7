"""Finds words that are written into templates, scripts and views without gettext."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from django.template.base import Lexer, TokenType

_SEEN_BY_PEOPLE = {
    "aria-label",
    "aria-description",
    "aria-roledescription",
    "title",
    "placeholder",
    "alt",
    "label",
}
_NOT_PROSE = {"script", "style", "code", "kbd", "pre", "samp"}
_LETTERS = re.compile(r"[^\W\d_]+")
# Names, units and abbreviations are the same in every language.
_NAMES = {
    "A", "A4", "API", "B", "C", "CSV", "Ctrl", "Esc", "GB", "Hz", "ID", "JSON", "K", "MB", "MQTT", "Myofleet",
    "OpenAPI",
    "sha", "UTC", "V", "h", "kB", "kΩ", "mA", "mC", "mV", "min", "ms", "n", "s", "x", "µ", "µC", "µs", "Ω",
}  # fmt: skip
_WORDY_FILTER = re.compile(r"\|(?:default|default_if_none|yesno|pluralize|add):\s*(?!_\()([\"'])(.*?)\1")
_WORDY_ARGUMENT = re.compile(
    r"\b(?:label|title|text|caption|heading|hint|name|button|empty)=(?!_\()([\"'])(.*?)\1"
)


@dataclass(frozen=True, slots=True)
class Naked:
    """Words without gettext, and where."""

    path: Path
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.words!r}"


def _prose(text: str) -> bool:
    if text.strip().startswith("manage.py "):  # what to type is the same in every language
        return False
    return any(word not in _NAMES for word in _LETTERS.findall(text))


# --- Templates ---


class _Reader(HTMLParser):
    """Collects what a person would read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _NOT_PROSE:
            self._inside.append(tag)
        seen = _SEEN_BY_PEOPLE | ({"value"} if tag == "input" and ("type", "submit") in attrs else set())
        for name, value in attrs:
            if name in seen and value and _prose(value):
                self.found.append((self.getpos()[0], value))

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside and _prose(data):
            before = data[: len(data) - len(data.lstrip())]
            self.found.append((self.getpos()[0] + before.count("\n"), " ".join(data.split())))


def in_template(path: Path) -> Iterator[Naked]:
    """Yield the words of a template that stand outside translate and blocktranslate."""
    plain: list[str] = []
    closing = ""
    for token in Lexer(path.read_text()).tokenize():
        lines = "\n" * token.contents.count("\n")
        name = token.split_contents()[0] if token.token_type == TokenType.BLOCK else ""
        if closing:
            plain.append(lines)
            closing = "" if name == closing else closing
        elif name in {"blocktranslate", "blocktrans", "comment"}:
            closing = f"end{name}"
        elif name == "block" and token.split_contents()[1].endswith("_attributes"):
            closing = "endblock"  # stands inside a tag of the template that this one extends
        elif token.token_type == TokenType.TEXT:
            plain.append(token.contents)
        else:
            plain.append(" " if name else "")
            if name not in {"translate", "trans", "load", "extends", "url", "static"}:
                for pattern in (_WORDY_FILTER, _WORDY_ARGUMENT):
                    for _, words in pattern.findall(token.contents):
                        if _prose(words):
                            yield Naked(path, token.lineno, words)
    reader = _Reader()
    reader.feed("".join(plain))
    reader.close()
    for line, words in reader.found:
        yield Naked(path, line, words)


def naked_dates(path: Path) -> Iterator[Naked]:
    """Yield moments that a template formats by itself: in no site's zone, and without UTC on hover.

    What is followed by `UTC` is itself the text on hover.
    """
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        for words in re.findall(
            r"\{\{[^}]*\|(?:date|time|localtime|timezone|utc|naturaltime|timesince)\b[^}]*\}\}(?! UTC)", line
        ):
            yield Naked(path, number, words)
        for words in re.findall(r"\{% (?:now|localtime|timezone) [^%]*%\}", line):
            yield Naked(path, number, words)


# --- Python ---

_GETTEXT = {
    "_",
    "gettext",
    "gettext_lazy",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
    "npgettext",
    "gettext_noop",
}
_FOR_DEVELOPERS = {
    "TemplateSyntaxError",
    "ValueError",
    "TypeError",
    "RuntimeError",
    "AssertionError",
    "KeyError",
    "LookupError",
    "OperationalError",
    "Http404",
}
_NAMED = {"ContextVar", "TypeVar", "NewType", "record"}  # for debugging; kept on record in one language
_LOGGING = {"debug", "info", "warning", "error", "exception", "critical", "log"}
_FOR_PROGRAMMERS = {"description", "summary", "examples", "operation_id", "title", "realm", "samesite"}
_SENTENCE = re.compile(r"^[A-Z][a-z]+(?: [^\W_]|$)|[a-z]{2,} [a-z]{2,} [a-z]{2,}")
_SQL_OR_CODE = re.compile(
    r"\b(?:SELECT|FROM|WHERE|INSERT|UPDATE|DELETE)\b|default-src|^[\w-]+: "
    r"|^(?:Allow|Authorization|Accept|Cookie|Forwarded|Host|Location|Vary)$"
)


class _Strings(ast.NodeVisitor):
    """Collects strings that look like sentences, except for docstrings, logs and programmers' errors."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str]] = []

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        call = node.exc
        if not (isinstance(call, ast.Call) and _name(call.func) in _FOR_DEVELOPERS):
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = _name(node.func)
        if name in _GETTEXT | _LOGGING | _NAMED:
            return
        self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg not in _FOR_PROGRAMMERS:
            self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        """An annotation is no text."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        node.returns = None
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if [_name(target) for target in node.targets] != ["__all__"]:
            self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """What is compared is no text."""

    def visit_Assert(self, node: ast.Assert) -> None:
        self.visit(node.test)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)  # not what a type or a key is called

    def visit_Constant(self, node: ast.Constant) -> None:
        text = node.value
        if isinstance(text, str) and _SENTENCE.search(text) and not _SQL_OR_CODE.search(text):
            self.found.append((node.lineno, text))


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def in_python(path: Path) -> Iterator[Naked]:
    """Yield what looks like a sentence for people, and does not pass through gettext."""
    visitor = _Strings()
    visitor.visit(ast.parse(path.read_text()))
    for line, words in visitor.found:
        yield Naked(path, line, words)


# --- Scripts ---

_COMMENTS = re.compile(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", re.DOTALL)
_STRINGS = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`")
_TO_DEVELOPERS = re.compile(r"(?:\bError\(|console\.\w+\()\s*$")
_SCRIPT_PROSE = re.compile(r"^[A-Z][a-z]+(?: [a-z]+|[.!?]?$)|^[a-z]+ [a-z]+ [a-z]+")
_SCRIPT_NAMES = re.compile(
    r"^(?:[A-Z][a-z]+(?:Up|Down|Left|Right)?|use strict)$"
)  # keys: "Escape", "ArrowUp"


def in_script(path: Path) -> Iterator[Naked]:
    """Yield sentences in a module of ours: its words come from the server, through json_script or data-*."""
    source = _COMMENTS.sub(lambda found: "\n" * found.group().count("\n"), path.read_text())
    for found in _STRINGS.finditer(source):
        words = next((one for one in found.groups() if one is not None), "")
        bare = re.sub(r"\$\{[^}]*\}", "", words).strip()
        if not _SCRIPT_PROSE.search(bare) or _SCRIPT_NAMES.match(bare):
            continue
        if not _TO_DEVELOPERS.search(source[: found.start()]):
            yield Naked(path, source[: found.start()].count("\n") + 1, words)
