"""Makes valid cron expressions of any length that do not fire while the suite runs."""

_REST = " 0 29 2 ? 2096"
SHORTEST_CRON = len("0,1" + _REST)
"""From this length on there is an expression for each."""


def cron_of_length(length: int) -> str:
    """Returns an expression of that many characters: as many minutes of one hour as fit.

    More than 170 characters repeat minutes, which the format does not forbid.
    """
    spare = length - len("0" + _REST)
    # Each minute takes two characters or three, with its comma.
    of_three = 0 if spare % 2 == 0 else 1
    of_two = (spare - 3 * of_three) // 2
    while of_two > 9 and of_three < 50:
        of_two, of_three = of_two - 3, of_three + 2
    minutes = [f"{1 + index % 9}" for index in range(of_two)]
    minutes += [f"{10 + index % 50}" for index in range(of_three)]
    return ",".join(["0", *minutes]) + _REST
