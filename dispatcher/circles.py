"""Python's look for objects that hold each other in circles, which is the price of many short-lived ones."""

import gc

_NEW_OBJECTS = 10_000
"""Between two looks. At Python's 700 they are a third of what a large body costs the web, a twentieth of a send."""


def look_rarely() -> None:
    """For a process that serves, once everything is loaded: what is there stays, and is not looked at again."""
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
