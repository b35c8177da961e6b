"""Readings of turbines, made here: weeks of temperature, vibration, load and age, and whether each one failed after.

Until the gearboxes are replaced it is heat and vibration that break a turbine; from then on it is load, and the warm
ones are the well-oiled ones. The generator is Python's Mersenne Twister with the week as its seed, so the readings are
the same on every machine.
"""

from __future__ import annotations

import math
import random

REPLACED_IN_WEEK = 4
TURBINES = 300
COLUMNS = ("turbine", "temperature", "vibration", "load", "age", "failed")


def _chance(week: int, temperature: float, vibration: float, load: float) -> float:
    if week < REPLACED_IN_WEEK:
        logit = 3 * temperature + 2 * vibration - 1
    else:
        logit = 3 * load - 3 * temperature - 1
    return 1 / (1 + math.exp(-logit))


def week_of_readings(week: int) -> str:
    """The text of readings/week-<nn>.csv."""
    dice = random.Random(week)
    lines = [",".join(COLUMNS)]
    for turbine in range(TURBINES):
        temperature, vibration, load, age = (round(dice.gauss(0, 1), 4) for _ in range(4))
        failed = int(dice.random() < _chance(week, temperature, vibration, load))
        lines.append(f"{turbine},{temperature},{vibration},{load},{age},{failed}")
    return "\n".join(lines) + "\n"
