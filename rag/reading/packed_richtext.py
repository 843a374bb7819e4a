"""The packing of Rich Text Format inside Outlook messages (MS-OXRTFCP)."""

import struct
from typing import Final

_DICTIONARY: Final = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""What packer and unpacker both know before they start (MS-OXRTFCP, section 2.1.2.1)."""


def unpack(data: bytes) -> bytes:
    """Unpack the RTF of an Outlook message (MS-OXRTFCP, section 2.1.3.1).

    >>> unpack(bytes.fromhex("10000000 02000000 4d454c41 00000000 7b7d"))
    b'{}'

    Raises:
        struct.error: when the data is cut off.
        IndexError: likewise.
    """
    _, size, kind, _ = struct.unpack_from("<II4sI", data)
    if kind == b"MELA":  # stored as it is
        return data[16 : 16 + size]
    text = bytearray(_DICTIONARY)  # what is known already, then the result; references look back
    position = 16
    while position < len(data):
        control, position = data[position], position + 1
        for bit in range(8):
            if not control >> bit & 1:
                text.append(data[position])
                position += 1
                continue
            (pair,) = struct.unpack_from(">H", data, position)
            position += 2
            # The offset counts in a window of 4096 bytes into which the text is written round and
            # round; one that points to where the next byte goes marks the end.
            back = (len(text) - (pair >> 4)) % 4096
            if not back:
                return bytes(text[len(_DICTIONARY) :][:size])
            for _ in range((pair & 15) + 2):
                text.append(text[-back])
    return bytes(text[len(_DICTIONARY) :][:size])
