"""One way for all lists: filters, order and page stand in the address; the same rows come as CSV.

A view says what its list has, asks what the reader wants, narrows the rows itself, and answers:

    listing = Listing(name="people", title=_("People"), columns=(…), filters=(…), fields=(…), sort="name", …)
    asked = listing.ask(request.GET)
    rows = User.objects.filter(…)                 # by `asked.value("q")` and by what the reader may see
    if as_csv: return exports.answer(request, listing, asked, rows, place="all-sites", today=…)
    return render(request, "dashboards/lists/page.html", {"list": listing.page(asked, rows, now=now, …)})

Rows are a QuerySet (columns with `order`) or a sequence in memory (columns with `key`).  A wrong value in the
address is told by name, with what would be right; what is right beside it still holds.  Pages are numbered, and
end after `MOST` rows: nobody reads further, and a skip to there stays a matter of milliseconds.  What is beyond is
reached by a filter, or as CSV, which has every row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, Generic, Literal, TypeVar

from django.db.models import F, QuerySet
from django.db.models.expressions import Expression, OrderBy
from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from dashboards.lists.filters import Filter as Filter
from dashboards.lists.filters import Option as Option
from dashboards.lists.filters import Text
from dashboards.words.glossary import WORDS, Word

MOST: Final = 10_000  # rows that pages lead to; also how far they are counted
PER_PAGE: Final = 50

M = TypeVar("M")  # what the rows are
R = TypeVar("R")  # what a page shows of each, made by `prepare`


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """One column of the page.

    `cell` returns plain text, or HTML made by `format_html`.  A column sorts if it has an `order` (rows in the
    database: names of fields that are never null, or expressions, whose nulls come last either way) or a `key`
    (rows in memory; None comes last either way).  `word` is a key of `dashboards.words.glossary.WORDS`,
    explained below the list.
    """

    name: str
    label: Text
    cell: Callable[[R], Text]
    order: tuple[str | F | Expression, ...] = ()
    key: Callable[[Any], Any] | None = None
    number: bool = False
    word: str = ""
    first: Literal["ascending", "descending"] = "ascending"  # the way that the first click sorts

    @property
    def sorts(self) -> bool:
        return bool(self.order) or self.key is not None


@dataclass(frozen=True, slots=True)
class Field(Generic[R]):
    """One column of the CSV; `label` carries the unit.  Moments are written as ISO 8601 UTC."""

    label: Text
    value: Callable[[R], str | int | float | bool | datetime | Text | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; `complaints` are what could not be understood, in words."""

    values: dict[str, Any]
    texts: dict[str, str]
    sort: str
    descending: bool
    number: int
    complaints: list[str] = field(default_factory=list)

    def value(self, name: str) -> Any:
        """Return the value of a filter; None if it asks for nothing."""
        return self.values.get(name)


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column; `url` sorts by it."""

    label: Text
    url: str
    aria_sort: str
    number: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A filter as the form shows it."""

    filter: Filter
    text: str
    wrong: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the page: HTML or plain text, one a column; `key` names it from one reading to the next."""

    key: str
    cells: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class ListPage:
    """What `dashboards/lists/table.html` shows."""

    name: str
    title: Text
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    numbers: frozenset[int]
    questions: tuple[Question, ...]
    complaints: tuple[str, ...]
    empty: Text
    is_filtered: bool
    is_narrowed: bool
    total: str
    as_of: datetime
    time_zone: str
    is_one_zone: bool
    refresh_s: int
    url: str
    clear_url: str
    csv_url: str
    previous_url: str
    next_url: str
    is_cut: bool
    sort: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Listing(Generic[M, R]):
    """What a list has.

    Args:
        name: Of the CSV file, and of the page's parts.
        filters: The first is always in sight; on a phone the others are behind "More filters".
        prepare: Makes what the cells and fields read from rows, many at once, so that none takes a query of its own.
        key: Names a row, from what `prepare` made.
        sort: The column that orders the list unless the address says otherwise; `-` before it for descending.
        nothing: Said where there is no row at all, with no filter set: why, and what to do.
        csv_url: Where the CSV is; "" for none.
        refresh_s: After how many seconds an open page reads itself again; 0 for never.
    """

    name: str
    title: Text
    columns: tuple[Column[R], ...]
    filters: tuple[Filter, ...]
    sort: str
    prepare: Callable[[Sequence[M]], Sequence[R]]
    key: Callable[[R], str]
    nothing: Text
    fields: tuple[Field[R], ...] = ()
    url: str = ""
    csv_url: str = ""
    per_page: int = PER_PAGE
    refresh_s: int = 0

    def ask(self, parameters: QueryDict) -> Asked:
        """Read the address.  What it gets wrong is left out and complained of."""
        values: dict[str, Any] = {}
        complaints = self._strangers(parameters)
        texts = {one.name: parameters.get(one.name, "").strip() for one in self.filters}
        for one in self.filters:
            if texts[one.name]:
                try:
                    values[one.name] = one.read(texts[one.name])
                except ValueError as error:
                    complaints.append(str(error))
        sort = self._sort(parameters.get("sort", ""), complaints)
        number = _number(parameters.get("page", ""), complaints)
        return Asked(values, texts, sort.removeprefix("-"), sort.startswith("-"), number, complaints)

    def ordered(self, asked: Asked, rows: "QuerySet[Any] | Sequence[M]") -> "QuerySet[Any] | Sequence[Any]":
        """Return the rows in the order asked for; those that are equal in it always stand alike."""
        column = next(one for one in self.columns if one.name == asked.sort)
        if isinstance(rows, QuerySet):
            return rows.order_by(*_order(column, asked.descending), "-pk" if asked.descending else "pk")
        key = column.key
        assert key is not None, f"{column.name} of {self.name} has no key"  # noqa: S101  our own table
        keyed = [(key(row), row) for row in rows]
        known = [one for one in keyed if one[0] is not None]
        known.sort(key=itemgetter(0), reverse=asked.descending)
        return [row for _key, row in known] + [row for key_, row in keyed if key_ is None]

    def page(
        self,
        asked: Asked,
        rows: "QuerySet[Any] | Sequence[M]",
        *,
        now: datetime,
        time_zone: str = "UTC",
        is_one_zone: bool = False,
    ) -> ListPage:
        """Return the page asked for; the last one, with a complaint, if it is past the end.

        Args:
            is_one_zone: Whether each row's times are in this zone too, rather than in that of the row's site.
        """
        total = rows[: MOST + 1].count() if isinstance(rows, QuerySet) else len(rows)
        last = max(1, -(-min(total, MOST) // self.per_page))
        number = min(asked.number, last)
        low = (number - 1) * self.per_page
        shown = chosen(self.ordered(asked, rows), slice(low, min(low + self.per_page, MOST)))
        made = tuple(self._row(one) for one in self.prepare(shown))
        return ListPage(
            name=self.name,
            title=self.title,
            headings=tuple(self._heading(asked, column) for column in self.columns),
            rows=made,
            numbers=frozenset(n for n, column in enumerate(self.columns) if column.number),
            questions=tuple(self._question(asked, one) for one in self.filters),
            complaints=(*asked.complaints, *_past_the_end(asked.number, last)),
            empty=self._no_match(asked) if asked.values else self.nothing,
            is_filtered=any(asked.texts.values()),
            is_narrowed=any(asked.texts[one.name] for one in self.filters[1:]),
            total=_total(low, len(made), total),
            as_of=now,
            time_zone=time_zone,
            is_one_zone=is_one_zone,
            refresh_s=self.refresh_s,
            url=self.address(asked, number=number),
            clear_url=self.url or "?",
            csv_url=self.csv_url and self.address(asked, number=1, base=self.csv_url),
            previous_url=self.address(asked, number=number - 1) if number > 1 else "",
            next_url=self.address(asked, number=number + 1) if number < last else "",
            is_cut=total > MOST and number == last,
            sort=self._sort_text(asked),
            words=tuple(WORDS[column.word] for column in self.columns if column.word),
        )

    def address(self, asked: Asked, *, number: int = 1, sort: str | None = None, base: str = "") -> str:
        """Return the address of this list with what was understood of the one asked for."""
        parts = {name: asked.texts[name] for name in asked.values}
        sort = self._sort_text(asked) if sort is None else sort
        if sort and sort != self.sort:
            parts["sort"] = sort
        if number > 1:
            parts["page"] = str(number)
        base = base or self.url
        return f"{base}?{urlencode(parts)}" if parts else base or "?"

    def _sort_text(self, asked: Asked) -> str:
        text = f"-{asked.sort}" if asked.descending else asked.sort
        return "" if text == self.sort else text

    def _sort(self, text: str, complaints: list[str]) -> str:
        if not text:
            return self.sort
        names = [column.name for column in self.columns if column.sorts]
        if text.removeprefix("-") in names:
            return text
        complaints.append(
            _("This list cannot be sorted by “%(name)s”; it can by: %(names)s.")
            % {"name": text[:40], "names": ", ".join(names)}
        )
        return self.sort

    def _strangers(self, parameters: QueryDict) -> list[str]:
        known = [one.name for one in self.filters]
        return [
            _("This list has no filter “%(name)s”; it has: %(names)s.")
            % {"name": name[:40], "names": ", ".join(known)}
            for name in parameters
            if name not in known and name not in ("sort", "page")
        ]

    def _heading(self, asked: Asked, column: Column[R]) -> Heading:
        if not column.sorts:
            return Heading(column.label, "", "", column.number)
        here = column.name == asked.sort
        turned = not asked.descending if here else column.first == "descending"
        return Heading(
            label=column.label,
            url=self.address(asked, sort=f"-{column.name}" if turned else column.name),
            aria_sort=("descending" if asked.descending else "ascending") if here else "",
            number=column.number,
        )

    def _question(self, asked: Asked, one: Filter) -> Question:
        text = asked.texts[one.name]
        return Question(one, text, bool(text) and one.name not in asked.values)

    def _no_match(self, asked: Asked) -> str:
        """Return what was looked for in vain, in the words of the form."""
        told = []
        for one in self.filters:
            if one.name in asked.values:
                names = {option.value: option.label for option in one.options if one.kind == "choice"}
                text = asked.texts[one.name]
                told.append(f"{one.label}: {names.get(text, text)}")
        return _("Nothing matches these filters: %(filters)s.") % {"filters": " · ".join(told)}

    def _row(self, made: R) -> Row:
        return Row(self.key(made), tuple(column.cell(made) for column in self.columns))


def chosen(rows: "QuerySet[Any] | Sequence[Any]", part: slice) -> Sequence[Any]:
    """Return some of the ordered rows.  The database sorts their keys alone: whole rows are many times as wide."""
    if not isinstance(rows, QuerySet):
        return rows[part]
    return by_key(rows, list(rows.values_list("pk", flat=True)[part]))


def by_key(rows: QuerySet[Any], keys: Sequence[Any]) -> list[Any]:
    """Return the rows of these keys, in their order, as far as they are still there."""
    found = {row.pk: row for row in rows.filter(pk__in=keys).order_by()}
    return [found[key] for key in keys if key in found]


def _number(text: str, complaints: list[str]) -> int:
    if not text:
        return 1
    if text.isascii() and text.isdigit() and int(text[:6]) > 0:
        return int(text[:6])
    complaints.append(_("Page “%(value)s” is no page number; this is the first.") % {"value": text[:40]})
    return 1


def _past_the_end(number: int, last: int) -> list[str]:
    if number <= last:
        return []
    return [_("Page %(page)d is past the end; this is the last.") % {"page": number}]


def _order(column: Column[Any], descending: bool) -> list[OrderBy]:
    """Return how the database is to sort.  Only what may be null says so: else an index could not serve."""
    ordered = []
    for part in column.order:
        expression, nulls = (F(part), None) if isinstance(part, str) else (part, True)
        ordered.append(OrderBy(expression, descending=descending, nulls_last=nulls))
    return ordered


def _total(low: int, shown: int, total: int) -> str:
    if not total:
        return ""
    if total > MOST:
        return _("%(low)s–%(high)s of more than %(most)s") % {
            "low": f"{low + 1:,}",
            "high": f"{low + shown:,}",
            "most": f"{MOST:,}",
        }
    return _("%(low)s–%(high)s of %(total)s") % {
        "low": f"{low + 1:,}",
        "high": f"{low + shown:,}",
        "total": f"{total:,}",
    }
