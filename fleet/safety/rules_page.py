"""docs/safety/rules.md as the code says it."""

from collections.abc import Iterable

from fleet.safety import texts
from fleet.safety.rules import DEFAULTS, RULES, Parameter, Rule

_HEAD = """\
# The rules

<!-- written by `manage.py rules --write`; a test holds it current -->

Every rule: why it is there, when it speaks, how urgent, for whom, what to do, and where its numbers come from.
Myofleet is a second pair of eyes. The device limits and stops itself, and its own alarm comes first; nothing here
replaces it.

How they are judged, all of them:

- Every record is judged as it is taken in, in the same transaction, and of telemetry every sample of every channel.
- A rule finds, does not find, or cannot say. Contact `unknown`, impedance that was not measured and silence say
  nothing: they neither raise nor clear.
- More than one source may say the same thing (telemetry, status, event). It is over when none says it any longer.
- Delays run from record to record, by the time each was placed at. What is remembered is written with the records,
  so a crash forgets no delay.
- Late records make alerts marked late, with the time of the event. They page nobody and end nothing.
- While two devices share a serial, what they say raises, and clears nothing.
- A rule that fails is itself an alert, and the others go on.
- What a condition in a status says is told whenever it began, so a lost event loses no alert.

Priorities: **high** somebody must go now; **medium** soon; **low** when there is time. Duties: *care*, the people
with the patients or athletes; *technical*, the people with the machines.

The figures come from standards, from makers' manuals and from practice. Those marked "not checked against its text"
are to be confirmed with the standard itself before anybody relies on them.
"""


def page() -> str:
    """Return the whole page."""
    return _HEAD + "\n" + _contents(RULES.values()) + "".join(_section(rule) for rule in RULES.values())


def _contents(rules: Iterable[Rule]) -> str:
    rows = "".join(
        f"| [{texts.title(rule.id)}](#{rule.id}) | `{rule.id}` | {_priorities(rule)} | {rule.duty.value} |\n"
        for rule in rules
    )
    return f"| Rule | Name | Priority | Duty |\n|---|---|---|---|\n{rows}"


def _priorities(rule: Rule) -> str:
    return ", ".join(one.value for one in rule.priorities)


def _section(rule: Rule) -> str:
    traits = [
        f"per channel: {'yes' if rule.per_channel else 'no'}",
        *(["latched: stays until a person has seen to it"] if rule.latched else []),
        *(["explained by a silent group"] if rule.follows_silence else []),
    ]
    return (
        f'\n## <a id="{rule.id}"></a>{texts.title(rule.id)} (`{rule.id}`)\n\n'
        f"{texts.why(rule.id)}\n\n"
        f"- **When:** {texts.when(rule.id, DEFAULTS[rule.id])}\n"
        f"- **Priority:** {_priorities(rule)} · **duty:** {rule.duty.value} · {' · '.join(traits)}\n"
        f"- **What to do:** {texts.to_do_of(rule.id)}\n"
        f"- **Source:** {rule.source}\n"
        f"{_numbers(rule.parameters)}"
    )


def _numbers(parameters: Iterable[Parameter]) -> str:
    rows = "".join(
        f"| `{one.name}` | {one.default:g} {one.unit} | {one.low:g}–{one.high:g} {one.unit} |\n"
        for one in parameters
    )
    return f"\n| A site may change | Product | Bounds |\n|---|---|---|\n{rows}" if rows else ""
