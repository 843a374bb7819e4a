"""E-mails (EML) and web archives (MHTML): messages in MIME form."""

import email.errors
import email.header
import email.policy
import re
from email.message import Message
from typing import Final

from rag.reading.encoding import decode
from rag.reading.file import Extract, File, Loader, Page
from rag.reading.markup import Markup, one_line
from rag.reading.message import write_head, write_html_body

_HEAD: Final = ("From", "To", "Cc", "Date")
_ENCRYPTED: Final = {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}


def recognises(file: File) -> bool:
    """Whether it begins as word processors and browsers begin their web archives."""
    return re.match(rb"\s*(MIME-Version: |From: <Saved by )", file.data[:200], re.I) is not None


def read(file: File) -> Extract:
    """Read subject, sender, receivers, date and text, forwarded messages as well."""
    message = email.message_from_bytes(file.data, policy=email.policy.compat32)
    reader, out = _Reader(file), Markup()
    reader.message(message, out)
    if reader.is_encrypted and not reader.has_text:
        raise file.error("encrypted", "its text is encrypted", "save a decrypted copy")
    return Extract(
        (Page(out.text()),),
        reader.header(message, "Subject"),
        file.attachments(reader.attachments),
    )


class _Reader:
    def __init__(self, file: File) -> None:
        self.attachments: list[str] = []
        self.is_encrypted = False
        self.has_text = False
        self._file = file

    def message(self, message: Message, out: Markup) -> None:
        """Write a message with its head."""
        lines = [(name, self.header(message, name)) for name in _HEAD]
        write_head(self.header(message, "Subject"), lines, out)
        self._part(message, out)

    def header(self, message: Message, name: str) -> str:
        """A line of the head as text, from any of the ways to encode it, right or wrong."""
        raw = next((text for key, text in message.raw_items() if key.lower() == name.lower()), "")
        return self._words(raw) if raw else ""

    def _words(self, raw: str) -> str:
        text = decode(self._file, raw.encode("utf-8", "surrogateescape"))
        try:
            words = email.header.decode_header(text)
        except email.errors.HeaderParseError:
            return one_line(text)
        parts = (
            word if isinstance(word, str) else decode(self._file, word, charset or "")
            for word, charset in words
        )
        return one_line("".join(parts))

    def _part(self, part: Message, out: Markup) -> None:
        kind = part.get_content_type()
        if kind in _ENCRYPTED:
            self.is_encrypted = True
        elif kind == "multipart/alternative":
            self._alternative(part, out)
        elif kind == "message/rfc822" and part.is_multipart():
            for inner in _children(part):
                self.message(inner, out)
        elif part.is_multipart():
            for inner in _children(part):
                self._part(inner, out)
        elif _is_attached(part):
            self.attachments.append(self._words(part.get_filename() or kind))
        elif kind in ("text/plain", "text/html"):
            self._text(part, kind, out)

    def _alternative(self, part: Message, out: Markup) -> None:
        """Write the richest variant that can be read: the last one that holds text."""
        for inner in reversed(_children(part)):
            before = len(out.text())
            self._part(inner, out)
            if len(out.text()) > before:
                return

    def _text(self, part: Message, kind: str, out: Markup) -> None:
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        if not data.strip():
            return
        text = decode(self._file, data, part.get_content_charset() or "")
        self.has_text = True
        if kind == "text/html":
            write_html_body(text, out)
        else:
            is_flowed = str(part.get_param("format")).lower() == "flowed"
            out.verbatim(_unflow(text) if is_flowed else text)


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [inner for inner in payload if isinstance(inner, Message)] if payload else []


def _is_attached(part: Message) -> bool:
    """Whether a reader would have to open it apart; pictures and signatures in the text are not."""
    if part.get_content_disposition() == "attachment":
        return not part.get_content_type().endswith("signature")
    return bool(part.get_filename()) and part.get_content_maintype() not in ("text", "image")


def _unflow(text: str) -> str:
    """Paragraphs whose lines a mail program broke with a space at their end (RFC 3676)."""
    return re.sub(r"(?<!^--) \r?\n(?=[^>\s])", " ", text, flags=re.M)


LOADER = Loader("e-mails", (".eml", ".mht", ".mhtml"), recognises, read, apart=True)
