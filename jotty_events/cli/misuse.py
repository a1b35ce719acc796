"""The error of a command line that is not what the command takes."""

import click


class Misuse(click.UsageError):
    """An argument is malformed; `hint` says what it should be."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint
