"""The words of protocols, and of how they come to devices.  `dashboards.words.glossary` has all chapters."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from dashboards.words.entries import Chapter, Word

PROTOCOLS: Final = Chapter(
    _("Protocols"),
    {
        "version": Word(
            _("Version"),
            _(
                "A protocol as it was at one time. From the moment it is submitted nobody can change it; whatever "
                "is changed makes the next version."
            ),
        ),
        "draft": Word(
            _("Draft"),
            _("A version that is still being written. It may have gaps, and is offered to no device."),
        ),
        "four-eyes": Word(
            _("Four eyes"),
            _(
                "Nobody approves what they wrote any part of. A second clinician looks at it, and answers for it."
            ),
        ),
        "approved-version": Word(
            _("Approved"),
            _(
                "A second clinician approved this version, so rollouts may bring it to devices. It does not say "
                "that any device has it."
            ),
        ),
        "withdrawn-version": Word(
            _("Withdrawn"),
            _(
                "Approved once, and no longer to be used: no device is offered it any more. Devices that have it "
                "keep it until another one reaches them, or until they are locked."
            ),
        ),
        "hash": Word(
            _("Hash (SHA-256)"),
            _(
                "64 signs worked out from every value of a version. A device that reads back the same hash has "
                "exactly this version, and no other."
            ),
        ),
        "step": Word(
            _("Step"),
            _(
                "A part of a protocol with values of its own, such as warm-up, work or cool-down; a number of cycles."
            ),
        ),
        "to-tolerance": Word(
            _("To tolerance"),
            _(
                "No target: the current is raised at the device as far as the person can bear, up to the maximum."
            ),
        ),
        "phase-charge": Word(
            _("Charge per phase"),
            _("Current × width of one phase, in µC: 60 mA for 250 µs are 15 µC."),
        ),
        "to-confirm": Word(
            _("To be confirmed"),
            _(
                "The library has this value from memory, not from a source that was read. Whoever approves it "
                "writes down what they checked it against."
            ),
        ),
    },
)

ROLLOUTS: Final = Chapter(
    _("Rollouts"),
    {
        "rollout": Word(
            _("Rollout"),
            _(
                "An approved version of a protocol, brought to many devices, a few first. It offers the version; "
                "each device takes it over by itself, and never inside a session."
            ),
        ),
        "wave": Word(
            _("Wave"),
            _(
                "A part of a rollout's devices. The next one begins only after this one was good, or after somebody "
                "went on in spite of it."
            ),
        ),
        "offer": Word(
            _("Offer"),
            _(
                "The version, sent to one device. What it does with it is known only by what it says afterwards."
            ),
        ),
        "held-offer": Word(
            _("Held"),
            _(
                "The device has the offer and keeps it: it is in a session, charges, or somebody at it has to agree. "
                "Its time stands still meanwhile. After an hour the offer is over, and may be made again."
            ),
        ),
        "verified": Word(
            _("Verified"),
            _(
                "The device's own live status shows the hash of the version. Its answer “done” alone is its word, "
                "and is shown as “says done”."
            ),
        ),
        "evaluated": Word(
            _("Evaluated"),
            _(
                "Devices of a wave of which it is known how it went: verified, had it already, failed, refused, timed "
                "out. Shares are of these alone; who is out of reach, or left out, is in none."
            ),
        ),
        "unreachable-target": Word(
            _("Out of reach"),
            _(
                "Offline, never heard, or two under one serial number. It is offered nothing, and no wave waits "
                "for it; it gets its offer when it returns."
            ),
        ),
        "soak": Word(
            _("Watching"),
            _(
                "The time after a good wave in which it can still turn out otherwise, before the next one begins."
            ),
        ),
        "risk-class": Word(
            _("Risk class"),
            _(
                "What a device is used for: bench (on no person), staff, low risk, or none of these. Rollouts reach "
                "devices in this order. It has nothing to do with the class of a medical device."
            ),
        ),
        "roll-back": Word(
            _("Roll back"),
            _(
                "Exactly the devices that were changed are offered what each had before, between sessions. What they "
                "had must be an approved version that was not withdrawn; else they stay as they are."
            ),
        ),
    },
)
