"""Whatever happens, in whatever order: a rollout never does what it may never do.

What that is, is held after every step by `story.Story`: nothing is offered to who is not there, revoked, incapable or
in conflict; nothing that was withdrawn; while it is rolled back nothing but what was there before; never beyond the
pace of a minute, nor more than 1 + retries times, whatever did not leave the server; nothing to who is none of its
devices any more; no device is judged while it holds its offer; verified is what the
device runs; and the decisions replayed give the same rows.
"""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fleet.rollouts.evidence import Link
from fleet.rollouts.foresight import what_next
from fleet.rollouts.plan import Advance, Count, Percent, Risk
from fleet.rollouts.scene import Candidate
from fleet.rollouts.states import RolloutState, TargetState
from fleet.rollouts.verbs import Verb
from tests.fleet.rollouts.story import MONDAY_NOON_MS, OLD, Story, named, plan

SERIALS = st.sampled_from(named(7))
WAYS = st.sampled_from(("good", "lies", "swallows", "mute", "refuses", "no_server_time"))


class Rollout(RuleBasedStateMachine):
    @initialize(
        retries=st.integers(0, 2),
        pace=st.sampled_from((1, 3, 40, 6_000)),
        soak_ms=st.sampled_from((0, 10_000)),
        count=st.sampled_from((None, 1, 2)),
        advance=st.sampled_from(Advance),
        starts_later=st.booleans(),
        starts_now=st.sampled_from((True, True, True, False)),
    )
    def begin(self, retries, pace, soak_ms, count, advance, starts_later, starts_now):
        how = plan(
            waves=(Count(2), Percent(60), Percent(100)),
            retries=retries,
            pace_per_minute=pace,
            soak_ms=soak_ms,
            failure_count=count,
            advance=advance,
            start_ms=MONDAY_NOON_MS + 10_000 if starts_later else None,
        )
        self.story = Story.of(6, how)
        self.story.devices["D001"].runs = None
        if starts_now:
            self.story.start()

    @rule(times=st.sampled_from((1, 1, 2, 15)))
    def time_passes(self, times):
        self.story.tick(times)

    @rule(verb=st.sampled_from(Verb), also=st.sampled_from(((), ("failed",), ("failed", "timed_out"))))
    def somebody_asks(self, verb, also):
        self.story.ask(verb, also=also)

    @rule(serial=SERIALS, link=st.sampled_from(Link))
    def link_changes(self, serial, link):
        self._device(serial).link = link

    @rule(serial=SERIALS, way=WAYS)
    def device_turns(self, serial, way):
        self._device(serial).way = way

    @rule(serial=SERIALS, session=st.sampled_from((None, "S1", "S2")))
    def session_begins_or_ends(self, serial, session):
        self._device(serial).session = session

    @rule(serial=SERIALS, held=st.sampled_from((None, "charging", "user")))
    def device_holds(self, serial, held):
        device = self._device(serial)
        device.held = held if device.offer is not None else None

    @rule(serial=SERIALS, conflict=st.booleans())
    def two_speak(self, serial, conflict):
        self._device(serial).conflict = conflict

    @rule(serial=SERIALS, other=st.sampled_from((None, "another")))
    def another_rollout(self, serial, other):
        self._device(serial).other_rollout = other

    @rule(serial=SERIALS, revoked=st.booleans(), incapable=st.sampled_from(((), ("channels",))))
    def device_changes(self, serial, revoked, incapable):
        device = self._device(serial)
        device.revoked, device.incapable = device.revoked or revoked, incapable

    @rule(found=st.none() | st.sets(SERIALS, min_size=1))
    def filter_is_read_anew(self, found):
        names = None if found is None else sorted(found)
        self.story.candidates = None if names is None else [Candidate(one, Risk.REST) for one in names]
        for one in names or ():
            self._device(one)

    @rule(is_down=st.booleans())
    def dispatch_goes_or_comes(self, is_down):
        self.story.dispatch_is_down = is_down

    @rule(hashes=st.sampled_from((OLD, "b" * 64, None)))
    def version_is_withdrawn(self, hashes):
        words = {OLD: "before_withdrawn", "b" * 64: "version_withdrawn"}
        self.story.barred = {} if hashes is None else {hashes: words[hashes]}

    @rule(step_ms=st.sampled_from((-30_000, 30_000, 3_700_000)))
    def clock_jumps(self, step_ms):
        self.story.now_ms += step_ms

    @invariant()
    def nothing_applied_in_a_session_passes_for_good(self):
        for one in self._story_targets():
            if one.state is TargetState.VERIFIED and one.session:
                assert not self.story.devices[one.serial].applied_in_session

    @invariant()
    def before_the_start_nothing_is_out(self):
        if hasattr(self, "story") and self.story.state.state in (
            RolloutState.APPROVED,
            RolloutState.SCHEDULED,
        ):
            assert not self.story.open()

    @invariant()
    def what_is_over_has_nothing_out(self):
        over = (RolloutState.COMPLETED, RolloutState.ROLLED_BACK)
        if hasattr(self, "story") and self.story.state.state in over:
            assert not self.story.open()

    @invariant()
    def it_can_always_say_what_comes_next(self):
        if hasattr(self, "story"):
            assert what_next(self.story.state, self.story.now_ms).what

    def teardown(self):
        if hasattr(self, "story"):
            self.story.holds_replay()

    def _story_targets(self):
        return list(self.story.state.targets.values()) if hasattr(self, "story") else []

    def _device(self, serial):
        if serial not in self.story.devices:
            self.story.devices[serial] = type(self.story.devices["D001"])(serial)
        return self.story.devices[serial]


TestAnyOrder = Rollout.TestCase
TestAnyOrder.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
