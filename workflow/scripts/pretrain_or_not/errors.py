"""Errors that a user can correct."""


class BadInput(Exception):
    """A mistake in the user's data or config; the message names the place and says what to do."""
