"""QR codes for pages: what a phone's camera reads, as an image that needs no file and no script."""

import segno

# What the standard asks for around a code; less, and some cameras find nothing.
_QUIET_ZONE = 4


def data_uri(text: str) -> str:
    """Return a QR code as the address of an image: dark on white in every theme, a seventh of it may be damaged."""
    code = segno.make(text, error="m", micro=False, boost_error=False)
    return str(code.svg_data_uri(scale=4, border=_QUIET_ZONE, dark="#000", light="#fff"))
