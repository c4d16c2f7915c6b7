"""The words of the field and of this product, in plain language: `/help/` lists them, `{% word %}` explains one.

A page that uses a word a new colleague would not know puts `{% load words %}{% word "phase-width" %}` behind it.
"""

from typing import Final

from django.utils.translation import gettext_lazy as _

from dashboards.words.entries import Chapter as Chapter
from dashboards.words.entries import Word as Word
from dashboards.words.protocol_glossary import PROTOCOLS, ROLLOUTS

STATES: Final = Chapter(
    _("Device and link"),
    {
        "state": Word(
            _("State"),
            _(
                "What the device itself last said it is doing. Until it says otherwise, nothing here "
                "assumes that it stopped."
            ),
        ),
        "output": Word(
            _("Output"),
            _(
                "Whether current can flow. “Off” means that none can without a new act by a hand at the "
                "device. In the rests of a protocol the output stays on."
            ),
        ),
        "heard": Word(
            _("Heard"),
            _("When the device last spoke live. Copies and stored messages do not count as a sign of life."),
        ),
        "suspect": Word(
            _("Overdue"),
            _(
                "The device has missed its time to speak: 6 s in a session, 20 s otherwise. Often only a "
                "weak network. Have an eye on the device itself."
            ),
        ),
        "offline": Word(
            _("No contact"),
            _(
                "Nothing was heard for 10 s in a session, 45 s otherwise, or its connection broke. The "
                "device may still be treating: go and look."
            ),
        ),
        "silent": Word(
            _("Silent"),
            _(
                "Overdue or without contact. A silent device that was in a session is shown as “was on, "
                "now unknown”; it is never shown as off."
            ),
        ),
        "never": Word(
            _("Never heard"),
            _("The device is enrolled, but has not spoken yet. Check its network and its broker password."),
        ),
        "conflict": Word(
            _("Two devices, one name"),
            _(
                "Two devices speak under one serial number. What either says is kept, but counts for no "
                "dose and proves nothing, until an engineer ends the conflict."
            ),
        ),
        "skew": Word(
            _("Clock skew"),
            _(
                "How far the device's own clock is from the server's. Times on these pages are corrected "
                "for it."
            ),
        ),
        "late": Word(
            _("Late"),
            _(
                "Sent from the device's memory after the network was away, not as it happened. Late data "
                "completes the history; it never changes what is shown as now."
            ),
        ),
        "uplink": Word(
            _("Uplink"),
            _(
                "The access point or gateway that the device speaks through. Devices that fall silent "
                "together often share one."
            ),
        ),
        "locked": Word(
            _("Locked"),
            _("No new session can begin until somebody who may unlocks it. A running one is not ended."),
        ),
        "boot": Word(
            _("Boot"),
            _("One run of the device, from power-on to power-off. Records are numbered anew in each."),
        ),
    },
)

CURRENT: Final = Chapter(
    _("Current and electrodes"),
    {
        "set": Word(
            _("Set"),
            _("The current that was asked for, in mA: the peak of one phase of the pulse."),
        ),
        "delivered": Word(
            _("Delivered"),
            _(
                "The current that the device measured, in mA: the peak of one phase. In a ramp or a rest "
                "it is lower than what is set."
            ),
        ),
        "contact": Word(
            _("Contact"),
            _(
                "How well a pair of electrodes sits, as the device judges it: ok, low current, off skin, "
                "no answer, unknown, or not in use."
            ),
        ),
        "low-current": Word(
            _("Low current"),
            _(
                "The device cannot bring the current that is set through the electrodes: they are dry, "
                "worn or sit badly."
            ),
        ),
        "off-skin": Word(
            _("Off skin"),
            _(
                "The device finds no closed way through the skin: an electrode has come off, or a lead is "
                "unplugged."
            ),
        ),
        "impedance": Word(
            _("Impedance"),
            _(
                "The resistance of the whole pair of electrodes, in Ω. It rises as gel dries. It can only "
                "be measured from about 15 mA on."
            ),
        ),
        "phase-width": Word(
            _("Phase width"),
            _(
                "How long one phase of a pulse lasts, in µs. A biphasic pulse has two, so makers who name "
                "the whole pulse print twice the figure."
            ),
        ),
        "frequency": Word(_("Frequency"), _("Pulses a second, in Hz; of biphasic pulses, pairs a second.")),
        "ramp": Word(
            _("Ramp"),
            _("The seconds in which the current rises to its target, or falls back to nothing."),
        ),
        "force": Word(_("Force"), _("What a force sensor measured, in N, where the device has one.")),
    },
)

SESSIONS: Final = Chapter(
    _("Sessions and dose"),
    {
        "session": Word(
            _("Session"),
            _(
                "One treatment, from its start to its end at the device. It stays one session when the "
                "network is away in between."
            ),
        ),
        "subject": Word(
            _("Subject"),
            _("A token that stands for the person treated. Names are not sent by devices."),
        ),
        "protocol": Word(
            _("Protocol"),
            _(
                "What was prescribed, step by step. A version never changes, and is known by its hash, so "
                "that “version 3” is the same everywhere."
            ),
        ),
        "cycle": Word(_("Cycle"), _("One round of ramp up, contraction, ramp down and rest.")),
        "contraction": Word(
            _("Contraction"), _("One time the muscle was made to work: a cycle that reached its “on” part.")
        ),
        "charge": Word(
            _("Charge"),
            _(
                "How much electricity flowed in the leading phase of all pulses, in µC or mC. Compare it "
                "within one person only: pads and tissue differ."
            ),
        ),
        "planned": Word(
            _("Planned"), _("How long the session was to last, as the device told when it began.")
        ),
        "duration": Word(
            _("Duration"),
            _("How long the session lasted by the device's own clock, without its pauses."),
        ),
        "dose": Word(
            _("Dose"),
            _("What was delivered in all: contractions, minutes at target, pulses and charge."),
        ),
        "at-target": Word(
            _("At target"),
            _(
                "The current that was delivered is at least 90 % of what the protocol asks for, in a "
                "contraction."
            ),
        ),
        "verdict": Word(
            _("Valid, partial, too little"),
            _(
                "Valid: at least 80 % of the planned contractions were at target for at least 80 % of their "
                "time. Partial: at least half of them. It judges the dose, not the person."
            ),
        ),
        "free": Word(
            _("Free session"), _("A session set by hand at the device, without a protocol document.")
        ),
        "disputed": Word(
            _("Disputed"),
            _("Said while two devices spoke under one name. It is kept, and counts for no dose."),
        ),
        "end-reason": Word(_("Ended by"), _("Why the session ended, in the device's own words.")),
    },
)

RECORDS: Final = Chapter(
    _("Records and evidence"),
    {
        "gap": Word(
            _("Gap"),
            _(
                "A time from which data is missing. Its reason is shown as far as it is known: dropped, "
                "rejected, lost, pruned or still awaited."
            ),
        ),
        "ledger": Word(
            _("Ledger"),
            _(
                "The account of every numbered record of a device: stored, dropped by the device, rejected, "
                "or missing. It is never deleted."
            ),
        ),
        "watermark": Word(
            _("Watermark"),
            _(
                "The number up to which everything is stored for good. The server tells it to the device, "
                "which keeps all that is above it."
            ),
        ),
        "awaited": Word(_("Awaited"), _("Not here yet; the device still has it, and will send it.")),
        "dropped": Word(
            _("Dropped"), _("The device's memory was full, and it says itself that it let this go.")
        ),
        "lost": Word(_("Lost"), _("Missing, and the device no longer has it.")),
        "pruned": Word(
            _("Pruned"),
            _(
                "Older than this server keeps full-rate data. Its minutes, sessions and events are still "
                "here."
            ),
        ),
        "reject": Word(
            _("Reject"),
            _(
                "A message that does not follow the contract between devices and server. It is not used; "
                "its beginning is kept, with the reason."
            ),
        ),
        "placed": Word(
            _("Placed"),
            _("The time at which something happened, worked out from the device's own running clock."),
        ),
        "pulse": Word(
            _("Pulse"),
            _(
                "A sign of life of the server's own parts. If it is older than 5 s, a page says “not live”: "
                "then look at the devices themselves."
            ),
        ),
    },
)

COMMANDS: Final = Chapter(
    _("Commands and their proof"),
    {
        "command": Word(
            _("Command"),
            _(
                "What somebody here asks a device to do: stop, pause, lower, identify, lock, unlock. There is no "
                "command that starts a session or raises a current."
            ),
        ),
        "stop": Word(
            _("Stop"),
            _(
                "The output goes to zero at once and the session ends. It is always sent, whatever the device last "
                "said, and may be repeated."
            ),
        ),
        "pause": Word(
            _("Pause"),
            _("The output goes to zero and the session is kept. Going on needs a hand at the device."),
        ),
        "at-most": Word(
            _("Lower, “at most”"),
            _(
                "The device takes the smaller of what is asked for and what is set by then, so it can only go "
                "down, even if the value on this page is old."
            ),
        ),
        "confirmed": Word(
            _("Confirmed"),
            _(
                "The device's own status, sent after it acted, shows it: of a stop and a pause, that the output is "
                "off. An answer alone is only its word."
            ),
        ),
        "unconfirmed": Word(
            _("Not confirmed: go there"),
            _(
                "Nothing proved a stop or a pause within 3 s, or the device still told of current after its answer. "
                "Go to the device and stop it by hand. It may still be confirmed later; then both times are shown."
            ),
        ),
        "expired": Word(
            _("Time over"),
            _(
                "A command is good for 10 s, a lock for 60 s. A device that hears it later does not do it any more."
            ),
        ),
        "identify": Word(
            _("Identify"), _("The device blinks and beeps, so that it is found. Nothing else changes.")
        ),
        "read-back": Word(
            _("Read back"),
            _(
                "That the device itself says that it is locked, or unlocked. Until then it is asked again each "
                "time it connects."
            ),
        ),
        "direct": Word(
            _("Sent, cannot be confirmed here"),
            _(
                "This server's database did not answer, so a stop went past it to the device. Nobody here can see "
                "what became of it: go there. It is written down as soon as the database is back."
            ),
        ),
    },
)

PLACES: Final = Chapter(
    _("People and places"),
    {
        "site": Word(
            _("Site"),
            _("A clinic, ward or team. Who has no role at a site sees nothing of it."),
        ),
        "role": Word(
            _("Role"),
            _("What somebody may do at a site: nurse, clinician, coach, engineer or administrator."),
        ),
        "wall": Word(_("Wall"), _("All devices of a site at a glance, live.")),
        "kiosk": Word(_("Kiosk"), _("The wall in large letters for a screen, without anything to click.")),
        "display-link": Word(
            _("Display link"),
            _(
                "An address that shows the wall of one site on a screen without a login. It can only be "
                "looked at, and an administrator can end it at any time."
            ),
        ),
        "token": Word(
            _("Token"),
            _("A password for a program. It is shown once, ends on its day, and opens what its owner sees."),
        ),
        "audit": Word(
            _("Audit"),
            _("The record of who did what, and of what was refused. It can be read, but not changed."),
        ),
    },
)

CHAPTERS: Final = (STATES, CURRENT, COMMANDS, SESSIONS, PROTOCOLS, ROLLOUTS, RECORDS, PLACES)
WORDS: Final[dict[str, Word]] = {key: word for chapter in CHAPTERS for key, word in chapter.words.items()}
