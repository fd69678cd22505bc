"""For whoever asks over plain HTTP."""

from ssl import PROTOCOL_TLS_CLIENT, SSLContext

NO_TLS = SSLContext(PROTOCOL_TLS_CLIENT)
"""httpx's `verify`: reading the certificates of all authorities takes 30 ms of CPU for each client that is made."""
