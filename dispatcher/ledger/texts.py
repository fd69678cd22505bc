"""Text on its way into PostgreSQL: what it cannot store is taken out, what COPY reads as its own is escaped."""


def storable(text: str) -> str:
    """Without NUL characters and halves of surrogate pairs, which JSON may bring and PostgreSQL refuses."""
    if text.isascii():
        return text.replace("\0", "") if "\0" in text else text
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


LONGEST_REFERENCE = 300  # honest ids have 20 to 40 characters; an entry of PostgreSQL's index holds some 2,700 bytes


def reference(text: str) -> str:
    """A provider's name for a message, cut off where the index would refuse it."""
    return storable(text)[:LONGEST_REFERENCE]


_COPY_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def copy_field(text: str) -> str:
    """A value as a field of COPY's text format."""
    return text if text.isalnum() else storable(text).translate(_COPY_ESCAPES)
