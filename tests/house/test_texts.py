"""Every text for people passes through gettext, every moment through `moment`, and every page has its foot."""

import re
import shutil
from pathlib import Path

import django
import pytest

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.template import engines  # noqa: E402
from django.utils.translation.template import templatize  # noqa: E402

from tests.house import literals  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "dashboards" / "templates"
TEMPLATES = sorted(path for path in PAGES.rglob("*") if path.suffix in {".html", ".txt"})
SCRIPTS = sorted((ROOT / "dashboards" / "static" / "dashboards" / "js").rglob("*.js"))
# What is described to programmers, in English like the code: the OpenAPI document, metrics, commands.
_FOR_PROGRAMMERS = {
    "schemas.py",
    "examples.py",
    "alert_examples.py",
    "command_examples.py",
    "library_examples.py",
    "protocol_examples.py",
    "rollout_examples.py",
    "rollout_bodies.py",
    "picture.py",
    "description.py",
    "root.py",
    "metrics.py",
    "health.py",
    "consumers.py",
    "dispatcher.py",
    "direct_door.py",
    "chain.py",
    "migrations",
    "management",
}
MODULES = sorted(
    path
    for folder in ("dashboards", "fleet/access", "fleet/control")
    for path in (ROOT / folder).rglob("*.py")
    if _FOR_PROGRAMMERS.isdisjoint(path.relative_to(ROOT).parts)
)
# Said by programs to programs, or kept in the record in one language.
_NOT_FOR_PEOPLE = {'Bearer realm="myofleet"', "Value error, ", "no such address", "(not logged in)"}
FOOT = "The device's own alarm and stop come first"


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _listed(found: list[literals.Naked]) -> str:
    return "\n".join(str(one) for one in found)


@pytest.mark.parametrize("path", TEMPLATES, ids=_id)
def test_every_word_of_a_page_can_be_translated(path: Path) -> None:
    found = list(literals.in_template(path))
    assert not found, _listed(found)


@pytest.mark.parametrize("path", TEMPLATES, ids=_id)
def test_every_moment_of_a_page_is_shown_in_its_sites_zone_with_utc_on_hover(path: Path) -> None:
    found = list(literals.naked_dates(path))
    assert not found, _listed(found)


@pytest.mark.parametrize("path", TEMPLATES, ids=_id)
def test_every_template_can_be_read_by_makemessages_and_by_django(path: Path) -> None:
    templatize(path.read_text(), origin=str(path))
    engines["django"].from_string(path.read_text())


@pytest.mark.parametrize("path", MODULES, ids=_id)
def test_every_sentence_that_a_view_says_can_be_translated(path: Path) -> None:
    found = [one for one in literals.in_python(path) if one.words not in _NOT_FOR_PEOPLE]
    assert not found, _listed(found)


@pytest.mark.parametrize("path", SCRIPTS, ids=_id)
def test_scripts_get_their_words_from_the_server(path: Path) -> None:
    found = list(literals.in_script(path))
    assert not found, _listed(found)


@pytest.mark.parametrize("path", TEMPLATES, ids=_id)
def test_every_page_has_the_foot_that_says_what_comes_first(path: Path) -> None:
    """A page of its own (`<html>`) carries it; one that extends another must leave it in."""
    source = path.read_text()
    if "<html" in source:
        assert FOOT in source
    assert not re.search(r"{%\s*block\s+(foot|footer|bottom)\s*%}\s*{%\s*endblock", source)


def test_only_languages_that_are_translated_are_offered() -> None:
    """Django knows a hundred: a German browser would get German buttons of Django's on English pages."""
    translated = {
        path.parents[1].name for folder in settings.LOCALE_PATHS for path in Path(folder).rglob("*.mo")
    }
    assert {code for code, _ in settings.LANGUAGES} == {"en"} | translated


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="gettext's tools are not on this machine")
def test_makemessages_finds_the_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "dashboards", tmp_path / "dashboards", ignore=shutil.ignore_patterns("vendor"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings, "LOCALE_PATHS", [str(tmp_path / "locale")])
    call_command("makemessages", locale=["de"], verbosity=0)
    catalogue = (tmp_path / "locale" / "de" / "LC_MESSAGES" / "django.po").read_text()
    assert "Your role does not allow this" in catalogue


# --- The finders find ---


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello there</p>",
        "<p>{% translate 'a' %} and</p>",
        '<a title="More">{{ x }}</a>',
        '<input placeholder="Name">',
        '<b>{{ x|default:"nothing" }}</b>',
        '{% include "a.html" with label="Rooms" %}',
        "{% if a %}yes{% endif %}",
    ],
)
def test_a_naked_word_in_a_template_is_found(tmp_path: Path, source: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(source)
    assert list(literals.in_template(path))


@pytest.mark.parametrize(
    "source",
    [
        "<p>{% translate 'Hello there' %} {{ a }} 32 mA</p>",
        "{% blocktranslate %}So many {{ n }}{% endblocktranslate %}",
        '<a title="{% translate "More" %}" class="plain" href="/a/">·</a>',
        "{# a comment #}<script type='application/json'>{}</script><kbd>Enter</kbd>",
        '{{ x|default:"–" }}{% url "dashboards:home" %}',
        '{{ x|default:_("nothing") }}',
    ],
)
def test_a_translated_word_in_a_template_is_not(tmp_path: Path, source: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(source)
    assert not list(literals.in_template(path))


def test_a_sentence_in_code_is_found_and_one_in_gettext_is_not(tmp_path: Path) -> None:
    path = tmp_path / "view.py"
    path.write_text(
        '"""Doc string here."""\nx = f"Look at {y}"\nz = _("Look at it")\nlog.info("Look at this")\n'
    )
    assert [one.line for one in literals.in_python(path)] == [2]


def test_a_sentence_in_a_script_is_found_and_one_for_programmers_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.js"
    path.write_text(
        '// Look at me\nconst a = "Look at it";\nthrow new Error("Look at this");\nconst b = "Escape";\n'
    )
    assert [one.line for one in literals.in_script(path)] == [2]


@pytest.mark.parametrize("path", TEMPLATES, ids=_id)
def test_what_scrolls_is_no_landmark_of_its_own(path: Path) -> None:
    """The section around it is one, by the same name: two of one name help nobody to find either."""
    scrolling = re.findall(r'<div class="scroll[^>]*>', path.read_text())
    assert [one for one in scrolling if 'role="region"' in one] == []
