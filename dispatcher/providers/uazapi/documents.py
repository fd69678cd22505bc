"""A document needs a name; one without is called after its file."""

from typing import Any
from urllib.parse import unquote, urlsplit

DOC_NAME = "documento"


def with_name(content: dict[str, Any]) -> dict[str, Any]:
    if content["type"] == "document" and not content.get("docName"):
        return {**content, "docName": doc_name(content["file"])}
    return content


def doc_name(file: str) -> str:
    """The last part of a URL's path; a file in base64 has no name of its own."""
    if not file.startswith(("http://", "https://")):
        return DOC_NAME
    try:
        path = urlsplit(file).path
    except ValueError:  # half of an IPv6 address; whether the file is there is the provider's to say
        return DOC_NAME
    return unquote(path.rpartition("/")[2]).replace("\0", "") or DOC_NAME
