"""OLE compound files: Outlook messages are read, old Office formats refused with a way out."""

import io
import struct
from datetime import UTC, datetime, timedelta
from typing import Final

import olefile

from rag.errors import DocumentError
from rag.reading.encoding import decode
from rag.reading.file import Extract, File, Loader, Page
from rag.reading.markup import Markup
from rag.reading.message import write_head, write_html_body
from rag.reading.packed_richtext import unpack
from rag.reading.richtext import write_rich_text

_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD: Final = {  # stream: what the file is, what to save it as
    "WordDocument": ("an old Word document (.doc)", ".docx"),
    "Workbook": ("an old Excel workbook (.xls)", ".xlsx"),
    "Book": ("an old Excel workbook (.xls)", ".xlsx"),
    "PowerPoint Document": ("an old PowerPoint presentation (.ppt)", ".pptx"),
}
_PROPERTIES: Final = "__properties_version1.0"

# Identifiers of properties (MS-OXPROPS).
_SUBJECT, _BODY, _RTF, _HTML = 0x0037, 0x1000, 0x1009, 0x1013
_SENDER, _SENDER_ADDRESS, _TO, _CC, _SENT = 0x0C1A, 0x5D01, 0x0E04, 0x0E03, 0x0039
_FILE_NAME, _SHORT_NAME, _SHOWN_NAME, _CONTENT_ID = 0x3707, 0x3704, 0x3001, 0x3712
_EMBEDDED, _CODE_PAGE, _INTERNET_CODE_PAGE = 0x3701, 0x3FFD, 0x3FDE


def recognises(file: File) -> bool:
    """Whether it begins with the mark of compound files."""
    return file.data.startswith(_MAGIC)


def read(file: File) -> Extract:
    """Read an Outlook message; forwarded messages in it as well."""
    if not recognises(file):
        raise file.malformed("it does not begin like an Outlook message")
    try:
        # From memory as a stream: short bytes would be taken for the name of a file.
        with olefile.OleFileIO(io.BytesIO(file.data)) as compound:
            if not compound.exists(_PROPERTIES):
                raise _refusal(file, compound)
            reader, out = _Reader(file, compound), Markup()
            reader.message((), out)
            subject = reader.text((), _SUBJECT)
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise file.malformed(f"its structure is damaged ({error})") from error
    return Extract((Page(out.text()),), subject, file.attachments(reader.attachments))


def _refusal(file: File, compound: olefile.OleFileIO) -> DocumentError:
    if compound.exists("EncryptedPackage"):
        return file.error(
            "encrypted", "it is protected by a password", "save a copy without the password"
        )
    for stream, (kind, suffix) in _OLD.items():
        if compound.exists(stream):
            return file.error(
                "unsupported", f"it is {kind}", f"open it and save it as {suffix}, or as PDF"
            )
    return file.error("unsupported", "it is in an old binary format", "save it as PDF or .docx")


class _Reader:
    """The messages in a compound file; a path leads to the storage of each."""

    def __init__(self, file: File, compound: olefile.OleFileIO) -> None:
        self.attachments: list[str] = []
        self._file = file
        self._compound = compound

    def message(self, path: tuple[str, ...], out: Markup) -> None:
        """Write one message with its head."""
        sender, address = self.text(path, _SENDER), self.text(path, _SENDER_ADDRESS)
        lines = [
            ("From", f"{sender} <{address}>" if address and address != sender else sender),
            ("To", self.text(path, _TO)),
            ("Cc", self.text(path, _CC)),
            ("Date", self._sent(path)),
        ]
        write_head(self.text(path, _SUBJECT), lines, out)
        self._body(path, out)
        for name in self._storages(path, "__attach_version1.0_"):
            self._attachment((*path, name), out)

    def text(self, path: tuple[str, ...], identifier: int) -> str:
        """A property as text, empty when it is not there."""
        unicode = self._stream(path, identifier, 0x001F)
        if unicode:
            return unicode.decode("utf-16-le").rstrip("\0")
        data = self._stream(path, identifier, 0x001E).rstrip(b"\0")
        return decode(self._file, data, _encoding(self._number(path, _CODE_PAGE))) if data else ""

    def _body(self, path: tuple[str, ...], out: Markup) -> None:
        """Write the text from the form that keeps most of it: HTML, plain, or packed RTF."""
        data = self._stream(path, _HTML, 0x0102).rstrip(b"\0")
        if data:
            encoding = _encoding(self._number(path, _INTERNET_CODE_PAGE))
            source = decode(self._file, data, encoding)
        else:
            source = self.text(path, _HTML)
        if source and write_html_body(source, out):
            return
        plain = self.text(path, _BODY)
        packed = self._stream(path, _RTF, 0x0102)
        if plain.strip() or not packed:
            out.verbatim(plain.replace("\r\n", "\n"))
        else:
            write_rich_text(unpack(packed), out)

    def _attachment(self, path: tuple[str, ...], out: Markup) -> None:
        storage = f"__substg1.0_{_EMBEDDED:04X}000D"
        if self._compound.exists("/".join((*path, storage))):
            if self._compound.exists("/".join((*path, storage, _PROPERTIES))):
                self.message((*path, storage), out)
                return
        elif self._stream(path, _CONTENT_ID, 0x001F) or self._stream(path, _CONTENT_ID, 0x001E):
            return  # a picture shown inside the text
        names = (self.text(path, each) for each in (_FILE_NAME, _SHORT_NAME, _SHOWN_NAME))
        self.attachments.append(next((name for name in names if name), ""))

    def _storages(self, path: tuple[str, ...], prefix: str) -> list[str]:
        depth = len(path)
        names = {
            entry[depth]
            for entry in self._compound.listdir(streams=True, storages=True)
            if len(entry) > depth and tuple(entry[:depth]) == path
        }
        return sorted(name for name in names if name.startswith(prefix))

    def _stream(self, path: tuple[str, ...], identifier: int, kind: int) -> bytes:
        name = "/".join((*path, f"__substg1.0_{identifier:04X}{kind:04X}"))
        if not self._compound.exists(name):
            return b""
        data: bytes = self._compound.openstream(name).read()
        return data

    def _property(self, path: tuple[str, ...], identifier: int) -> bytes:
        """The eight bytes of a property of fixed size, empty when it is not there."""
        name = "/".join((*path, _PROPERTIES))
        data = self._compound.openstream(name).read() if self._compound.exists(name) else b""
        for start in range(24 if path else 32, len(data) - 15, 16):
            if struct.unpack_from("<H", data, start + 2)[0] == identifier:
                return bytes(data[start + 8 : start + 16])
        return b""

    def _number(self, path: tuple[str, ...], identifier: int) -> int:
        data = self._property(path, identifier) or self._property((), identifier)
        return int.from_bytes(data[:4], "little")

    def _sent(self, path: tuple[str, ...]) -> str:
        """When it was sent; stored in units of 100 ns since 1601."""
        ticks = int.from_bytes(self._property(path, _SENT), "little")
        if not 0 < ticks < 3 * 10**18:
            return ""
        moment = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)
        return moment.strftime("%Y-%m-%d %H:%M UTC")


def _encoding(code_page: int) -> str:
    """Name of a code page of Windows, empty where none is given."""
    if code_page == 65001:
        return "utf-8"
    if 28591 <= code_page <= 28605:
        return f"iso8859-{code_page - 28590}"
    return f"cp{code_page}" if code_page else ""


LOADER = Loader("Outlook messages", (".msg",), recognises, read, apart=True)
