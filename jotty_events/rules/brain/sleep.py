"""Sleep and wake: when the brain sleeps, and what becomes of what it experiences meanwhile (RULES R5)."""

ONLINE, OFFLINE, DREAMING = "online", "offline", "dreaming"
MODES = (ONLINE, OFFLINE, DREAMING)


def should_sleep(
    episodes_since_sleep: int, total_consolidations: int, *, interval: int, minimum: int, version: int = 2
) -> bool:
    """Say whether it is time to sleep.

    The minimum holds until the first sleep; in version 1 it holds for every sleep, whatever the interval (M11).
    """
    waits = version < 2 or total_consolidations == 0
    return episodes_since_sleep >= interval and not (waits and episodes_since_sleep < minimum)


def is_kept_for_later(mode: str, version: int = 2) -> bool:
    """Say whether what comes while the brain sleeps is kept until it wakes: in version 1 it is lost (M11)."""
    return mode != ONLINE and version >= 2


def held(before: int, most: int) -> int:
    """Return how many of the last experiences are those of the next sleep, with one more."""
    return min(before + 1, most)


def next_sleep_in(episodes_since_sleep: int, interval: int) -> int:
    """Return how many episodes are left until the interval is over."""
    return max(0, interval - episodes_since_sleep)
