"""What is seen of a mistake, in words made from its numbers."""

from __future__ import annotations

import math

from explorer.evaluation.errors import Estimate
from explorer.gui.reverse.mistakes.look import Look
from explorer.gui.reverse.mistakes.records import NO_CLIPPING, WRONG_ORDER, Measured, Outcome

SURE = 3.0
"""Standard errors from which on two numbers are told apart."""
LIKE = 2.0
"""Standard errors within which a share is said to be chance."""
NOISE = 0.2
"""Below this correlation of neighbouring pixels, and beyond chance, pictures are called noise."""
STAYS = 0.1
"""Pictures that move by less of the distance between real ones are called nearly the same."""


def written(number: Estimate, percent: bool = False) -> str:
    """ "0.62 ± 0.01" or "94 ± 2 %": as many digits as one of the error needs."""
    value, error = (100 * part if percent else part for part in number)
    places = max(0, -math.floor(math.log10(error))) if error > 0 else 2
    if error > 0 and round(error, places) >= 10 ** (1 - places):  # 0.096 is 0.1, not 0.10
        places = max(0, places - 1)
    text = f"{value:,.{places}f} ± {error:,.{places}f}{' %' * percent}"
    return text.replace("-", "−").replace(" ", "\u00a0")  # no line breaks in it


def compared(number: Estimate, other: Estimate) -> int:
    """1 if the number is larger than the other, −1 if it is smaller, 0 if that is not sure.

    Sure is a difference of `SURE` standard errors; since both are of the same noises their
    difference varies less than that.
    """
    difference = number.value - other.value
    if abs(difference) <= SURE * math.hypot(number.error, other.error):
        return 0
    return 1 if difference > 0 else -1


def seen_facts(measured: Measured, outcome: Outcome) -> list[str]:
    """What came out of a broken lane, beside the sound one: sentences made from their numbers."""
    sound = measured.find(outcome.eta)
    assert sound is not None  # every lane is measured beside it
    facts = [_reach(outcome)] if outcome.mistake == NO_CLIPPING else []
    tells = [_noise, _accuracy, _contrast, _grain, _diversity]
    if is_lost(outcome, sound):  # what there is to learn
        tells.insert(1, tells.pop())
    told = [fact for tell in tells if (fact := tell(measured, outcome, sound))]
    facts += told or [_nothing(measured, outcome)]
    if outcome.free and sound.free:
        facts.append(_free(outcome, sound))
    return facts


def is_noise(outcome: Outcome, sound: Outcome) -> bool:
    """Whether the pictures are called noise."""
    here = outcome.look.alike
    return here.value < NOISE and compared(here, sound.look.alike) < 0


def is_lost(outcome: Outcome, sound: Outcome) -> bool:
    """Whether diversity is: pictures are nearer to each other, and by more than their contrast
    falls, for paler pictures of the same shapes are nearer, too."""
    here, there = outcome.look, sound.look
    nearer = compared(here.diversity, there.diversity) < 0
    return nearer and compared(_product(here, there), _product(there, here)) < 0


def _product(one: Look, other: Look) -> Estimate:
    """The diversity of one times the contrast of the other: to compare what may be 0/0."""
    (a, da), (b, db) = one.diversity, other.contrast
    return Estimate(a * b, math.hypot(b * da, a * db))


def _noise(measured: Measured, outcome: Outcome, sound: Outcome) -> str:
    here, there = outcome.look.alike, sound.look.alike
    if is_noise(outcome, sound):
        return (
            f"The result is mostly noise: neighbouring pixels correlate by {written(here)}, the "
            "correct "
            f"sampler's by {written(there)}, white noise's by 0."
        )
    if outcome.mistake == WRONG_ORDER and here.value >= NOISE:
        return (
            f"The result is more than noise: neighbouring pixels correlate by "
            f"{written(here)}, white noise's by 0, the correct sampler's by {written(there)}."
        )
    return ""


def _accuracy(measured: Measured, outcome: Outcome, sound: Outcome) -> str:
    here, there = outcome.look.accuracy, sound.look.accuracy
    way, chance = compared(here, there), 1 / len(measured.classes)
    if not way:
        return ""
    numbers = f"{written(here, True)} instead of {written(there, True)}"
    if way > 0:
        return f"More images are recognised as the requested class: {numbers}."
    if here.value - chance <= LIKE * here.error:
        by = f"chance ({100 * chance:.0f} %), as far as {measured.n:,} images tell"
        return f"No more are recognised as the requested class than by {by}: {numbers}."
    return f"Fewer images are recognised as the requested class: {numbers}."


def _contrast(measured: Measured, outcome: Outcome, sound: Outcome) -> str:
    here, there = outcome.look.contrast, sound.look.contrast
    way = compared(here, there)
    if not way:
        return ""
    return (
        f"The pixels' standard deviation {'rises' if way > 0 else 'falls'} to {written(here)} "
        f"from {written(there)} (real images: {written(measured.real.contrast)})."
    )


def _grain(measured: Measured, outcome: Outcome, sound: Outcome) -> str:
    here, there = outcome.look.alike, sound.look.alike
    way = compared(here, there)
    if not way or _noise(measured, outcome, sound):  # which has said it
        return ""
    grain = (
        "coarser: neighbouring pixels correlate more"
        if way > 0
        else ("finer: neighbouring pixels correlate less")
    )
    return f"The grain is {grain}, {written(here)} instead of {written(there)}."


def _diversity(measured: Measured, outcome: Outcome, sound: Outcome) -> str:
    here, there = outcome.look.diversity, sound.look.diversity
    way = compared(here, there)
    if not way:
        return ""
    accuracy, usual = outcome.look.accuracy, sound.look.accuracy
    reading = compared(accuracy, usual)
    apart = (
        f"images of one class are {written(here, True)} as far apart as real ones, instead of "
        f"{written(there, True)}"
    )
    if way > 0:
        also = " (in pixels: wrongly drawn parts count too)" if reading < 0 else ""
        return f"{apart.capitalize()}{also}."
    if not is_lost(outcome, sound):
        return (
            f"{apart.capitalize()}: their contrast has fallen, too, and no further loss of "
            "diversity is certain."
        )
    if reading:
        return f"Diversity is lost: {apart}."
    same = f"{written(accuracy, True)}, correct sampler {written(usual, True)}"
    return (
        f"Diversity is lost: {apart}. The number recognised as the requested class does not "
        "clearly "
        f"differ ({same})."
    )


def _nothing(measured: Measured, outcome: Outcome) -> str:
    """None of the numbers differs; whether the pictures stay the same is another question."""
    first = (
        f"None of the first four numbers clearly differs: {measured.n:,} images show no change "
        "in them."
    )
    distance = f"{written(outcome.moved, True)} of the distance between two real ones of its class"
    if outcome.moved.value < STAYS:
        return f"{first} The same noise gives nearly the same image, off by {distance}."
    return f"{first} But the same noise gives a different image, off by {distance}."


def _reach(outcome: Outcome) -> str:
    largest = f"{outcome.largest:,.{0 if outcome.largest >= 100 else 2}f}"
    return (
        f"On the path of an image |x̂₀| reaches {written(outcome.reach)} (mean of its largest "
        "values; "
        f"of all {largest}), where clipping would limit it to 1."
    )


def _free(outcome: Outcome, sound: Outcome) -> str:
    """Without a class: the share of the commonest one, and how far all are apart."""
    here, there = outcome.free, sound.free
    assert here and there  # the caller has looked
    most = f"{written(here.share, True)} are recognised as “{here.commonest}”"
    usual = f"the most common with noise is “{there.commonest}”, {written(there.share, True)}"
    apart = (
        f"they are {written(here.diversity, True)} as far apart as real ones of all classes, "
        f"with noise {written(there.diversity, True)}"
    )
    return f"With no class requested, {most} ({usual}); {apart}."
